"""What a teacher would change still works: rows, cells, columns, sheets, names, a third weight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import xlcollab
from tests.build import Name
from tests.graddesc.transcription import NAMES
from tests.graddesc.typed_tabs import (
    Layout,
    judged_momentum,
    judged_sgd,
    momentum_cells,
    sgd_cells,
    write,
)
from tests.shared_data import lesson
from xlcollab.api.tabs.tab import Tab
from xlcollab.errors import ModelError
from xlcollab.files import FileBook
from xlcollab.problems.tab.pairs import CopyPair
from xlcollab.problems.tab.tab import find_tabs, read_tab

EPOCHS = 7


def opened(path: Path, cells: dict[str, Any], names: tuple[Name, ...] = (), **more: Any) -> Tab:
    sheets = {"lesson": cells, **more}
    return xlcollab.open(write(path / "book.xlsx", sheets, names)).tab("lesson")


@pytest.mark.parametrize(
    "layout",
    [
        Layout(),
        Layout(rows=2),
        Layout(rows=200),
        Layout(start_column=8),
        Layout(top=9, left=3),
        Layout(backwards=True),
        Layout(weights=3),
        Layout(weights=3, backwards=True, rows=31, top=6, left=2),
        Layout(weights=1),
    ],
    ids=str,
)
def test_rows_cells_columns_and_weights(tmp_path: Path, layout: Layout) -> None:
    tab = opened(tmp_path, sgd_cells(layout))
    run = tab.run(EPOCHS)
    assert tab.optimizer == "sgd"
    assert [str(weight.start) for weight in tab.found.weights] == [
        f"lesson!{layout.start(k)}" for k in range(layout.weights)
    ]
    expected = dict(zip("bac", judged_sgd(layout, EPOCHS), strict=False))
    assert run.weights == pytest.approx(expected, rel=1e-12)
    assert not tab.found.oddities


@pytest.mark.parametrize("layout", [Layout(), Layout(rows=40, weights=3, top=7, left=1)], ids=str)
def test_memory_without_names(tmp_path: Path, layout: Layout) -> None:
    tab = opened(tmp_path, momentum_cells(layout))
    assert tab.optimizer == "momentum with dampening"
    assert {pair.origin for pair in tab.found.pairs} == {"structure"}
    found = list(tab.run(EPOCHS).weights.values())
    assert found == pytest.approx(judged_momentum(layout, EPOCHS), rel=1e-12)


def lesson_names(layout: Layout, sheet: str, *, columns: str = "update") -> tuple[Name, ...]:
    last = layout.bottom + 1
    cells = {
        "const": layout.start(0),
        "slope": layout.start(1),
        "lastconst": f"{layout.column(columns, 0)}{last}",
        "lastslope": f"{layout.column(columns, 1)}{last}",
    }
    return tuple((name, f"{sheet}!{cell}", sheet, False) for name, cell in cells.items())


def test_names_are_obeyed_even_where_they_lose_the_last_row(tmp_path: Path) -> None:
    layout = Layout()
    tab = opened(tmp_path, sgd_cells(layout), lesson_names(layout, "lesson", columns="weight"))
    assert {pair.origin for pair in tab.found.pairs} == {"name"}
    assert [odd for odd in tab.found.oddities if "the update of that row is lost" in odd]
    found = list(tab.run(EPOCHS).weights.values())
    assert found == pytest.approx(judged_sgd(layout, EPOCHS, lost=True), rel=1e-12)


@pytest.mark.parametrize(
    "stale",
    ["#REF!", "other!$C$1", "lesson!$A$1", "lesson!$Z$99"],
    ids=["deleted", "on another sheet", "a text", "blank"],
)
def test_stale_names_give_way_to_the_structure(tmp_path: Path, stale: str) -> None:
    layout = Layout(left=1)
    names = list(lesson_names(layout, "lesson"))
    names[2] = ("lastconst", stale, "lesson", False)
    cells = sgd_cells(layout) | {"A1": "a text"}
    tab = opened(tmp_path, cells, tuple(names), other={"A1": 1.0})
    assert [odd for odd in tab.found.oddities if "lastconst" in odd]
    found = list(tab.run(EPOCHS).weights.values())
    assert found == pytest.approx(judged_sgd(layout, EPOCHS), rel=1e-12)


def test_a_name_in_the_middle_of_the_rows_is_obeyed_and_told(tmp_path: Path) -> None:
    """The rows were filled down and the names forgotten: the button would copy the old row."""
    layout, old = Layout(rows=12), Layout(rows=8)
    tab = opened(tmp_path, sgd_cells(layout), lesson_names(old, "lesson"))
    assert [odd for odd in tab.found.oddities if "in the middle of the rows" in odd]
    tab.run(1)
    first = tab.run(1, history=False).weights
    carried = xlcollab.open(tmp_path / "book.xlsx").tab("lesson", copy=_updates(old)).run(2).weights
    assert first == pytest.approx(carried, rel=1e-12)


def _updates(layout: Layout) -> str:
    last = layout.bottom + 1
    pairs = [f"{layout.column('update', k)}{last}->{layout.start(k)}" for k in (0, 1)]
    return ",".join(pairs)


def test_copy_pairs_in_words_replace_the_names(tmp_path: Path) -> None:
    layout = Layout()
    path = write(
        tmp_path / "book.xlsx",
        {"lesson": sgd_cells(layout)},
        lesson_names(layout, "lesson", columns="weight"),
    )
    run = xlcollab.open(path).tab("lesson", copy=_updates(layout)).run(EPOCHS)
    assert list(run.weights.values()) == pytest.approx(judged_sgd(layout, EPOCHS), rel=1e-12)


def test_a_start_typed_in_the_first_row(tmp_path: Path) -> None:
    layout = Layout()
    cells = sgd_cells(layout)
    for k in range(2):
        cells[f"{layout.column('weight', k)}{layout.top + 1}"] = 0.5
    run = opened(tmp_path, cells).run(EPOCHS)
    assert list(run.weights.values()) == pytest.approx(judged_sgd(layout, EPOCHS), rel=1e-12)


def test_blank_rows_at_the_end_are_no_steps(tmp_path: Path) -> None:
    layout, longer = Layout(rows=12), Layout(rows=15)
    cells = sgd_cells(longer)
    for row in range(layout.bottom + 2, longer.bottom + 2):
        cells |= {f"{longer.column('x')}{row}": None, f"{longer.column('y')}{row}": None}
    tab = opened(tmp_path, cells)
    assert len(tab.found.rows) == 12
    x_y = judged_sgd_of(longer, 12)
    assert list(tab.run(EPOCHS).weights.values()) == pytest.approx(x_y, rel=1e-12)


def judged_sgd_of(layout: Layout, rows: int) -> list[float]:
    """The data of `layout`, of which only the first rows are there."""
    from tests.graddesc import typed_tabs

    x, y = typed_tabs.data(layout.rows)
    assert typed_tabs.data(rows) != (x, y)
    weights = [0.5, 0.5]
    for _ in range(EPOCHS):
        for index in range(rows):
            error = 2 * (weights[0] + weights[1] * x[index] - y[index])
            weights = [
                weights[0] - error * layout.rate,
                weights[1] - error * x[index] * layout.rate,
            ]
    return weights


def test_settings_may_have_names(tmp_path: Path) -> None:
    layout = Layout()
    cells = {
        address: value.replace(layout.rate_cell, "pace") if isinstance(value, str) else value
        for address, value in sgd_cells(layout).items()
    }
    rate = ("pace", f"lesson!{layout.rate_cell}", None, False)
    tab = opened(tmp_path, cells, (rate,))
    assert [(one.name, one.value) for one in tab.found.settings] == [("learning rate", 0.01)]
    found = list(tab.run(EPOCHS).weights.values())
    assert found == pytest.approx(judged_sgd(layout, EPOCHS), rel=1e-12)


def test_a_copied_and_renamed_tab(tmp_path: Path) -> None:
    """Excel copies a sheet's own names with it; two tabs then have the same names."""
    layout = Layout()
    names = (*lesson_names(layout, "lesson"), *lesson_names(layout, "copy"))
    path = write(
        tmp_path / "book.xlsx", {"lesson": sgd_cells(layout), "copy": sgd_cells(layout)}, names
    )
    book = xlcollab.open(path)
    runs = [book.tab(sheet).run(EPOCHS).weights for sheet in ("copy", "lesson")]
    assert runs[0] == runs[1]
    assert book.tab("copy").optimizer == "sgd"


