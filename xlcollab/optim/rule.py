"""What a rule is: how one step is made. The loop, the schedules and the limits lie around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.solution import Status

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Stop:
    """A rule's own reason to end the run."""

    status: Status
    message: str
    limit: str = ""
    """Which limit ended a search over whole numbers: "gap", "solutions" or "nodes"."""


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """What one step gave."""

    point: Point
    state: S
    rate: float
    """The rate or step length that was used; NaN when the rule has none."""
    stop: Stop | None = None


class Rule(Protocol[S]):
    """Makes a state from the start, then one step after the other."""

    def init(self, evaluator: Evaluator, point: Point) -> S:
        """The state before the first step."""
        ...

    def step(self, evaluator: Evaluator, point: Point, state: S, rate: float) -> Step[S]:
        """One step from `point`; `rate` is the schedule's learning rate."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What a first-order rule remembers: steps made, and its buffers, each as large as the weights.

    The rule says how many there are and what each is called; before the first step all are 0.
    """

    count: int
    buffers: tuple[Tensor, ...]

    @staticmethod
    def before(rule: UpdateRule, weights: Tensor) -> Memory:
        """What `rule` remembers before its first step."""
        return Memory(0, tuple(torch.zeros_like(weights) for _ in rule.buffers))

    def after(self, *buffers: Tensor) -> Memory:
        """What is remembered after one more step."""
        return Memory(self.count + 1, buffers)


class UpdateRule(Protocol):
    """The first-order part: from a gradient to new weights, without evaluations.

    The operations are those of torch.optim in the same order, so that rounding is the same too:
    an oscillating run would amplify any difference.
    """

    buffers: ClassVar[tuple[str, ...]]
    """What is kept between steps, by name."""

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """The next weights, of the same shape, and what is remembered."""
        ...


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """A first-order rule with clipping, decoupled decay and projection on the bounds around it.

    The order is that of torch: clip the gradient, shrink the weights, move them.
    """

    rule: UpdateRule
    weight_decay: float = 0.0
    clip: float | None = None

    def init(self, evaluator: Evaluator, point: Point) -> Memory:
        """The rule's own memory."""
        del evaluator
        return Memory.before(self.rule, point.y)

    def step(self, evaluator: Evaluator, point: Point, state: Memory, rate: float) -> Step[Memory]:
        """Clip, decay, move, project, evaluate."""
        gradient = point.gradient if self.clip is None else clipped(point.gradient, self.clip)
        y = point.y * (1.0 - rate * self.weight_decay) if self.weight_decay else point.y
        y, state = self.rule.move(y, gradient, state, rate)
        return Step(evaluator.at(evaluator.project(y)), state, rate)


def clipped(gradient: Tensor, most: float) -> Tensor:
    """The gradient, shortened to a norm of at most `most`.

    The factor is that of torch.nn.utils.clip_grad_norm_, its 1e-6 included. Its shape stays.
    """
    factor = most / (torch.linalg.vector_norm(gradient) + 1e-6)
    return gradient * torch.clamp(factor, max=1.0)
