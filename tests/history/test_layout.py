"""The history sheet: headings, numbers, charts and Excel's limits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from xlcollab.grid import NewSheet
from xlcollab.history import (
    ITERATION_COLUMNS,
    ChartSpec,
    Record,
    history_sheet,
    look_of,
    weights_sheet,
)
from xlcollab.history import layout as layout_module
from xlcollab.ref import MAX_COLUMNS, Rect


def record(objective: list[float], m: int = 0) -> Record:
    n = len(objective)
    columns: dict[str, ArrayLike] = dict.fromkeys(ITERATION_COLUMNS, np.zeros(n))
    columns |= {"iteration": np.arange(n), "objective": np.array(objective)}
    columns |= {"learning rate": np.full(n, np.nan)}
    names = [f"V{i}" for i in range(m)]
    return Record.of(columns, variables=names, weights=np.ones((n, m)) * np.arange(m))


def sheet(objective: list[float], m: int = 0) -> NewSheet:
    return history_sheet(record(objective, m), sheet="dotprod")


def test_title_sentence_and_table() -> None:
    found = history_sheet(record([3.0, np.inf, 1.0], 2), sheet="dotprod", sentence="what was done")
    assert found.name == "dotprod history"
    assert found.rows[:3] == [["dotprod: history"], ["Written by xlcollab: what was done"], []]
    assert found.rows[3] == ["iteration", "objective", "V0", "V1"]
    assert found.rows[4:] == [[0, 3, 0, 1], [1, None, 0, 1], [2, 1, 0, 1]]
    assert found.table == Rect(3, 0, 4, 4)
    assert found.freeze == (4, 1)
    assert [found.look(row, 0, "x") for row in range(4)] == ["title", "note", None, "head"]


def test_what_is_empty_or_stays_the_same_is_left_out() -> None:
    n = 5
    columns: dict[str, ArrayLike] = {
        "iteration": np.arange(n),
        "objective": np.arange(n) ** 2,
        "penalty": np.zeros(n),
        "learning rate": np.full(n, 0.1),
        "gradient norm": np.arange(n),
        "seconds": np.full(n, np.nan),
    }
    found = history_sheet(Record.of(columns), sheet="S")
    assert found.rows[3] == ["iteration", "objective", "gradient norm"]


def test_a_column_that_changes_in_rows_left_out_alone_is_left_out() -> None:
    columns: dict[str, ArrayLike] = {
        "iteration": np.arange(5),
        "objective": np.array([2.0, 1.0, 1.0, 1.0, 1.0]),
        "learning rate": np.array([np.nan, np.nan, 0.1, 0.2, np.nan]),
    }
    found = history_sheet(Record.of(columns), sheet="S")
    assert found.rows[3] == ["iteration", "objective"]
    assert [row[0] for row in found.rows[4:]] == [0, 1, 4]


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_rows_that_change_no_printed_digit_are_left_out(scale: float) -> None:
    """The last row stays."""
    values = scale * np.array([4.0, 2.0, 1.0, 1.0 + 1e-9, 1.0 + 2e-9, 1.0 + 3e-9])
    found = history_sheet(record([*values]), sheet="S")
    assert [row[0] for row in found.rows[4:]] == [0, 1, 2, 5]


def test_the_chart_shows_the_objective_over_iterations() -> None:
    (chart,) = sheet([3.0, 2.0, 1.0]).charts
    (series,) = chart.series
    assert (str(series.x), str(series.y)) == (
        "'dotprod history'!A5:A7",
        "'dotprod history'!B5:B7",
    )
    assert (chart.x_title, chart.y_title, chart.legend) == ("iteration", "objective", False)
    assert chart.x_range == (0.0, 2.0)
    assert chart.y_range == (1.0, 3.0)


@pytest.mark.parametrize(
    ("values", "look"),
    [
        ([0.0, 12.0], "whole"),
        ([0.5, 12.25], "number"),
        ([0.00001], "tiny"),
        ([123456.5], "large"),
        ([0.0, 397.5, 4.6e-07], "wide"),
        ([-1.5, 4.6e-07], "number"),
        ([1.5e12], "tiny"),
        ([np.nan, np.inf], "whole"),
    ],
)
def test_numbers_show_four_to_six_digits(values: list[float], look: str) -> None:
    assert look_of(values) == look


@pytest.mark.parametrize(
    ("objective", "log"),
    [
        ([100.0, 1.0], True),
        ([19.0, 1.0], False),
        ([100.0, 0.0], False),
        ([100.0, -1.0], False),
        ([np.inf, 100.0, np.nan, 1.0], True),
        ([np.nan, np.nan], False),
    ],
)
def test_the_scale_is_logarithmic_where_it_helps(objective: list[float], log: bool) -> None:
    assert sheet(objective).charts[0].log_y is log


@pytest.mark.parametrize("m", [0, 4, 5, 150])
def test_the_chart_is_in_sight_and_hides_no_number(m: int) -> None:
    found = sheet([3.0, 2.0], m)
    row, column = found.charts[0].at
    assert row >= 3
    assert found.table is not None
    assert found.table.right < column <= 8


def test_charts_stand_one_below_the_other() -> None:
    epochs = Record.of({"epoch": np.arange(4), "train": np.ones(4), "valid": np.ones(4)})
    specs = [ChartSpec(title, "epoch", ("train", "valid"), "RMSE") for title in ("a", "b")]
    first, second = history_sheet(epochs, sheet="big", charts=specs).charts
    assert second.at[0] >= first.at[0] + first.height / 20
    assert first.legend
    assert [series.name for series in first.series] == ["train", "valid"]


def test_an_unknown_column_is_an_error() -> None:
    spec = ChartSpec("a", "epoch", ("loss",), "loss")
    with pytest.raises(ValueError, match="not in"):
        history_sheet(record([1.0, 2.0]), sheet="S", charts=[spec])


@pytest.mark.parametrize("objective", [[], [1.0]])
def test_few_rows_need_no_chart(objective: list[float]) -> None:
    found = sheet(objective)
    assert found.charts == ()
    assert (found.table is None) == (not objective)


def test_many_weights_have_a_sheet_of_their_own() -> None:
    names = [f"film {i}" for i in range(5)]
    found = weights_sheet(record([2.0, 1.0], 5), sheet="S", names=names, sentence="x")
    assert found is not None
    assert found.name == "S weights"
    assert found.rows[2:] == [
        ["cell", "V0", "V1", "V2", "V3", "V4"],
        ["iteration", *names],
        [0, 0, 1, 2, 3, 4],
        [1, 0, 1, 2, 3, 4],
    ]
    assert weights_sheet(record([2.0, 1.0], 4), sheet="S") is None


def test_equal_names_get_their_cells() -> None:
    found = weights_sheet(record([2.0, 1.0], 5), sheet="S", names=["a", "A", "b", "", "c"])
    assert found is not None
    assert found.rows[3] == ["iteration", "a (V0)", "A (V1)", "b", "V3", "c"]


@pytest.mark.parametrize("n", [1, 199, 200, 201, 1000, 12345])
def test_weights_are_thinned_and_the_ends_stay(n: int) -> None:
    found = weights_sheet(record([*np.arange(n, 0, -1.0)], 5), sheet="S")
    assert found is not None
    numbers = [row[0] for row in found.rows[4:]]
    assert len(numbers) <= 201
    assert (numbers[0], numbers[-1]) == (0, n - 1)


def test_weights_beyond_the_last_column_are_left_out_with_a_note() -> None:
    found = weights_sheet(record([2.0, 1.0], MAX_COLUMNS), sheet="S")
    assert found is not None
    assert len(found.rows[3]) == MAX_COLUMNS
    assert found.rows[-1] == ["The first 16,383 of 16,384: Excel has no more columns."]


def test_rows_beyond_the_last_one_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "MAX_ROWS", 50)
    for n in range(40, 200):
        found = sheet([*np.arange(n, 0, -1.0)])
        assert len(found.rows) <= 50
        assert found.table is not None
        assert found.rows[found.table.bottom - 1][0] == n - 1
    assert found.rows[-1] == ["Only every 5th of 199 rows is shown: Excel has no more."]


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("dotprod", [], "dotprod history"),
        ("dotprod", ["Dotprod History"], "dotprod history 2"),
        ("dotprod", ["dotprod history", "dotprod history 2"], "dotprod history 3"),
        ("a sheet name of thirty-one chars", [], "a sheet name of thirty- history"),
        ("twenty-two characters and more", [], "twenty-two characters a history"),
        ("\N{GRINNING FACE}" * 15, [], "\N{GRINNING FACE}" * 11 + " history"),
    ],
)
def test_names_fit_excel(name: str, taken: list[str], expected: str) -> None:
    found = history_sheet(record([1.0]), sheet=name, existing_names=taken)
    assert found.name == expected
    assert len(found.name.encode("utf-16-le")) <= 62


def test_chart_areas_follow_the_sheets_final_name() -> None:
    found = history_sheet(record([2.0, 1.0]), sheet="x", existing_names=["x history"])
    assert {series.y.sheet for series in found.charts[0].series} == {"x history 2"}
