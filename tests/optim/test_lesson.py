"""The factorisations of the lesson's workbook, from its own start, to the best known minima."""

from __future__ import annotations

import functools

import openpyxl
import pytest
import torch
from torch import Tensor

from tests.shared_data import lesson
from xlcollab.optim import Objective, Settings, Solution, Status, solve

DOT_BEST = 0.392900790875
BIAS_BEST = 4.57355923


@functools.cache
def _areas(sheet: str, *areas: str) -> tuple[Tensor, ...]:
    """Areas as float64 matrices, NaN where blank."""
    book = openpyxl.load_workbook(lesson("collab_filter.xlsx"), read_only=True, data_only=True)
    found = []
    for area in areas:
        rows = [[cell.value for cell in row] for row in book[sheet][area]]
        numbers = [[float("nan") if v is None else float(v) for v in row] for row in rows]
        found.append(torch.tensor(numbers, dtype=torch.float64))
    book.close()
    return tuple(found)


def dot_product() -> tuple[Objective, Tensor]:
    """RMSE of user factors · item factors over the ratings present."""
    ratings, items, users = _areas("dotprod", "H2:V16", "H19:V23", "B25:F39")
    present = ~ratings.isnan()

    def residuals(x: Tensor) -> Tensor:
        predictions = x[75:].reshape(15, 5) @ x[:75].reshape(5, 15)
        return (ratings - predictions)[present]

    def rmse(x: Tensor) -> Tensor:
        return residuals(x).square().mean().sqrt()

    start = torch.cat([items.flatten(), users.flatten()])
    return Objective(function=rmse, residuals=residuals), start


def bias() -> tuple[Objective, Tensor]:
    """Root of the summed squares of the model with biases."""
    ratings, items, users = _areas("bias", "H2:V16", "H19:V24", "A26:F40")
    present = ~ratings.isnan()

    def residuals(x: Tensor) -> Tensor:
        item, user = x[:90].reshape(6, 15), x[90:].reshape(15, 6)
        predictions = user[:, 1:] @ item[1:] + item[:1] + user[:, :1]
        return (ratings - predictions)[present]

    def root(x: Tensor) -> Tensor:
        return residuals(x).square().sum().sqrt()

    start = torch.cat([items.flatten(), users.flatten()])
    return Objective(function=root, residuals=residuals), start


@functools.cache
def solved(method: str) -> Solution:
    objective, start = dot_product()
    return solve(objective, start, Settings(method=method, seed=0))  # type: ignore[arg-type]


def test_auto_reaches_the_best_known_dot_product() -> None:
    solution = solved("auto")
    assert solution.objective <= DOT_BEST * (1 + 1e-9)
    assert solution.status is Status.LOCALLY_OPTIMAL


def test_auto_reaches_the_best_known_biases() -> None:
    objective, start = bias()
    assert objective.function(start).item() == pytest.approx(28.963803378204645, rel=1e-14)
    solution = solve(objective, start)
    assert solution.objective <= BIAS_BEST
    assert solution.status is Status.LOCALLY_OPTIMAL


def test_lbfgs_alone_reaches_it_too() -> None:
    assert solved("lbfgs").objective <= DOT_BEST * (1 + 1e-8)


def test_the_gradient_vanishes_at_the_end() -> None:
    assert solved("auto").gradient.abs().max().item() < 1e-6


@pytest.mark.parametrize(("method", "rate", "iteration"), [("adam", 0.05, 104), ("gd", 1.0, 136)])
def test_first_order_methods_fall_below_0_4_when_they_should(
    method: str, rate: float, iteration: int
) -> None:
    """The iterations are those of hand-written torch runs on the same sheet."""
    objective, start = dot_product()
    if method == "gd":
        assert objective.residuals is not None
        squares = objective.residuals
        objective = Objective(function=lambda x: squares(x).square().mean())
    below = 0.4 if method == "adam" else 0.4**2
    settings = Settings(method=method, learning_rate=rate, iterations=200)  # type: ignore[arg-type]
    losses = solve(objective, start, settings).history.column("objective")
    assert int((losses <= below).argmax()) == pytest.approx(iteration, abs=1)
