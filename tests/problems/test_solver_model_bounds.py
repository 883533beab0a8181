"""Bounds of variables, and what stays a general constraint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.problems.memory import workbook
from xlcollab.errors import DataError, ModelError
from xlcollab.grid import ErrorCode, Workbook
from xlcollab.problems import Bounds, SolverOptions, bounds, model_from_texts

INF = np.inf
CELLS = {
    "A1": 1.0, "A2": 2.0, "A3": 3.0,
    "B1": 10.0, "B2": 20.0,
    "C1": ("B1*2", 20.0), "C2": "text", "C3": ErrorCode.NA, "C4": True,
    "D1": ("SUM(A1:A3)", 6.0),
}  # fmt: skip


def book() -> Workbook:
    return workbook({"S": CELLS})


def split(*subject_to: str, non_negative: bool = False) -> Bounds:
    model = model_from_texts(
        book(),
        minimize="D1",
        by_changing="A1:A3",
        subject_to=subject_to,
        non_negative=non_negative,
    )
    return bounds(model, book())


def general(found: Bounds) -> list[str]:
    return [str(constraint) for constraint in found.general]


@pytest.mark.parametrize(
    ("subject_to", "lower", "upper"),
    [
        ([], [-INF] * 3, [INF] * 3),
        (["A1:A3<=5"], [-INF] * 3, [5, 5, 5]),
        (["A1:A2>=1", "A2:A3>=2"], [1, 2, 2], [INF] * 3),
        (["A2=4"], [-INF, 4, -INF], [INF, 4, INF]),
        (["A1:A2<=B1:B2"], [-INF] * 3, [10, 20, INF]),
        (["A1:A3<=B2"], [-INF] * 3, [20, 20, 20]),
        (["A1:A3<=B1:B3"], [-INF] * 3, [10, 20, 0]),
        (["A1:A3<=7", "A1<=9"], [-INF] * 3, [7, 7, 7]),
    ],
)
def test_constants_bound(subject_to: list[str], lower: list[float], upper: list[float]) -> None:
    found = split(*subject_to)
    np.testing.assert_array_equal(found.lower, lower)
    np.testing.assert_array_equal(found.upper, upper)
    assert found.general == ()


@pytest.mark.parametrize(
    "text",
    ["A1<=2+2", "A1<=C1", "A1<=A2", "A1:A4<=5", "D1<=5", "A1:A2<=C1", "A1<=SUM(B1:B2)"],
)
def test_the_rest_is_general(text: str) -> None:
    found = split(text)
    assert np.isinf(found.lower).all()
    assert np.isinf(found.upper).all()
    assert len(found.general) == 1


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("A1>=-5", [-5, 0, 0]),
        ("A1=-5", [-5, 0, 0]),
        ("A1>=C1", [-INF, 0, 0]),
        ("A1>=2+2", [0, 0, 0]),
        ("A1<=5", [0, 0, 0]),
        ("A1:A4>=-5", [0, 0, 0]),
    ],
)
def test_zero_goes_to_variables_without_an_explicit_lower_bound(
    text: str, lower: list[float]
) -> None:
    np.testing.assert_array_equal(split(text, non_negative=True).lower, lower)


def test_domains() -> None:
    found = split("A1=integer", "A2=binary", "A3<=9", "A2>=-3")
    np.testing.assert_array_equal(found.lower, [-INF, 0, -INF])
    np.testing.assert_array_equal(found.upper, [INF, 1, 9])
    assert found.integer.tolist() == [True, True, False]


def test_integers_may_be_ignored_but_binary_bounds_stay() -> None:
    model = model_from_texts(
        book(), minimize="D1", by_changing="A1:A3", subject_to=["A1=int", "A2=bin"]
    )
    relaxed = bounds(replace(model, options=SolverOptions(ignore_integers=True)), book())
    assert not relaxed.integer.any()
    assert relaxed.upper.tolist() == [INF, 1, INF]


@pytest.mark.parametrize(
    ("subject_to", "message"),
    [
        (["A1>=5", "A1<=3"], r"bounds of S!A1 contradict.*at least 5 and at most 3;"),
        (["A1:A3=2", "A2:A3=4"], r"bounds of S!A2, S!A3 contradict"),
        (["A1=bin", "A1>=2"], r"at least 2 and at most 1"),
        (["B1=integer"], r"wants S!B1 integer, but only variable cells"),
        (["A1:A4=bin"], r"wants S!A4 binary"),
    ],
)
def test_contradictions_name_the_cells(subject_to: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        split(*subject_to)


def test_a_contradiction_with_the_non_negative_switch_says_so() -> None:
    with pytest.raises(ModelError, match=r"at most -1 \(variables without a lower bound"):
        split("A1<=-1", non_negative=True)


@pytest.mark.parametrize(("cell", "held"), [("C2", "'text'"), ("C3", "#N/A"), ("C4", "Tr")])
def test_a_bound_must_be_a_number(cell: str, held: str) -> None:
    with pytest.raises(DataError, match=rf"taken from S, where {cell} holds .*{held}"):
        split(f"A1<={cell}")


@pytest.mark.parametrize("non_negative", [False, True])
def test_bounds_that_were_typed_blame_no_switch(non_negative: bool) -> None:
    with pytest.raises(ModelError, match=r"at least 5 and at most 3; correct") as refused:
        split("A1>=5", "A1<=3", non_negative=non_negative)
    assert "non-negative" not in str(refused.value)
