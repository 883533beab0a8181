"""Learning rates against torch.optim.lr_scheduler."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import lr_scheduler

from xlcollab.optim import SCHEDULES, Objective, Settings, solve
from xlcollab.optim.methods import rate_of

PEAK, STEPS = 0.3, 50
Scheduler = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]

CASES: dict[str, tuple[Settings, Scheduler]] = {
    "constant": (Settings(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "cosine": (
        Settings(schedule="cosine", eta_min=0.01),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.01),
    ),
    "one-cycle": (
        Settings(schedule="one-cycle"),
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=PEAK, total_steps=STEPS, cycle_momentum=False),
    ),
    "one-cycle, own numbers": (
        Settings(schedule="one-cycle", pct_start=0.1, div_factor=5.0, final_div_factor=100.0),
        lambda o: lr_scheduler.OneCycleLR(
            o,
            max_lr=PEAK,
            total_steps=STEPS,
            pct_start=0.1,
            div_factor=5.0,
            final_div_factor=100.0,
            cycle_momentum=False,
        ),
    ),
    "step": (
        Settings(schedule="step", gamma=0.5, step_size=7),
        lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.5),
    ),
    "exponential": (
        Settings(schedule="exponential", gamma=0.9),
        lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rates_are_those_of_torch(name: str) -> None:
    settings, scheduler_of = CASES[name]
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=PEAK)
    scheduler = scheduler_of(optimizer)
    expected = []
    for _ in range(STEPS):
        expected.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    full = Settings(
        **{
            field: getattr(settings, field)
            for field in ("schedule", "gamma", "step_size", "eta_min", "pct_start", "div_factor")
        },
        final_div_factor=settings.final_div_factor,
        learning_rate=PEAK,
    )
    rate = rate_of("gd", full, STEPS)
    assert [rate(i) for i in range(STEPS)] == pytest.approx(expected, rel=1e-12)


def test_every_schedule_is_compared() -> None:
    compared = {settings.schedule for settings, _ in CASES.values()}
    assert compared == set(SCHEDULES)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("iterations", [1, 2, 3, 10])
def test_any_number_of_iterations_gives_finite_rates(schedule: str, iterations: int) -> None:
    settings = Settings(method="gd", schedule=schedule, iterations=iterations)
    start = torch.ones(2, dtype=torch.float64)
    solution = solve(Objective(function=lambda x: x.dot(x)), start, settings)
    rates = solution.history.column("learning_rate")[1:]
    assert len(rates) == iterations
    assert ((rates >= 0) & (rates <= 0.01 * (1 + 1e-12))).all()
