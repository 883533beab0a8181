"""How the learning rate changes over the iterations; the numbers of torch.optim.lr_scheduler.

A new schedule is a class here and its row in `SCHEDULES`; its fields are settings of a rule.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

Rate = Callable[[int], float]
"""From the iteration, 0 for the first step, to the learning rate."""


@dataclass(frozen=True, slots=True)
class Schedule(ABC):
    """A schedule; its fields are the settings it takes, with their defaults."""

    summary: ClassVar[str]

    @abstractmethod
    def rate(self, peak: float, iterations: int) -> Rate:
        """The rate at each of `iterations`, 1 or more, under the learning rate `peak`."""


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same rate throughout."""

    summary: ClassVar[str] = "the same rate throughout"

    def rate(self, peak: float, iterations: int) -> Rate:
        """`peak` at every iteration."""
        del iterations
        return lambda iteration: peak


@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """Half a cosine from the rate down to eta_min (Loshchilov and Hutter 2017).

    CosineAnnealingLR with T_max = iterations.
    """

    summary: ClassVar[str] = "half a cosine from the rate down to eta_min"
    eta_min: float = 0.0

    def rate(self, peak: float, iterations: int) -> Rate:
        """eta_min + (peak - eta_min) · (1 + cos(π · iteration / iterations)) / 2."""
        return lambda iteration: _cosine(peak, self.eta_min, iteration / iterations)


@dataclass(frozen=True, slots=True)
class OneCycle(Schedule):
    """Up to the rate, then far down (Smith and Topin 2019).

    OneCycleLR with total_steps = iterations, cosine arcs and cycle_momentum=False.
    """

    summary: ClassVar[str] = "up to the rate, then far down"
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def rate(self, peak: float, iterations: int) -> Rate:
        """From peak / div_factor to peak at pct_start, then to the start over final_div_factor."""
        first = peak / self.div_factor
        last = first / self.final_div_factor
        top = self.pct_start * iterations - 1.0
        end = iterations - 1.0

        def at(iteration: int) -> float:
            if iteration <= top:
                return _cosine(first, peak, iteration / top) if top > 0 else peak
            return _cosine(peak, last, (iteration - top) / (end - top))

        return at


@dataclass(frozen=True, slots=True)
class StepDecay(Schedule):
    """A drop every step_size iterations, a third of all unless given. StepLR."""

    summary: ClassVar[str] = "a drop every step_size iterations"
    gamma: float = 0.1
    step_size: int | None = None

    def rate(self, peak: float, iterations: int) -> Rate:
        """peak · gamma to the number of drops so far."""
        size = self.step_size or max(1, iterations // 3)
        return lambda iteration: peak * self.gamma ** (iteration // size)


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """A factor at every iteration. ExponentialLR."""

    summary: ClassVar[str] = "a factor at every iteration"
    gamma: float = 0.99

    def rate(self, peak: float, iterations: int) -> Rate:
        """peak · gamma to the iteration."""
        del iterations
        return lambda iteration: peak * self.gamma**iteration


SCHEDULES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "cosine": Cosine,
    "one-cycle": OneCycle,
    "step": StepDecay,
    "exponential": Exponential,
}
SUMMARIES: Mapping[str, str] = {name: schedule.summary for name, schedule in SCHEDULES.items()}


def schedule_options(name: str) -> frozenset[str]:
    """The names of the settings that a schedule uses."""
    return frozenset(field.name for field in fields(SCHEDULES[name]))


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * part)) / 2.0
