"""The control sheet as settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.build import build
from tests.workbooks.made import FOLDER, read
from xlcollab.api import OpenBook
from xlcollab.api.desk.control_actions import add_control
from xlcollab.api.desk.sheet_actions import fit_ratings
from xlcollab.api.session.controlled import controlled, for_fit, history_cell, history_is_on
from xlcollab.errors import DataError
from xlcollab.files import FileBook
from xlcollab.grid import Workbook
from xlcollab.lessons.control import control_page, factor_settings
from xlcollab.optim import METHODS as KNOWN_METHODS
from xlcollab.optim import SCHEDULES as KNOWN_SCHEDULES
from xlcollab.problems.control import read_control
from xlcollab.ref import parse_area
from xlcollab.settings.asked import Asked
from xlcollab.settings.solving import Computing, Settings
from xlcollab.settings.words import DEVICES


def merged(book: Workbook, given: dict[str, Any]) -> dict[str, object]:
    """What a run is told where this was asked for."""
    return dict(controlled(book, Asked.of(Settings, given)).values)


def typed(folder: Path, rows: list[tuple[Any, Any]], sheet: str = "Control") -> Workbook:
    cells: dict[str, Any] = {"A3": "Setting", "B3": "value"}
    for number, (label, value) in enumerate(rows, 4):
        cells |= {f"A{number}": label, f"B{number}": value}
    return FileBook(build(folder / "book.xlsx", {"data": {"A1": 1}, sheet: cells})).read()


def test_labels_are_read_as_people_type_them(tmp_path: Path) -> None:
    rows = [("Optimizer", "Adam"), ("Learning-Rate", 0.05), ("EPOCHS", 20), ("weight_decay", None)]
    control = read_control(typed(tmp_path, rows))
    assert control is not None
    assert control.values == {"method": "adam", "learning_rate": 0.05, "iterations": 20}
    assert str(control.cells["learning_rate"]) == "Control!B5"


def test_rows_end_at_the_first_blank_label(tmp_path: Path) -> None:
    control = read_control(typed(tmp_path, [("seed", 3), (None, None), ("epochs", 7)]))
    assert control is not None
    assert control.values == {"seed": 3}


COUNTS = {"A1": "user", "B1": "item", "C1": "count"} | {
    f"{column}{row}": value
    for row in range(2, 26)
    for column, value in (("A", f"u{row % 6}"), ("B", f"i{row % 4}"), ("C", float(row % 3)))
}


@pytest.mark.parametrize("said", [True, "yes", "TRUE"])
def test_a_fit_of_the_ribbon_learns_what_is_taken_up_where_the_sheet_says_so(
    said: bool | str, tmp_path: Path
) -> None:
    rows = {"A1": "setting", "A2": "implicit", "B2": said, "A3": "n_factors", "B3": 2.0}
    path = build(tmp_path / "book.xlsx", {"data": COUNTS, "control": rows})
    book = OpenBook(path)
    told = fit_ratings(book, parse_area("data!A1:C25"), Unwatched()).sentence
    assert "counts of 6 users" in told
    assert "RMSE" not in told
    made = book.workbook.sheet("fit model")
    assert {"implicit": "yes", "factors": 2.0}.items() <= {
        made.value(row, 0): made.value(row, 1) for row in range(made.height)
    }.items()
    assert history_is_on(book.workbook)


def test_settings_of_a_fit_are_checked_at_their_cell(tmp_path: Path) -> None:
    for value, told in (("better", "choose one of fast, best"), (1.0, "a word or nothing")):
        with pytest.raises(DataError, match=f"Control!B4.*{told}"):
            for_fit(typed(tmp_path, [("quality", value)]))


def test_the_new_sheet_offers_words_in_drop_downs(tmp_path: Path) -> None:
    book = OpenBook(build(tmp_path / "book.xlsx", {"data": {"A1": 1.0}}))
    add_control(book)
    sheet = load_workbook(book.save(tmp_path / "out.xlsx"))["control"]
    offered = {
        sheet.cell(next(iter(one.sqref.ranges)).min_row, 1).value: one.formula1
        for one in sheet.data_validations.dataValidation
    }
    assert offered["implicit"] == '"TRUE,FALSE"'
    assert offered["quality"] == '"fast,best"'
    assert offered["device"] == '"auto,cpu,cuda"'
    assert {"optimiser", "schedule"} < offered.keys()


class Unwatched:
    """A watch that sees nothing."""

    def step(self, row: object) -> None: ...
    def epoch(self, progress: object) -> bool:
        return False

    def point(self, weights: object) -> None: ...


def test_unknown_labels_are_told_apart(tmp_path: Path) -> None:
    control = read_control(typed(tmp_path, [("learnig rate", 0.1), ("l2", 0.5)]))
    assert control is not None
    assert [(str(cell), label) for cell, label in control.unknown.items()] == [
        ("Control!B4", "learnig rate")
    ]


def test_a_book_without_the_sheet_has_no_control(tmp_path: Path) -> None:
    assert read_control(typed(tmp_path, [("l2", 1)], sheet="elsewhere")) is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("learning rate", "fast")], "Control!B4 holds 'fast' as learning rate; a number"),
        ([("epochs", 2.5)], "Control!B4 holds 2.5 as epochs; a whole number"),
        ([("optimiser", 3.0)], "Control!B4 holds 3.0 as optimiser; a word"),
        ([("l2", 1), ("L2 penalty", 2)], "Control!B5 sets 'L2 penalty' a second time, after"),
    ],
)
def test_what_a_setting_does_not_take_is_refused(
    tmp_path: Path, rows: list[tuple[Any, Any]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_control(typed(tmp_path, rows))


@pytest.mark.parametrize("rows", [[("optimiser", "magic")], [("momentum", 1.5)], [("L2", -1)]])
def test_impossible_values_are_refused_by_cell(tmp_path: Path, rows: list[tuple[str, Any]]) -> None:
    with pytest.raises(DataError, match="Control!B4"):
        merged(typed(tmp_path, rows), {})


def test_what_was_given_wins_and_none_is_not_given(tmp_path: Path) -> None:
    book = typed(tmp_path, [("optimiser", "gd"), ("L2", 0.1), ("epochs", 9)])
    found = merged(book, {"method": "adam", "l2": 0.0, "iterations": None})
    assert found == {"method": "adam", "l2": 0.0, "iterations": 9}


def test_settings_that_the_method_does_not_use_are_left_aside(tmp_path: Path) -> None:
    rows = [("beta1", 0.8), ("momentum", 0.7), ("gamma", 0.9), ("test fraction", 0.3)]
    book = typed(tmp_path, [("optimiser", "momentum"), *rows])
    assert merged(book, {}) == {"method": "momentum", "momentum": 0.7}
    assert merged(book, {"method": "adam", "schedule": "exponential"}) == {
        "method": "adam",
        "schedule": "exponential",
        "beta1": 0.8,
        "gamma": 0.9,
    }


def test_the_lessons_settings_can_be_used() -> None:
    for name in ("collab_filter.xlsx", "gradient_descent_formulas.xlsx"):
        controlled(read(name), Asked.of(Settings, {})).made()
    place = controlled(read("collab_filter.xlsx"), Asked.of(Computing, {}))
    assert place.values == {"device": "auto"}


def test_every_drop_down_offers_what_there_is() -> None:
    rows = {one.label: one.options for one in factor_settings(5, 0.5, 5.0, 0.2, 0.0)}
    assert set(rows["optimiser"]) == set(KNOWN_METHODS) - {"highs"}
    assert set(rows["schedule"]) == set(KNOWN_SCHEDULES)
    assert set(rows["device"]) == set(DEVICES) == {"auto", "cpu", "cuda"}
    page = control_page(factor_settings(5, 0.5, 5.0, 0.2, 0.0))
    assert len(page.choices) == len(factor_settings(5, 0.5, 5.0, 0.2, 0.0))


def test_every_label_of_the_factor_lesson_is_known() -> None:
    control = read_control(FileBook(FOLDER / "collab_filter.xlsx").read())
    assert control is not None
    assert not control.unknown


@pytest.mark.parametrize(
    ("said", "is_on"),
    [("off", False), (" OFF ", False), (False, False), (True, True), ("on", True)],
)
def test_a_row_switches_the_history(tmp_path: Path, said: object, is_on: bool) -> None:
    for label in ("history", "History"):
        book = typed(tmp_path, [("a note", 1), (label, said), ("l2", 0.5)])
        assert history_is_on(book) is is_on
        assert str(history_cell(book)) == "Control!B5"


def test_without_a_row_histories_are_on(tmp_path: Path) -> None:
    for book in (typed(tmp_path, [("a note", False)]), typed(tmp_path, [("l2", 1)], "elsewhere")):
        assert history_cell(book) is None
        assert history_is_on(book)
