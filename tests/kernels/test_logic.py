"""Conditions and choices, exactly and inside an optimiser."""

from __future__ import annotations

import pytest
import torch

from tests.kernels.engine import spilled, value
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.values.block import Block, Context

CELLS: dict[str, Scalar] = {
    "A1": 1.0,
    "A2": 0.0,
    "A3": None,
    "A4": "text",
    "A5": True,
    "A6": ErrorCode.NA,
    "B1": "=1/0",
}
VALUE, NA, DIV0 = ErrorCode.VALUE, ErrorCode.NA, ErrorCode.DIV0


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=IF(A1,B1,2)", DIV0),
        ("=IF(A2,B1,2)", 2.0),
        ("=IF(A3,1,2)", 2.0),
        ("=IF(A4,1,2)", VALUE),
        ("=IF(A6,1,2)", NA),
        ("=IF(A1>0,,5)", 0.0),
        ("=IF(A1>5,1)", False),
        ("=IF(A1>0,A3,1)", 0.0),
        ("=IFERROR(A3,1)", 0.0),
        ("=IFERROR(B1,)", 0.0),
        ("=IFNA(B1,1)", DIV0),
        ("=AND(A1:A5)", False),
        ("=AND(A4,A5)", True),
        ("=AND(A3)", VALUE),
        ("=OR(A1:A6)", NA),
        ("=OR(A3:A4)", VALUE),
        ("=XOR(TRUE,TRUE,TRUE)", True),
        ("=XOR(A1:A2,A5)", False),
        ('=NOT("x")', VALUE),
        ("=IFS(A2,1,A3,2,A1,3)", 3.0),
        ("=SWITCH(A3,0,1,2)", 1.0),
        ('=SWITCH("TEXT",A4,"same","other")', "same"),
        ("=CHOOSE(2.9,1,2,3)", 2.0),
        ("=CHOOSE(A6,1,2)", NA),
        ("=CHOOSE(A1,A4,B1)", "text"),
        ("=SUM(CHOOSE(1,A1:A2,A5))", 1.0),
        ("=SUM(CHOOSE({1,2},A1,A2+5))", 6.0),
        ("=SUM(IF({1,0,1},10,1))", 21.0),
        ("=LET(x,A1,y,x+1,x*y)", 2.0),
        ('=SUM((A1:A5<>"")*1)', 4.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    assert value(formula, CELLS) == expected


def test_an_array_of_conditions_spills() -> None:
    found = spilled('=IF(A1:A3=0,"zero",A1:A3)', CELLS, "D1:D3")
    assert found == [[1.0], ["zero"], ["zero"]]


def _fast(*numbers: float) -> tuple[Context, list[Block]]:
    context = Context(TextPool(), exact=False)
    blocks = [Block(context.tensor([[[[number]]]]), Kind.NUMBER) for number in numbers]
    return context, blocks


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_inside_an_optimiser_what_is_not_finite_is_an_error(bad: float) -> None:
    context, (value_, other) = _fast(bad, 7.0)
    assert FUNCTIONS["IFERROR"](context, value_, other).number.item() == 7.0


def test_inside_an_optimiser_an_error_in_the_condition_is_the_result() -> None:
    context, blocks = _fast(torch.nan, 1.0, 2.0)
    found, codes = context.numbers(FUNCTIONS["IF"](context, *blocks))
    assert codes is not None
    assert codes.item() == ErrorCode.NUM
    assert not torch.isfinite(context.result(found, codes).number).any()


def test_the_branch_not_taken_has_no_say_in_the_gradient() -> None:
    context, (condition, _, no) = _fast(0.0, 1.0, 3.0)
    x = torch.zeros(1, 1, 1, 1, dtype=torch.float64, requires_grad=True)
    yes = FUNCTIONS["SQRT"](context, Block(x, Kind.NUMBER))
    kept = Block(no.number * x, Kind.NUMBER)
    FUNCTIONS["IF"](context, condition, yes, kept).number.sum().backward()
    assert x.grad is not None
    assert x.grad.item() == 3.0
