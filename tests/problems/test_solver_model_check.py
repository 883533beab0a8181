"""What cannot be optimised is refused with a sentence that names sheet, cell and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.problems.memory import workbook
from xlcollab.errors import DataError, ModelError
from xlcollab.grid import ErrorCode
from xlcollab.problems import SolverModel, check, model_from_texts
from xlcollab.ref import CellRef

CELLS = {"A1": 1.0, "A2": 2.0, "B1": ("SUM(A1:A2)", 3.0)}


def refuse(
    cells: Mapping[str, Any],
    *,
    merged: tuple[str, ...] = (),
    **texts: Any,
) -> None:
    book = workbook({"S": {**CELLS, **cells}, "T": {"A1": 5.0}}, merged={"S": merged})
    model = model_from_texts(
        book, **{"minimize": "B1", "by_changing": "A1:A2", "sheet": "S"} | texts
    )
    check(model, book)


def test_a_sound_model_passes() -> None:
    refuse({}, subject_to=["A1<=5", "A1=integer"])


@pytest.mark.parametrize(
    ("cells", "texts", "error", "message"),
    [
        ({"B1": 3.0}, {}, ModelError, "objective on sheet S is no formula: B1 holds 3.0; name"),
        ({"B1": "loss"}, {}, ModelError, "no formula: B1 holds 'loss'"),
        ({"B1": None}, {}, ModelError, "no formula: B1 is blank"),
        ({}, {"minimize": "Z99"}, ModelError, "no formula: Z99 is blank"),
        ({"A2": ("RAND()", 0.3)}, {}, ModelError, "1 of 2 variable cells .* are formulas: S!A2"),
        ({"A2": "x"}, {}, DataError, "are texts: S!A2"),
        ({"A2": False}, {}, DataError, "are TRUE or FALSE: S!A2"),
        ({"A2": ErrorCode.NA}, {}, DataError, "are error values: S!A2"),
        ({}, {"merged": ("A1:A2",)}, ModelError, "hidden behind a merged cell: S!A2"),
        ({}, {"subject_to": ["A1>=2", "A1<=1"]}, ModelError, "contradict each other"),
    ],
)
def test_refusals(
    cells: dict[str, Any], texts: dict[str, Any], error: type[ModelError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        refuse(cells, **texts)
    assert type(caught.value) is error
    assert caught.value.exit_code == 3


def test_many_cells_are_counted_not_listed() -> None:
    texts = {f"A{row}": "x" for row in range(3, 101)}
    with pytest.raises(DataError, match=r"98 of 100 .*S!A3, S!A4, S!A5, S!A6, S!A7 and 93 more;"):
        refuse(texts, by_changing="A1:A100")


def test_an_objective_that_is_a_variable_needs_constraints() -> None:
    refuse({}, minimize="A2", subject_to=["A1<=A2"])
    with pytest.raises(ModelError, match="objective S!A2 is itself a variable cell"):
        refuse({}, minimize="A2")


def test_blank_variables_are_zeros() -> None:
    refuse({"A2": None})


@pytest.mark.parametrize("cells", [{"B1": ("1/0", ErrorCode.DIV0)}, {"B1": ('""', "")}])
def test_what_is_stored_of_the_objective_is_not_asked(cells: dict[str, Any]) -> None:
    refuse(cells)


def test_a_formula_without_stored_value_is_fine() -> None:
    refuse({"B1": ("SUM(A1:A2)", None)})


def test_the_first_cell_of_a_merged_area_may_vary() -> None:
    refuse({}, by_changing="A1", merged=("A1:C1",))


def test_a_model_needs_variables() -> None:
    book = workbook({"S": CELLS})
    with pytest.raises(ModelError, match="sheet S has no variable cells"):
        check(SolverModel("S", CellRef("S", 0, 1), "minimize", 0.0, ()), book)
