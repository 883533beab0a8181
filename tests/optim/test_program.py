"""A program in numbers, apart from any engine: its value, what a point misses, and its shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from xlcollab.optim.linear.detect import is_convex, quadratic
from xlcollab.optim.linear.model import Program


def program(**changed: object) -> Program:
    """min x² + y - 1 with 1 ≤ x + 2y ≤ 4 and 0 ≤ x, y ≤ 3."""
    parts: dict[str, object] = {
        "c": np.array([0.0, 1.0]),
        "matrix": csr_matrix([[1.0, 2.0]]),
        "row_lower": np.array([1.0]),
        "row_upper": np.array([4.0]),
        "lower": np.zeros(2),
        "upper": np.full(2, 3.0),
        "integer": np.zeros(2, np.bool_),
        "hessian": csr_matrix([[2.0, 0.0], [0.0, 0.0]]),
        "offset": -1.0,
    }
    return Program(**{**parts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "y", "value", "missed"),
    [
        (1.0, 1.0, 1.0, 0.0),
        (1.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, -1.0, 1.0),
        (0.5, 0.0, -0.75, 0.5),
        (3.0, 1.0, 9.0, 1.0),
        (4.0, 0.0, 15.0, 1.0),
        (-0.25, 1.0, 0.0625, 0.25),
        (3.5, 0.0, 11.25, 0.5),
    ],
)
def test_value_and_what_is_missed(x: float, y: float, value: float, missed: float) -> None:
    at = np.array([x, y])
    assert program().value(at) == value
    assert program().violation(at) == missed
    assert program(hessian=None).value(at) == y - 1.0


def test_a_program_without_rows_misses_bounds_alone() -> None:
    none = np.zeros(0)
    bare = program(matrix=csr_matrix((0, 2)), row_lower=none, row_upper=none)
    assert (bare.rows, bare.columns) == (0, 2)
    assert bare.violation(np.array([1.0, 2.0])) == 0.0
    assert bare.violation(np.array([1.0, 5.0])) == 2.0


def test_limits_that_cross_are_seen_on_either_side() -> None:
    assert not program().crossed()
    assert not program(row_lower=np.array([4.0])).crossed()
    assert program(row_lower=np.array([4.5])).crossed()
    assert program(lower=np.array([0.0, 3.5])).crossed()


@pytest.mark.parametrize(
    ("matrix", "convex"),
    [
        ([[0.0, 0.0], [0.0, 0.0]], True),
        ([[2.0, 0.0], [0.0, 0.0]], True),
        ([[0.1, 0.0], [0.0, 0.0]], True),
        ([[-0.1, 0.0], [0.0, 0.0]], False),
        ([[0.0, 0.1], [0.1, 0.0]], False),
        ([[0.3, 0.4], [0.4, 0.3]], False),
        ([[0.4, 0.3], [0.3, 0.4]], True),
        ([[1.0, 1.0], [1.0, 1.0]], True),
        ([[1e6, 0.0], [0.0, -1e-5]], True),
        ([[1e6, 0.0], [0.0, -1e-3]], False),
    ],
)
def test_no_curvature_downwards_but_for_rounding(matrix: list[list[float]], convex: bool) -> None:
    assert is_convex(csr_matrix(matrix)) is convex


@pytest.mark.parametrize("moving", [0, 1, 3, 12])
def test_second_derivatives_are_asked_for_where_slopes_move(moving: int) -> None:
    """Beside the few variables that are squared or multiplied there may be many that are not."""
    rng = np.random.default_rng(moving)
    n, asked = 12, 0
    hessian = np.zeros((n, n))
    where = rng.permutation(n)[:moving]
    hessian[np.ix_(where, where)] = rng.normal(size=(moving, moving)) * 10.0 ** rng.integers(-3, 4)
    hessian += hessian.T
    np.fill_diagonal(hessian, rng.integers(0, 2, n) * np.diag(hessian))
    bends, slopes = torch.tensor(hessian), torch.tensor(rng.normal(size=n))

    def function(x: Tensor) -> Tensor:
        nonlocal asked
        asked += 1
        return 0.5 * x @ bends @ x + slopes @ x + 7.0

    found = quadratic(function, n, torch.Generator().manual_seed(0))
    assert found is not None
    np.testing.assert_allclose(found[0].toarray(), hessian, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found[1], slopes, rtol=1e-12)
    assert found[2] == 7.0
    assert asked <= 7 + 2 * moving