def test_every_tab_is_named_right() -> None:
    workbook = xlcollab.open(lesson("graddesc.xlsx")).workbook
    assert {
        sheet: tab.optimizer
        for sheet, tab in find_tabs(workbook)
        if not isinstance(tab, ModelError)
    } == {
        "basic SGD": "sgd",
        "momentum": "momentum with dampening",
        "adagrad": "adagrad per epoch",
        "rmsprop": "rmsprop",
        "adam": "adam without bias correction",
        "eve": "eve",
        "adagrad_ann": "adagrad per epoch, annealed by halving",
        "adam_ann": "adam without bias correction, annealed by quartering",
    }


@pytest.mark.parametrize("title", NAMES)
def test_what_a_tab_is_does_not_depend_on_its_title(title: str) -> None:
    workbook = FileBook(lesson("graddesc.xlsx")).read()
    before = read_tab(workbook, title)
    names = [
        replace(name, sheet="week 3", text=name.text.rpartition("!")[2])
        for name in workbook.names
        if name.sheet == title
    ]
    renamed = replace(workbook.sheet(title), name="week 3")
    after = read_tab(
        replace(workbook, sheets=[workbook.sheet("Intro"), renamed], names=names), "week 3"
    )
    assert (after.kind, after.optimizer, after.model) == (
        before.kind,
        before.optimizer,
        before.model,
    )
    assert [(p.role, p.origin, addresses(p)) for p in after.pairs] == [
        (p.role, p.origin, addresses(p)) for p in before.pairs
    ]


def addresses(pair: CopyPair) -> tuple[int, ...]:
    return pair.source.row, pair.source.column, pair.target.row, pair.target.column


@pytest.mark.parametrize(
    ("title", "pairs"),
    [
        ("basic SGD", "N32->C1 M32->C2"),
        ("momentum", "H32->C1 I32->C2 J32->J33 K32->K33"),
        ("adagrad", "H32->C1 I32->C2 F33->F1 G33->G1"),
        ("rmsprop", "H32->C1 I32->C2 J32->J33 K32->K33"),
        ("adam", "H32->C1 I32->C2 J32->J33 K32->K33 L32->L33 M32->M33"),
    ],
)
def test_without_names_the_pairs_are_what_the_next_row_would_read(title: str, pairs: str) -> None:
    workbook = replace(FileBook(lesson("graddesc.xlsx")).read(), names=[])
    found = read_tab(workbook, title).pairs
    assert {pair.origin for pair in found} == {"structure"}
    assert " ".join(f"{pair.source.area.rect}->{pair.target.area.rect}" for pair in found) == pairs
