"""Jacobians: batched and row by row, against finite differences."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from xlcollab.optim import Objective, Settings, Status, jacobian, solve
from xlcollab.optim.jacobian import Differentiator

X = torch.tensor([0.7, -1.3, 2.1], dtype=torch.float64)


class Cube(torch.autograd.Function):
    """An operation whose backward pass looks at numbers, which cannot be batched."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (x,) = context.saved_tensors
        gradient.sum().item()
        return 3 * x**2 * gradient


def plain(x: Tensor) -> Tensor:
    return torch.stack([x[0] * x[1], x[2].exp(), x.sin().sum(), x[0] ** 3 / x[2]])


def stubborn(x: Tensor) -> Tensor:
    cubes: Tensor = Cube.apply(x)
    return torch.cat([cubes, (cubes * x).sum().reshape(1)])


@pytest.mark.parametrize("function", [plain, stubborn])
def test_agrees_with_finite_differences(function: Any) -> None:
    values, rows = jacobian(function, X)
    torch.testing.assert_close(values, function(X))
    step = 1e-6
    columns = [
        (function(X + step * e) - function(X - step * e)) / (2 * step)
        for e in torch.eye(3, dtype=torch.float64)
    ]
    torch.testing.assert_close(rows, torch.stack(columns, dim=1), rtol=1e-7, atol=1e-8)


def test_many_rows_that_cannot_be_batched_go_column_by_column() -> None:
    values, rows = jacobian(lambda x: stubborn(x).repeat(20), X)
    one, few = jacobian(stubborn, X)
    torch.testing.assert_close(values, one.repeat(20))
    torch.testing.assert_close(rows, few.repeat(20, 1))


def test_unbatchable_operations_are_remembered() -> None:
    differentiator = Differentiator()
    many = 100
    differentiator.jacobian(lambda x: plain(x).repeat(many), X)
    assert differentiator.batched
    differentiator.jacobian(lambda x: stubborn(x).repeat(many), X)
    assert not differentiator.batched


def test_constant_and_partly_constant_values() -> None:
    values, rows = jacobian(lambda x: x.new_ones(2), X)
    assert values.tolist() == [1.0, 1.0]
    assert rows.abs().sum().item() == 0.0
    _, rows = jacobian(lambda x: torch.stack([x[0], x.new_ones(())]), X)
    assert rows.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert jacobian(lambda x: x[:0], X)[1].shape == (0, 3)


def test_many_rows_come_in_blocks() -> None:
    matrix = torch.randn(1100, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    _, rows = jacobian(lambda x: matrix @ x, X)
    torch.testing.assert_close(rows, matrix)


def test_a_jacobian_that_is_no_number_ends_lm_and_lbfgs_goes_on() -> None:
    """|x|^1.5 by its logarithm has a value at 0, and no derivative by autograd."""

    def residuals(x: Tensor) -> Tensor:
        return torch.stack([x[0] - 1, torch.where(x[1] == 0, x[1], (1.5 * x[1].abs().log()).exp())])

    start = torch.tensor([3.0, 0.0], dtype=torch.float64)
    objective = Objective(function=lambda x: (x[0] - 1) ** 2 + x[1].abs() ** 3, residuals=residuals)
    lm = solve(objective, start, Settings(method="lm"))
    assert lm.status is Status.DIVERGED
    assert torch.equal(lm.x, start)
    auto = solve(objective, start)
    assert auto.method == "lbfgs"
    assert auto.objective < 1e-12


def test_least_squares_with_an_unbatchable_operation() -> None:
    target = torch.tensor([8.0, 1.0, 27.0, 90.0], dtype=torch.float64)

    def residuals(x: Tensor) -> Tensor:
        return stubborn(x) - target

    objective = Objective(function=lambda x: residuals(x).square().sum(), residuals=residuals)
    solution = solve(objective, torch.ones(3, dtype=torch.float64), Settings(method="lm"))
    assert solution.gradient.abs().max().item() < 1e-5
