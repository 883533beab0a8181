"""The history sheet: headings, numbers, charts and Excel's limits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from xlcollab.grid import NewSheet
from xlcollab.history import ITERATION_COLUMNS, ChartSpec, Record, history_sheet
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


def test_the_table_stands_at_a1() -> None:
    found = sheet([3.0, np.inf, 1.0], m=2)
    assert found.name == "dotprod history"
    assert found.rows[0] == [
        "iteration", "objective", "penalty", "constraint violation", "learning rate",
        "gradient norm", "seconds", "V0", "V1",
    ]  # fmt: skip
    assert found.rows[1] == [0, 3, 0, 0, None, 0, 0, 0, 1]
    assert found.rows[2][1] is None
    assert found.table == Rect(0, 0, 4, 9)
    assert len(found.rows) == 4
    assert found.freeze == (1, 1)


def test_the_chart_shows_the_objective_over_iterations() -> None:
    (chart,) = sheet([3.0, 2.0, 1.0]).charts
    (series,) = chart.series
    assert (str(series.x), str(series.y)) == (
        "'dotprod history'!A2:A4",
        "'dotprod history'!B2:B4",
    )
    assert (chart.x_title, chart.y_title, chart.legend) == ("iteration", "objective", False)


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
    assert row >= 1
    if column < 7 + m:
        pixels = 7 * found.widths[column]
        assert found.charts[0].width <= pixels - 7 * 12
        assert column == 6
    else:
        assert column <= 12


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


def test_weights_beyond_the_last_column_are_left_out_with_a_note() -> None:
    found = sheet([2.0, 1.0], m=MAX_COLUMNS - 6)
    assert len(found.rows[0]) == MAX_COLUMNS
    assert found.rows[3:] == [
        [],
        ["The weights of the first 16,377 of 16,378 variables are shown: Excel has no more"
         " columns."],
    ]  # fmt: skip
    assert len(sheet([2.0, 1.0], m=MAX_COLUMNS - 7).rows) == 3


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
