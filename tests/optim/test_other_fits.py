"""Fits from starts that say nothing: the curve is found, and what is found is not given away."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.optim.strd import read
from xlcollab.kernels.program.lower import lowered_plainly, residuals_plainly
from xlcollab.optim import Objective, Solution, Status, solve
from xlcollab.settings.solving import Settings

Curve = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Fit:
    """A curve with known parameters at places x, a little off."""

    curve: Curve
    truth: tuple[float, ...]
    low: float
    high: float

    def residuals(self, b: Tensor) -> Tensor:
        x = torch.linspace(self.low, self.high, 21, dtype=torch.float64)
        known = self.curve(torch.tensor(self.truth, dtype=torch.float64), x)
        off = np.random.default_rng(0).standard_normal(len(x))
        return known * torch.as_tensor(1.0 + 0.01 * off) - self.curve(b, x)

    @property
    def at_truth(self) -> float:
        return self.residuals(torch.tensor(self.truth, dtype=torch.float64)).square().sum().item()


def _peak(b: Tensor, x: Tensor) -> Tensor:
    return b[0] + b[1] * torch.exp(-(((x - b[2]) / b[3]) ** 2))


def _wave(b: Tensor, x: Tensor) -> Tensor:
    return b[0] + b[1] * torch.sin(b[2] * x + b[3])


def _growth(b: Tensor, x: Tensor) -> Tensor:
    return b[0] / (1.0 + torch.exp(-b[1] * (x - b[2])))


def _decays(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * torch.exp(-b[1] * x) + b[2] * torch.exp(-b[3] * x)


def _saturation(b: Tensor, x: Tensor) -> Tensor:
    return b[0] * x / (b[1] + x)


FITS = {
    "peak": Fit(_peak, (2.0, 50.0, 530.0, 35.0), 400.0, 700.0),
    "wave": Fit(_wave, (15.0, 6.0, 0.5236, 1.0), 0.0, 24.0),
    "growth": Fit(_growth, (5000.0, 0.25, 2004.0), 1990.0, 2020.0),
    "decays": Fit(_decays, (5.0, 0.3, 2.0, 2.0), 0.0, 10.0),
    "saturation": Fit(_saturation, (212.0, 0.064), 0.02, 1.1),
}


def objective(residuals: Callable[[Tensor], Tensor], start: Tensor) -> Objective:
    def function(b: Tensor) -> Tensor:
        return residuals(b).square().sum()

    return Objective(
        function=function,
        residuals=residuals,
        native=lowered_plainly(function, start),
        native_residuals=residuals_plainly(residuals, start, 1_000_000),
    )


def found(name: str, size: float, bounds: str = "none") -> Solution:
    fit = FITS[name]
    start = torch.full((len(fit.truth),), size, dtype=torch.float64)
    model = objective(fit.residuals, start)
    if bounds != "none":
        model = replace(model, lower=torch.zeros_like(start))
    return solve(model, start)


STARTS = [(name, size) for name in FITS for size in (0.0, 1.0) if (name, size) != ("peak", 0.0)]
"""A peak without a width has no value."""


@pytest.mark.parametrize("bounds", ["none", "above 0"])
@pytest.mark.parametrize(("name", "size"), STARTS)
def test_a_curve_is_found_from_a_start_that_says_nothing(
    name: str, size: float, bounds: str
) -> None:
    solution = found(name, size, bounds)
    assert solution.objective <= FITS[name].at_truth
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)


def test_it_is_told_where_the_own_start_led() -> None:
    assert "A drawn start led here; from yours" in found("peak", 1.0).message
    fit = FITS["peak"]
    near = torch.tensor(fit.truth, dtype=torch.float64)
    assert "drawn start" not in solve(objective(fit.residuals, near), near).message


@pytest.mark.parametrize("name", ["Eckerle4", "Rat42", "MGH17", "Nelson"])
def test_published_fits_from_ones(name: str) -> None:
    problem = read(name)
    start = torch.ones(len(problem.certified), dtype=torch.float64)
    solution = solve(objective(problem.residuals, start), start)
    assert solution.objective == pytest.approx(problem.sum_of_squares, rel=1e-8)


def test_a_sum_of_squares_has_a_floor() -> None:
    """BoxBOD's kin from a start where the curve is flat: unbounded it was called."""
    problem = read("Misra1a")
    start = torch.ones(2, dtype=torch.float64)
    solution = solve(objective(problem.residuals, start), start, Settings(method="lm"))
    assert solution.status is not Status.UNBOUNDED


def test_an_exact_fit_is_kept_at_the_root_near_the_start() -> None:
    def residuals(b: Tensor) -> Tensor:
        return torch.stack([b[0] * b[0] - 2.0, b[1] * b[0] - 1.0])

    start = torch.tensor([-1.0, -1.0], dtype=torch.float64)
    solution = solve(objective(residuals, start), start)
    assert solution.x.tolist() == pytest.approx([-math.sqrt(2.0), -math.sqrt(0.5)])


def test_the_same_again() -> None:
    first, second = found("wave", 0.0), found("wave", 0.0)
    assert torch.equal(first.x, second.x)


def test_a_limit_of_time_keeps_the_fit_near_the_start() -> None:
    fit = FITS["peak"]
    start = torch.ones(4, dtype=torch.float64)
    solution = solve(objective(fit.residuals, start), start, Settings(time_limit=0.02))
    assert solution.status in (Status.TIME_LIMIT, Status.LOCALLY_OPTIMAL)
    assert math.isfinite(solution.objective)
