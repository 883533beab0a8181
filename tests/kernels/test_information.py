"""Questions about the types of values, exactly and inside an optimiser."""

from __future__ import annotations

import pytest
import torch

from tests.kernels.engine import spilled, value
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.values.block import Block, Context

CELLS: dict[str, Scalar] = {
    "A1": 1.5,
    "B1": "text",
    "C1": True,
    "D1": None,
    "E1": ErrorCode.NA,
    "F1": ErrorCode.DIV0,
    "G1": '=""',
}
ANSWERS = {
    "ISNUMBER": [True, False, False, False, False, False, False],
    "ISTEXT": [False, True, False, False, False, False, True],
    "ISNONTEXT": [True, False, True, True, True, True, False],
    "ISLOGICAL": [False, False, True, False, False, False, False],
    "ISBLANK": [False, False, False, True, False, False, False],
    "ISERROR": [False, False, False, False, True, True, False],
    "ISERR": [False, False, False, False, False, True, False],
    "ISNA": [False, False, False, False, True, False, False],
    "TYPE": [1.0, 2.0, 4.0, 1.0, 16.0, 16.0, 2.0],
    "N": [1.5, 0.0, 1.0, 0.0, ErrorCode.NA, ErrorCode.DIV0, 0.0],
    "T": ["", "text", "", "", ErrorCode.NA, ErrorCode.DIV0, ""],
    "ERROR.TYPE": [ErrorCode.NA] * 4 + [7.0, 2.0, ErrorCode.NA],
}
FIRST_ONLY = ("N", "T")
"""What reads the first cell of an area, and an array item by item."""


@pytest.mark.parametrize("name", ANSWERS)
def test_every_type_is_answered(name: str) -> None:
    alone = [value(f"={name}({column}1)", CELLS) for column in "ABCDEFG"]
    assert alone == ANSWERS[name]
    given = "IF({1,1,1,1,1,1,1},A1:G1)" if name in FIRST_ONLY else "A1:G1"
    if name != "TYPE":
        assert spilled(f"={name}({given})", CELLS, "A3:G3") == [ANSWERS[name]]


@pytest.mark.parametrize("name", FIRST_ONLY)
def test_of_an_area_the_first_cell_is_read(name: str) -> None:
    for column, answer in zip("ABCDEFG", ANSWERS[name], strict=True):
        assert spilled(f"={name}({column}1:G2)", CELLS, "A3:G3") == [[answer] * 7]
        assert value(f"={name}({column}1:G2)", CELLS) == answer


def test_an_array_has_a_type_of_its_own() -> None:
    assert value("=TYPE({1,2})") == 64.0


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=ISEVEN(-3.9)", False),
        ("=ISODD(-3.9)", True),
        ('=ISEVEN("4")', True),
        ("=ISODD(D1)", False),
        ("=ISODD(C1)", ErrorCode.VALUE),
        ("=NA()", ErrorCode.NA),
    ],
)
def test_parity(formula: str, expected: Scalar) -> None:
    assert value(formula, CELLS) == expected


def test_inside_an_optimiser_nan_is_an_error() -> None:
    context = Context(TextPool(), exact=False)
    block = Block(torch.tensor([[[[1.0, torch.nan]]]], dtype=torch.float64), Kind.NUMBER)
    answers = {
        name: FUNCTIONS[name](context, block).number.tolist()[0][0][0]
        for name in ("ISERROR", "ISERR", "ISNUMBER")
    }
    assert answers == {"ISERROR": [0, 1], "ISERR": [0, 1], "ISNUMBER": [1, 0]}
