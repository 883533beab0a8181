"""The relaxation of a node by HiGHS: how each ending is told, and that the box is the node's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xlcollab.optim.branching.relaxing import Quadratics
from xlcollab.optim.branching.tree import Node
from xlcollab.optim.linear.model import Program, sparse

NONE = sparse(np.zeros((0, 2)))


def program(c: list[float], hessian: list[list[float]] | None = None, **rows: float) -> Program:
    """Of two unknowns without bounds; `low` ≤ x + y ≤ `high` where one of them is given."""
    has_row = bool(rows)
    return Program(
        c=np.array(c),
        matrix=sparse(np.ones((1, 2))) if has_row else NONE,
        row_lower=np.array([rows.get("low", -math.inf)] if has_row else []),
        row_upper=np.array([rows.get("high", math.inf)] if has_row else []),
        lower=np.full(2, -math.inf),
        upper=np.full(2, math.inf),
        integer=np.zeros(2, np.bool_),
        hessian=None if hessian is None else sparse(np.array(hessian)),
        offset=3.0,
    )


def node(low: float, high: float) -> Node:
    return Node(-math.inf, 0, np.full(2, low), np.full(2, high), np.array([low, high]))


BOWL = [[2.0, 0.0], [0.0, 4.0]]
"""x² + 2y²."""


@pytest.mark.parametrize(
    ("low", "high", "x"), [(-9.0, 9.0, [1.0, 0.5]), (2.0, 9.0, [2.0, 2.0]), (-9.0, 0.0, [0.0, 0.0])]
)
def test_the_optimum_of_the_box(low: float, high: float, x: list[float]) -> None:
    found = Quadratics(program([-2.0, -2.0], BOWL), 1.0, lambda: 60.0)(node(low, high))
    assert found.ending == "solved"
    np.testing.assert_allclose(found.y, x, atol=1e-6)
    a, b = x
    assert found.value == pytest.approx(a * a + 2 * b * b - 2 * a - 2 * b + 3.0, abs=1e-6)


def test_a_box_without_a_point_is_infeasible() -> None:
    for rows in ({"low": 30.0}, {"high": -30.0}):
        there = node(-9.0, 9.0)
        found = Quadratics(program([1.0, 1.0], BOWL, **rows), 1.0, lambda: 60.0)(there)
        assert found.ending == "infeasible"
        assert found.value == -math.inf


def test_what_has_no_end_is_unbounded() -> None:
    found = Quadratics(program([-1.0, 0.0]), 1.0, lambda: 60.0)(node(0.0, math.inf))
    assert found.ending == "unbounded"


def test_boxes_are_solved_one_after_the_other() -> None:
    """What HiGHS keeps of the last box is not that of this one."""
    relaxed = Quadratics(program([-2.0, -2.0], BOWL, low=-1.0), 1.0, lambda: 60.0)
    for low, x in ((2.0, 2.0), (30.0, 30.0), (-9.0, 1.0)):
        found = relaxed(node(low, 40.0))
        assert found.ending == "solved"
        assert found.y[0] == pytest.approx(x, abs=1e-6)
    assert Quadratics(program([0.0, 0.0], BOWL), 1.0, lambda: 60.0)(node(0.0, 1.0)).value == 3.0
