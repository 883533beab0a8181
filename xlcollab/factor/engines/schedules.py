"""The learning rate over a run: the schedules of `optim`, and their restarts."""

from __future__ import annotations

from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.schedules import SCHEDULES, Rate


def learning_rates(settings: TrainingSettings, n_steps: int) -> Rate:
    """From the step, 0 … n_steps − 1, to the learning rate, under resolved settings.

    With c cycles the schedule runs c times over ⌈n_steps / c⌉ steps each: for the cosine that is
    SGDR (Loshchilov and Hutter 2017) with equal periods.
    """
    length = max(1, -(-n_steps // settings.cycles))
    schedule = SCHEDULES[settings.schedule or "constant"]()
    rate = schedule.rate(settings.learning_rate or 0.0, length)
    return lambda step: rate(step % length)
