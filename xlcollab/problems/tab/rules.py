"""The epoch rules: what the lesson's `run` and `reset` buttons do, by what a tab is.

An epoch copies every pair at once, as the cells were last calculated, and recalculates; then the
annealing of the rule looks at the result. A reset takes its steps one by one and recalculates after
each. The orders are those of the lesson's macros; where its description leaves them open, they are
the ones that lead from the macros' constants to the values stored in the lesson's workbook.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "weight", "mean", "square", "count", "norm", "loss before", "loss before that", "divisor"
]
"""What the target of a copy pair is: a weight's start, a memory cell, or (eve) a term of feedback.

"norm" is the size of a gradient over the last epoch, by which adagrad divides in the next; "count"
is the number of steps taken.
"""
CellRole = Literal[
    "learning rate",
    "loss",
    "growth",
    "growth limit",
    "ratio",
    "size",
    "smallest size",
    "feedback decay",
]
"""Single cells that a rule looks at or changes."""
Annealing = Literal["none", "halving", "quartering"]
Kind = Literal[
    "sgd",
    "momentum",
    "adagrad",
    "rmsprop",
    "adam",
    "eve",
    "adagrad_ann",
    "adam_ann",
    "nesterov",
    "adagrad by row",
    "adam corrected",
    "adamw",
    "momentum fading",
    "other",
]
"""`LESSON_KINDS` are the lesson's; the others are those of textbooks, or "other"."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a number into every target of a role, or into a single cell."""

    role: Role | CellRole
    value: float


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy the pairs of these roles together, then recalculate."""

    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Write `scales[i]` times the cell `source` into `targets[i]`, then recalculate."""

    source: CellRole
    targets: tuple[Role | CellRole, ...]
    scales: tuple[float, ...]


ResetStep = Put | Copy | Take


@dataclass(frozen=True, slots=True)
class EpochRule:
    """What a kind of tab is called, how it anneals, and how it is reset."""

    name: str
    annealing: Annealing
    reset: tuple[ResetStep, ...]
    names: tuple[str, ...] = ()
    """Names of the lesson's that its epoch copies by, besides those of the weights."""


_WEIGHTS = Put("weight", 1.0)
_SQUARES = Put("square", 10_000.0)
_MEANS = Put("mean", 0.0)
RESET_TO_ZERO: tuple[ResetStep, ...] = (Put("square", 0.0), _MEANS, Put("count", 0.0), _WEIGHTS)
"""Memories as torch.optim starts them; settings stay as they are typed."""
_ADAM = (_SQUARES, _MEANS, _WEIGHTS, Put("learning rate", 1.0))
_ADAM_RESET = (*_ADAM, Copy(("square",)), Copy(("mean",)), Copy(("square",)), Copy(("mean",)))

_NORM_NAMES = ("gradtarget", "histgrad")
_SQUARE_NAMES = ("gradtarget", "ms_last")
_MEAN_NAMES = ("momtarget", "momlast")
_COUNT_NAMES = ("counttarget", "countlast")

RULES: Mapping[Kind, EpochRule] = {
    "sgd": EpochRule("sgd", "none", (_WEIGHTS,)),
    "momentum": EpochRule(
        "momentum",
        "none",
        (_MEANS, _WEIGHTS, Put("learning rate", 0.0001), Copy(("mean",))),
        names=_MEAN_NAMES,
    ),
    "adagrad": EpochRule(
        "adagrad per epoch",
        "none",
        (Put("norm", 10_000.0), _WEIGHTS, Copy(("norm",))),
        names=_NORM_NAMES,
    ),
    "rmsprop": EpochRule(
        "rmsprop",
        "none",
        (_SQUARES, _WEIGHTS, Copy(("square",)), Copy(("square",))),
        names=_SQUARE_NAMES,
    ),
    "adam": EpochRule(
        "adam without bias correction", "none", _ADAM_RESET, names=(*_SQUARE_NAMES, *_MEAN_NAMES)
    ),
    "eve": EpochRule(
        "eve",
        "none",
        (
            *_ADAM_RESET,
            Take("loss", ("loss before", "loss before that"), (1.0, 0.5)),
            Put("divisor", 1.0),
        ),
        names=(*_SQUARE_NAMES, *_MEAN_NAMES),
    ),
    "adagrad_ann": EpochRule(
        "adagrad per epoch, annealed by halving",
        "halving",
        (
            Put("norm", 1_000_000.0),
            _WEIGHTS,
            Put("growth limit", 100.0),
            Put("learning rate", 0.5),
        ),
        names=_NORM_NAMES,
    ),
    "adam_ann": EpochRule(
        "adam without bias correction, annealed by quartering",
        "quartering",
        (
            *_ADAM,
            Copy(("square", "mean")),
            Copy(("square", "mean")),
            Take("size", ("smallest size",), (1.0,)),
        ),
        names=(*_SQUARE_NAMES, *_MEAN_NAMES),
    ),
    "nesterov": EpochRule("nesterov", "none", RESET_TO_ZERO, names=_MEAN_NAMES),
    "adagrad by row": EpochRule("adagrad", "none", RESET_TO_ZERO, names=_SQUARE_NAMES),
    "adam corrected": EpochRule(
        "adam", "none", RESET_TO_ZERO, names=(*_SQUARE_NAMES, *_MEAN_NAMES, *_COUNT_NAMES)
    ),
    "adamw": EpochRule(
        "adamw", "none", RESET_TO_ZERO, names=(*_SQUARE_NAMES, *_MEAN_NAMES, *_COUNT_NAMES)
    ),
    "momentum fading": EpochRule(
        "momentum, annealed by the step", "none", RESET_TO_ZERO, names=(*_MEAN_NAMES, *_COUNT_NAMES)
    ),
    "other": EpochRule("not recognised", "none", RESET_TO_ZERO),
}


def reset_of(kind: Kind, *, as_lesson: bool, late_root: bool) -> tuple[ResetStep, ...]:
    """The reset of a tab of `kind`; the lesson's own numbers only where its formulas are the
    lesson's too (`as_lesson`).

    Memories of other tabs start at 0, but for squares of which a row divides by the root before it
    adds its own (`late_root`): those would divide by 0.
    """
    if as_lesson:
        return RULES[kind].reset
    return (_SQUARES, *RESET_TO_ZERO[1:]) if late_root else RESET_TO_ZERO


LESSON_KINDS: frozenset[Kind] = frozenset(
    ("sgd", "momentum", "adagrad", "rmsprop", "adam", "eve", "adagrad_ann", "adam_ann")
)
HALVING_LIMIT = 2.0
"""adagrad_ann halves the rate while the growth exceeds this many times the last one."""
QUARTERING_LIMIT = 2.0
"""adam_ann quarters the rate when the gradients' size exceeds this many times the smallest."""
