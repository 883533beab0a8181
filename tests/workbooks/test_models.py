"""What solving the models of collab_filter.xlsx must show."""

from __future__ import annotations

from functools import cache

import pytest

import xlcollab
from tests.workbooks.made import FOLDER, MODELS, number, read

BEFORE = read("collab_filter.xlsx")


@cache
def solved(sheet: str, l2: float | None, iterations: int) -> dict[str, float]:
    """The named measures of a sheet after Adam; l2 None is what the control sheet says."""
    book = xlcollab.open(FOLDER / "collab_filter.xlsx")
    given = {"method": "adam", "iterations": iterations, "l2": l2, "history_every": 0}
    book.solve(sheet, history=False, **given)
    names = ["rmse_train", "rmse_test", *(["padding"] if sheet == "sigmoid" else [])]
    return {name: number(book.workbook, sheet, name) for name in names}


@pytest.mark.parametrize("sheet", MODELS)
def test_solving_improves_the_train_error(sheet: str) -> None:
    before = number(BEFORE, sheet, "rmse_train")
    assert solved(sheet, None, 40)["rmse_train"] < 0.95 * before


def test_the_padding_is_learned() -> None:
    assert abs(solved("sigmoid", None, 40)["padding"] - number(BEFORE, "sigmoid", "padding")) > 0.5


def test_fixing_the_padding_costs() -> None:
    book = xlcollab.open(FOLDER / "collab_filter.xlsx")
    model = book.models("sigmoid")[0]
    fixed = model.__class__(
        sheet=model.sheet,
        objective=model.objective,
        sense=model.sense,
        target=model.target,
        variables=model.variables[:-1],
    )
    settings = {"method": "adam", "iterations": 40, "l2": 0.03, "history_every": 0}
    book.solve(fixed, history=False, **settings)
    learned = solved("sigmoid", 0.03, 40)["rmse_train"]
    assert learned < number(book.workbook, "sigmoid", "rmse_train")


@pytest.mark.parametrize("sheet", ["dotprod", "word_embeddings"])
def test_l2_improves_the_test_error(sheet: str) -> None:
    with_l2, without = solved(sheet, None, 200), solved(sheet, 0.0, 200)
    assert with_l2["rmse_test"] < without["rmse_test"]
    assert with_l2["rmse_train"] > without["rmse_train"]


@pytest.mark.slow
@pytest.mark.parametrize("sheet", MODELS)
def test_l2_improves_the_test_error_of_every_model(sheet: str) -> None:
    assert solved(sheet, None, 300)["rmse_test"] < solved(sheet, 0.0, 300)["rmse_test"]
