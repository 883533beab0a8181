"""Formulas filled into the shape of another have the nodes that parsing them gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import workbook
from tests.random_books import formulas
from xlcollab.formula import parse
from xlcollab.formula.shapes import leaves_of
from xlcollab.plan.families import Parser
from xlcollab.plan.resolve import resolve
from xlcollab.ref import Rect

BOOK = workbook({"A1": 1.0})
CELLS = ["B7", "$B$7", "C$2:$D9", "$D9:C2", "AA10:AB$11"]
NUMBERS = ["4", "0.5", ".25", "7.", "123456789012345678"]
ROW, COLUMN = 20, 30


def filled(first: str, second: str) -> object:
    """The nodes of `second` in the shape that `first` has taught; None where it has none."""
    parser = Parser()
    parser.learn(parse(first, 3, 4), first, 3, 4)
    names = {None: "Sheet1", "Sheet1": "Sheet1", "SHEET1": "Sheet1", "s 1": "Sheet1"}
    return parser.of_its_shape(second, ROW, COLUMN, names.get)


def parsed(text: str) -> object:
    return resolve(parse(text, ROW, COLUMN), BOOK, "Sheet1", Rect(ROW, COLUMN))


@given(formulas(5), st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_random_formulas(first: str, data: st.DataObject) -> None:
    found = leaves_of(first)
    if found is None:  # 1e+20
        return
    second, leaves = found
    for leaf in leaves:
        mark, others = ("\x00", CELLS) if leaf[0].isalpha() else ("\x01", NUMBERS)
        second = second.replace(mark, data.draw(st.sampled_from(others)), 1)
    known = filled(first, second)
    assert known == parsed(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Sheet1!A1+A2", "Sheet1!B5+$C$6"),
        ("SHEET1!A1:B2", "SHEET1!$A1:B$2"),
        ('"A1"&A1', '"A1"&Z9'),
        ("-2^A1%", "-3^C4%"),
        ("LOG10(A1)+1", "LOG10(B2)+22"),
        ("A1 B1", "A2 B2"),
        ("IF(A1>=1,#N/A,TRUE)", "IF(B1>=2,#N/A,TRUE)"),
    ],
)
def test_of_one_shape(first: str, second: str) -> None:
    assert filled(first, second) == parsed(second)


@pytest.mark.parametrize(
    "text",
    [
        "A1+1E+5",
        "A1+1E5",
        "name+A1",
        "IF(A1,1,)",
        "LET(x,A1,x+1)",
        "SUM({1,2;3,4})",
        "SUM(A:A)+A1",
        "Sheet1:Sheet2!A1+A2",
        "[1]Sheet1!A1",
        "A1:INDEX(A1:A5,2)",
        "NOSUCH(A1)",
        "Table[column]+A1",
    ],
)
def test_what_must_be_explained_is_parsed(text: str) -> None:
    """Nothing is filled in for what a workbook must tell; or it is what parsing gives."""
    known = filled(text, text)
    assert known is None or known == parsed(text)


def test_an_unknown_sheet_is_left_to_the_resolver() -> None:
    assert filled("Sheet1!A1+1", "Sheet1!A2+1") is not None
    assert filled("None!A1+1", "None!A2+1") is None
