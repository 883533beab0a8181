"""The learning-rate range test: what is read off a curve whose limits are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xlcollab.errors import UsageError
from xlcollab.optim import Objective
from xlcollab.optim.range_test import RateRange, range_test
from xlcollab.settings.methods import FIRST_ORDER
from xlcollab.settings.solving import Settings

CURVATURE = 8.0


def bowl(maximize: bool = False) -> Objective:
    """f = 4 |x|², whose gradient descent is stable below a rate of 2 / 8."""
    sign = -1.0 if maximize else 1.0
    return Objective(function=lambda x: sign * CURVATURE / 2.0 * (x**2).sum(), maximize=maximize)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_gradient_descent_gets_worse_beyond_its_limit(size: float, maximize: bool) -> None:
    start = torch.full((3,), size, dtype=torch.float64)
    found = range_test(bowl(maximize), start, Settings(method="gd"))
    assert found.ended_early
    assert found.best < 2.0 / CURVATURE
    assert found.suggestion <= found.best
    assert found.suggestion > 1e-3
    assert len(found.rates) == len(found.objectives)


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_every_method_with_a_rate_has_a_curve(method: str) -> None:
    start = torch.tensor([1.0, -2.0], dtype=torch.float64)
    found = range_test(bowl(), start, Settings(method=method), RateRange(steps=40))
    assert found.rates[0] < found.suggestion <= found.best <= found.rates[-1]
    assert np.isfinite(found.objectives).all()
    assert found.objectives.min() < found.initial


def test_the_first_steps_are_those_of_descent() -> None:
    """By hand: x ← x - rate · 8 x, the rates evenly in the logarithm."""
    rates = RateRange(1e-3, 1e-1, 10)
    found = range_test(bowl(), torch.ones(1, dtype=torch.float64), Settings(method="gd"), rates)
    x, wanted = 1.0, []
    for rate in np.geomspace(1e-3, 1e-1, 10):
        x -= rate * CURVATURE * x
        wanted.append(CURVATURE / 2.0 * x * x)
    assert found.objectives == pytest.approx(wanted, rel=1e-9)
    assert not found.ended_early


@pytest.mark.parametrize(
    ("settings", "rates", "word"),
    [
        (Settings(method="lbfgs"), RateRange(), "no learning rate"),
        (Settings(method="gd"), RateRange(1.0, 0.5), "the first must be lower"),
        (Settings(method="gd"), RateRange(1e6, 1e7), "begin with a lower one"),
    ],
)
def test_what_has_no_curve_is_a_sentence(settings: Settings, rates: RateRange, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        range_test(bowl(), torch.ones(2, dtype=torch.float64), settings, rates)


def test_a_model_with_constraints_is_refused() -> None:
    objective = Objective(
        function=lambda x: (x**2).sum(),
        constraints=lambda x: x[:1],
        constraint_lower=torch.ones(1, dtype=torch.float64),
        constraint_upper=torch.full((1,), torch.inf, dtype=torch.float64),
    )
    with pytest.raises(UsageError, match="constraints"):
        range_test(objective, torch.ones(2, dtype=torch.float64), Settings(method="gd"))
