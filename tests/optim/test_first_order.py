"""Every first-order rule against torch.optim of the same name and settings, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from xlcollab.optim import METHODS, Objective, Settings, solve

STEPS = 200


@dataclass(frozen=True)
class Twin:
    """Our settings and the torch optimiser that must walk the same way."""

    settings: dict[str, Any]
    optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]
    clip: float | None = None
    scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler] | None = None


def _sgd(**options: Any) -> Callable[[list[Tensor]], torch.optim.Optimizer]:
    return lambda weights: torch.optim.SGD(weights, **options)


def _cosine(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)


def _one_cycle(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.05, total_steps=STEPS, cycle_momentum=False
    )


TWINS = {
    "gd": Twin({"method": "gd", "learning_rate": 0.002}, _sgd(lr=0.002)),
    "gd, l2": Twin(
        {"method": "gd", "learning_rate": 0.002, "l2": 0.3}, _sgd(lr=0.002, weight_decay=0.3)
    ),
    "gd, clip": Twin({"method": "gd", "learning_rate": 0.05, "clip": 0.5}, _sgd(lr=0.05), clip=0.5),
    "momentum": Twin({"method": "momentum", "learning_rate": 0.001}, _sgd(lr=0.001, momentum=0.9)),
    "momentum, dampening, l2": Twin(
        {
            "method": "momentum",
            "learning_rate": 0.005,
            "momentum": 0.8,
            "dampening": 0.8,
            "l2": 0.1,
        },
        _sgd(lr=0.005, momentum=0.8, dampening=0.8, weight_decay=0.1),
    ),
    "nesterov": Twin(
        {"method": "nesterov", "learning_rate": 0.001, "momentum": 0.85, "l2": 0.2},
        _sgd(lr=0.001, momentum=0.85, nesterov=True, weight_decay=0.2),
    ),
    "adagrad": Twin(
        {"method": "adagrad", "learning_rate": 0.3}, lambda w: torch.optim.Adagrad(w, lr=0.3)
    ),
    "adagrad, l2": Twin(
        {"method": "adagrad", "learning_rate": 0.3, "epsilon": 1e-6, "l2": 0.2},
        lambda w: torch.optim.Adagrad(w, lr=0.3, eps=1e-6, weight_decay=0.2),
    ),
    "rmsprop": Twin(
        {"method": "rmsprop", "learning_rate": 0.01}, lambda w: torch.optim.RMSprop(w, lr=0.01)
    ),
    "rmsprop, l2": Twin(
        {"method": "rmsprop", "learning_rate": 0.01, "rho": 0.9, "epsilon": 1e-5, "l2": 0.2},
        lambda w: torch.optim.RMSprop(w, lr=0.01, alpha=0.9, eps=1e-5, weight_decay=0.2),
    ),
    "adam": Twin({"method": "adam", "learning_rate": 0.05}, lambda w: torch.optim.Adam(w, lr=0.05)),
    "adam, l2": Twin(
        {"method": "adam", "learning_rate": 0.05, "beta1": 0.8, "beta2": 0.95, "l2": 0.2},
        lambda w: torch.optim.Adam(w, lr=0.05, betas=(0.8, 0.95), weight_decay=0.2),
    ),
    "adam, cosine": Twin(
        {"method": "adam", "learning_rate": 0.05, "schedule": "cosine"},
        lambda w: torch.optim.Adam(w, lr=0.05),
        scheduler=_cosine,
    ),
    "adamw": Twin(
        {"method": "adamw", "learning_rate": 0.05}, lambda w: torch.optim.AdamW(w, lr=0.05)
    ),
    "adamw, decay, one-cycle": Twin(
        {"method": "adamw", "learning_rate": 0.05, "weight_decay": 0.2, "schedule": "one-cycle"},
        lambda w: torch.optim.AdamW(w, lr=0.05, weight_decay=0.2),
        scheduler=_one_cycle,
    ),
}


def rosenbrock(x: Tensor) -> Tensor:
    return (10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


START = torch.tensor([-1.2, 1.0, 0.3, -0.5, 0.8], dtype=torch.float64)


def torch_path(twin: Twin) -> Tensor:
    """The weights after 0, 1, … steps of torch's optimiser."""
    weights = START.clone().requires_grad_()
    optimizer = twin.optimizer([weights])
    scheduler = twin.scheduler(optimizer) if twin.scheduler else None
    path = [weights.detach().clone()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        rosenbrock(weights).backward()
        if twin.clip is not None:
            torch.nn.utils.clip_grad_norm_([weights], twin.clip)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        path.append(weights.detach().clone())
    return torch.stack(path)


@pytest.mark.parametrize("name", TWINS)
def test_every_step_is_that_of_torch(name: str) -> None:
    twin = TWINS[name]
    settings = Settings(iterations=STEPS, **twin.settings)
    solution = solve(Objective(function=rosenbrock), START, settings)
    ours = torch.from_numpy(solution.history.weights)
    torch.testing.assert_close(ours, torch_path(twin), rtol=1e-12, atol=1e-12)
    assert torch.equal(solution.x, ours[-1])


def test_every_first_order_method_has_a_twin() -> None:
    names = {name for name, method in METHODS.items() if method.first_order}
    assert {twin.settings["method"] for twin in TWINS.values()} == names


def test_decoupled_decay_works_with_any_first_order_rule() -> None:
    settings = Settings(method="gd", learning_rate=0.1, weight_decay=0.5, iterations=1)
    solution = solve(Objective(function=lambda x: x.sum()), START, settings)
    torch.testing.assert_close(solution.x, START * (1 - 0.1 * 0.5) - 0.1)


def test_projection_keeps_weights_within_bounds() -> None:
    lower, upper = torch.full_like(START, -0.4), torch.full_like(START, 0.7)
    objective = Objective(function=rosenbrock, lower=lower, upper=upper)
    solution = solve(objective, START, Settings(method="adam", iterations=STEPS))
    weights = torch.from_numpy(solution.history.weights)
    assert bool(((weights >= lower) & (weights <= upper)).all())
    assert bool((weights[-1] == upper).any())


def test_scale_measures_each_variable_by_its_start() -> None:
    sizes = torch.tensor([1e-3, 1.0, 1e4], dtype=torch.float64)
    plain = Settings(method="gd", learning_rate=0.1, iterations=50)
    scaled = Settings(method="gd", learning_rate=0.1, iterations=50, scale=True)
    ones = torch.ones_like(sizes)
    base = solve(Objective(function=lambda x: ((x - 3) ** 2).sum()), ones, plain)
    other = solve(Objective(function=lambda x: ((x / sizes - 3) ** 2).sum()), sizes, scaled)
    torch.testing.assert_close(other.x, base.x * sizes, rtol=1e-12, atol=0)
