"""Models typed on a command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.problems.memory import workbook
from xlcollab.errors import ModelError, UsageError, WorkbookError, XlcollabError
from xlcollab.grid import DefinedName, Workbook
from xlcollab.problems import Constraint, SolverModel, model_from_texts
from xlcollab.ref import CellRef, parse_area

CELLS = {"A1": 1.0, "B9": 2.0, "C1": ("SUM(A1:B9)", 3.0)}


def book(*sheets: str) -> Workbook:
    names = [DefinedName("loss", "dotprod!$C$1"), DefinedName("weights", "dotprod!$A$1:$A$3")]
    return workbook(dict.fromkeys(sheets or ("other", "dotprod", "a b"), CELLS), names=names)


def model(**texts: Any) -> SolverModel:
    return model_from_texts(book(), **{"by_changing": "A1:A3"} | texts)


def test_everything_at_once() -> None:
    found = model(
        minimize="dotprod!C1",
        by_changing="dotprod!H19:V23,dotprod!B25:F39",
        subject_to=["A1:A9<=B1:B9", "A1:A4<=B1", "C1 >= 0", "D1:D3=integer", "E1=BIN", "F1=dif"],
        non_negative=True,
    )
    assert (found.sheet, found.sense, found.non_negative) == ("dotprod", "minimize", True)
    assert found.objective == CellRef("dotprod", 0, 2)
    assert list(map(str, found.variables)) == ["dotprod!H19:V23", "dotprod!B25:F39"]
    assert list(map(str, found.constraints)) == [
        "dotprod!A1:A9 <= dotprod!B1:B9",
        "dotprod!A1:A4 <= dotprod!B1",
        "dotprod!C1 >= 0",
    ]
    assert list(map(str, (*found.integer, *found.binary, *found.alldifferent))) == [
        "dotprod!D1:D3", "dotprod!E1", "dotprod!F1",
    ]  # fmt: skip


def test_target() -> None:
    found = model(target="dotprod!C1=-3.5")
    assert (found.sense, found.target, found.objective.column) == ("value", -3.5, 2)


def test_maximize() -> None:
    assert model(maximize="dotprod!C1").sense == "maximize"


@pytest.mark.parametrize(
    ("sheets", "texts", "expected"),
    [
        (("one",), {"minimize": "C1", "by_changing": "A1"}, "one"),
        ((), {"minimize": "C1", "by_changing": "A1", "sheet": "DOTPROD"}, "dotprod"),
        ((), {"minimize": "'a b'!C1", "by_changing": "A1"}, "a b"),
        ((), {"minimize": "C1", "by_changing": "'a b'!A1,dotprod!B1"}, "a b"),
        ((), {"minimize": "loss", "by_changing": "weights"}, "dotprod"),
    ],
)
def test_which_sheet_is_meant(
    sheets: tuple[str, ...], texts: dict[str, str], expected: str
) -> None:
    found = model_from_texts(book(*sheets), **texts)  # type: ignore[arg-type]
    assert found.sheet == found.objective.sheet == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weights<=1", Constraint(parse_area("dotprod!A1:A3"), "<=", 1.0)),
        ("A1==2", Constraint(parse_area("dotprod!A1"), "=", 2.0)),
        ("A1>=SUM(B1:B3)+1", Constraint(parse_area("dotprod!A1"), ">=", "SUM(B1:B3)+1")),
        ("A1<=IF(B1>=2,1,0)", Constraint(parse_area("dotprod!A1"), "<=", "IF(B1>=2,1,0)")),
        ("'a b'!A1>='a b'!B1", Constraint(parse_area("'a b'!A1"), ">=", parse_area("'a b'!B1"))),
    ],
)
def test_constraints(text: str, expected: Constraint) -> None:
    assert model(minimize="dotprod!C1", subject_to=[text]).constraints == (expected,)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ({}, UsageError, "0 objectives are given; exactly one"),
        ({"minimize": "C1", "maximize": "C1"}, UsageError, "2 objectives"),
        ({"target": "dotprod!C1"}, UsageError, "'cell=value' was expected"),
        ({"target": "dotprod!C1=much"}, UsageError, "'cell=value' was expected"),
        ({"minimize": "C1"}, UsageError, "C1 names no sheet and test.xlsx has 3; write other!C1"),
        ({"minimize": "nowhere!C1"}, WorkbookError, "no sheet 'nowhere'; its sheets are other"),
        ({"minimize": "dotprod!C"}, ModelError, "the objective is 'dotprod!C': neither an address"),
        ({"minimize": "dotprod!C1:C2"}, ModelError, "a single cell is needed"),
        ({"minimize": "dotprod!C1", "by_changing": "spam"}, ModelError, "a variable is 'spam'"),
        ({"minimize": "dotprod!C1", "subject_to": ["A1<2"]}, UsageError, "then <=, = or >="),
        ({"minimize": "dotprod!C1", "subject_to": ["A1"]}, UsageError, "constraint 'A1' is none"),
        ({"minimize": "dotprod!C1", "subject_to": ["3<=A1"]}, ModelError, "the left side is '3'"),
        (
            {"minimize": "dotprod!C1", "subject_to": ["A1:A3<=B1:B2"]},
            ModelError,
            "constraint 'A1:A3<=B1:B2': 3 cells on the left",
        ),
    ],
)
def test_bad_texts(texts: dict[str, Any], error: type[XlcollabError], message: str) -> None:
    with pytest.raises(error, match=message):
        model(**texts)
