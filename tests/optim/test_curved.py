"""Sums of squares of many variables by their whole Hessian, beside the methods that do without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from xlcollab.optim import Objective, Settings, Solution, Status, solve
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.problem import TensorFunction
from xlcollab.optim.rules.curved import CurvedSquares

Array = NDArray[np.float64]


class ByAutograd:
    """Both derivatives of the residuals; counts how often it is asked."""

    def __init__(self, residuals: TensorFunction, *, gives_up: bool = False) -> None:
        self.residuals, self.gives_up, self.asked = residuals, gives_up, 0

    def at(self, x: Array, residuals: Array) -> tuple[Array, Array] | None:
        self.asked += 1
        if self.gives_up:
            return None
        y, r = torch.from_numpy(x), torch.from_numpy(residuals)
        rows = torch.autograd.functional.jacobian(self.residuals, y)
        sums = torch.autograd.functional.hessian(lambda z: self.residuals(z).dot(r), y)
        return rows.numpy(), sums.numpy()


def factorisation(noise: float, seed: int = 3) -> tuple[TensorFunction, Tensor]:
    """12 × 14 ratings of rank 2, and a start."""
    draw = np.random.default_rng(seed)
    exact = draw.normal(size=(12, 2)) @ draw.normal(size=(2, 14))
    ratings = torch.from_numpy(exact + noise * draw.normal(size=(12, 14)))

    def residuals(x: Tensor) -> Tensor:
        return (x[:24].view(12, 2) @ x[24:].view(2, 14) - ratings).flatten()

    return residuals, torch.from_numpy(draw.normal(size=52))


def of(residuals: TensorFunction, **more: object) -> Objective:
    return Objective(
        function=lambda x: residuals(x).square().mean().sqrt(),
        residuals=residuals,
        native_curves=ByAutograd(residuals),
        **more,  # type: ignore[arg-type]
    )


def both(objective: Objective, start: Tensor) -> tuple[Solution, Solution]:
    return solve(objective, start), solve(replace(objective, native_curves=None), start)


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_ends_where_the_others_end_in_a_few_steps(noise: float) -> None:
    """The best of rank 2 by the singular values (Eckart and Young 1936) is the only minimum."""
    residuals, start = factorisation(noise)
    found, plain = both(of(residuals), start)
    zero = residuals(torch.zeros(52, dtype=torch.float64)).view(12, 14)
    lost = torch.linalg.svdvals(zero)[2:].square().sum().div(12 * 14).sqrt().item()
    assert found.status is Status.LOCALLY_OPTIMAL
    assert found.method == "lm"
    assert found.objective == pytest.approx(lost, rel=1e-12)
    assert plain.objective == pytest.approx(lost, rel=1e-9)
    assert found.iterations < 60
    assert found.gradient.abs().max().item() < 1e-8


def test_an_exact_fit_is_found() -> None:
    residuals, start = factorisation(0.0)
    found, _ = both(of(residuals), start)
    assert found.objective < 1e-9


class Endless(ByAutograd):
    """Curves beyond the largest number."""

    def at(self, x: Array, residuals: Array) -> tuple[Array, Array] | None:
        found = super().at(x, residuals)
        return None if found is None else (found[0], np.full_like(found[1], np.inf))


def test_where_curves_are_no_numbers_the_others_go_on() -> None:
    residuals, start = factorisation(1.0)
    curves = Endless(residuals)
    found, plain = both(replace(of(residuals), native_curves=curves), start)
    assert curves.asked > 0
    assert found.status is Status.LOCALLY_OPTIMAL
    assert found.objective == pytest.approx(plain.objective, rel=1e-9)


def test_slopes_whose_products_are_no_numbers_end_the_steps_without_a_word_too_much() -> None:
    objective = Objective(
        function=lambda x: (1e200 * x).square().sum(), residuals=lambda x: 1e200 * x
    )
    start = torch.full((3,), 1e-199, dtype=torch.float64)
    evaluator = Evaluator(objective, start)
    point, rule = evaluator.at(start), CurvedSquares()
    step = rule.step(evaluator, point, rule.init(evaluator, point), 1.0)
    assert step.stop is not None
    assert step.stop.status is Status.TOLERANCE


def test_bounds_are_kept_and_the_end_is_an_optimum_within_them() -> None:
    """Several there are; scipy finds nothing better near the one that was found."""
    residuals, start = factorisation(1.0)
    low, high = torch.full((52,), -0.8).double(), torch.full((52,), 0.8).double()
    objective = of(residuals, lower=low, upper=high)
    found = solve(objective, start.clamp(-0.8, 0.8))
    assert bool((found.x >= low).all())
    assert bool((found.x <= high).all())

    def value_and_slope(x: Array) -> tuple[float, Array]:
        y = torch.tensor(x, requires_grad=True)
        value = objective.function(y)
        (slope,) = torch.autograd.grad(value, y)
        return value.item(), slope.numpy()

    near = minimize(value_and_slope, found.x.numpy(), jac=True, bounds=[(-0.8, 0.8)] * 52)
    assert found.objective <= near.fun * (1.0 + 1e-6)


def test_units_of_variables_do_not_matter() -> None:
    residuals, start = factorisation(1.0)
    units = torch.logspace(-4, 4, 52, dtype=torch.float64)
    found, _ = both(of(lambda x: residuals(x / units)), start * units)
    known, _ = both(of(residuals), start)
    assert found.objective == pytest.approx(known.objective, rel=1e-9)
    assert found.status is Status.LOCALLY_OPTIMAL


def test_a_start_on_a_saddle_ridge_is_left() -> None:
    """All factors alike: the second factor learns nothing that the first does not."""
    residuals, _ = factorisation(1.0)
    start = torch.full((52,), 0.1, dtype=torch.float64)
    start[0] += 1e-3
    best, _ = both(of(residuals), factorisation(1.0)[1])
    found, _ = both(of(residuals), start)
    assert found.objective == pytest.approx(best.objective, rel=1e-9)


def test_where_there_are_no_second_derivatives_the_others_go_on() -> None:
    residuals, start = factorisation(1.0)
    curves = ByAutograd(residuals, gives_up=True)
    found = solve(replace(of(residuals), native_curves=curves), start)
    plain = solve(replace(of(residuals), native_curves=None), start)
    assert curves.asked > 0
    assert found.objective == pytest.approx(plain.objective, rel=1e-9)


def test_iterations_that_were_asked_for_are_kept() -> None:
    residuals, start = factorisation(1.0)
    found = solve(of(residuals), start, Settings(iterations=7))
    assert found.iterations == 7
    assert found.status is Status.ITERATION_LIMIT
