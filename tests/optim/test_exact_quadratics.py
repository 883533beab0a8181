"""A quadratic optimum to the last digits, from one that a solver's tolerances left beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xlcollab.optim.linear import polishing
from xlcollab.optim.linear.model import Program, sparse
from xlcollab.optim.linear.polishing import _no_worse, polished

N = 6
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def made(seed: int) -> tuple[Program, Array]:
    """A program and its optimum: multipliers are drawn, and the objective made to fit them."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(N, N))
    hessian, optimum = root @ root.T + np.eye(N), rng.normal(size=N)
    lower, upper = optimum - 1.0, optimum + 1.0
    lower[0], upper[1] = optimum[0], optimum[1]
    matrix = rng.normal(size=(4, N))
    values = matrix @ optimum
    row_lower, row_upper = values - 2.0, values + 2.0
    row_lower[0], row_upper[1], row_lower[3] = values[0], values[1], -math.inf
    row_lower[2] = row_upper[2] = values[2]
    prices = np.array([0.7, -0.4, rng.normal(), 0.0])
    slopes = np.array([0.5, -0.9, 0.0, 0.0, 0.0, 0.0])
    c = matrix.T @ prices + slopes - hessian @ optimum
    program = Program(
        c=c,
        matrix=sparse(matrix),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=lower,
        upper=upper,
        integer=np.zeros(N, np.bool_),
        hessian=sparse(hessian),
        offset=1.5,
    )
    return program, optimum


@pytest.mark.parametrize("seed", range(5))
def test_all_digits_come_back(seed: int) -> None:
    program, optimum = made(seed)
    rng = np.random.default_rng(seed + 100)
    beside = np.clip(optimum + 1e-7 * rng.normal(size=N), program.lower, program.upper)
    found = polished(program, beside)
    assert np.abs(found - optimum).max() < 1e-12
    assert np.abs(beside - optimum).max() > 1e-9
    assert found[0] == program.lower[0]
    assert found[1] == program.upper[1]


def test_a_point_is_not_made_worse() -> None:
    """Far from the optimum other rows are active: what they fix is no better, or not allowed."""
    program, optimum = made(3)
    inside = optimum + np.array([0.5, -0.5, 0.0, 0.1, 0.0, 0.0])
    found = polished(program, inside)
    assert program.value(found) <= program.value(inside) + 1e-9
    assert program.violation(found) <= max(1e-9, program.violation(inside))


def test_what_is_worse() -> None:
    program, optimum = made(1)
    free = Program(
        c=program.c,
        matrix=sparse(np.zeros((0, N))),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
        lower=optimum - 1.0,
        upper=optimum + 1.0,
        integer=program.integer,
        hessian=program.hessian,
    )
    assert program.hessian is not None
    down = -(program.c + program.hessian.toarray() @ optimum)
    better, worse = optimum + 1e-3 * down, optimum - 1e-3 * down
    assert _no_worse(free, optimum, optimum)
    assert _no_worse(free, optimum, better)
    assert not _no_worse(free, optimum, worse)
    assert not _no_worse(free, optimum, np.full(N, np.nan))
    assert not _no_worse(free, optimum, optimum + 3.0)  # outside of the box
    outside = optimum + 1.5
    assert _no_worse(free, outside, optimum)  # what lay outside may come back and cost something


def test_very_many_unknowns_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    program, optimum = made(2)
    beside = np.clip(optimum + 1e-7, program.lower, program.upper)
    monkeypatch.setattr(polishing, "_MOST_UNKNOWNS", 6)
    assert polished(program, beside) is beside
    monkeypatch.setattr(polishing, "_MOST_UNKNOWNS", 7)
    assert polished(program, beside) is not beside
