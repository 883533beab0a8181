"""The settings of a run: frozen, checked, with the names the field uses."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

from xlcollab.errors import UsageError

MethodName = Literal[
    "auto",
    "gd",
    "momentum",
    "nesterov",
    "adagrad",
    "rmsprop",
    "adam",
    "adamw",
    "lbfgs",
    "lm",
    "highs",
]
ScheduleName = Literal["constant", "cosine", "one-cycle", "step", "exponential"]
InitName = Literal["keep", "uniform", "normal", "kaiming"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to optimise. None means: the default of the method or schedule that is used.

    An option that the chosen method or schedule does not use is refused by `solve` rather than
    ignored.

    Raises:
        UsageError: an impossible value; the message names the option and the value.
    """

    method: MethodName = "auto"
    iterations: int | None = None
    """The most steps to take, in each restart."""
    tolerance: float | None = None
    """Stop when the gradient, or the relative change of the objective in five steps in a row, is
    below it. 0, the default of first-order methods, never stops early, as torch.optim."""

    time_limit: float | None = None
    """Seconds after which the run ends with the best it has."""
    gap: float | None = None
    """`highs`, whole numbers: stop when (objective − bound) / objective is below it. None: 0."""
    gap_grace: float = 0.0
    """`highs`: seconds for which the search goes on below the gap, most proofs being close then."""
    node_limit: int | None = None
    """`highs`, whole numbers: the most subproblems."""
    solution_limit: int | None = None
    """`highs`, whole numbers: the most improving solutions."""

    learning_rate: float | None = None
    momentum: float | None = None
    """`momentum`, `nesterov`: the share of the last step that is kept."""
    dampening: float | None = None
    """`momentum`: the gradient enters with weight 1 - dampening (the averaged form of a lesson
    is dampening = momentum)."""
    beta1: float | None = None
    """`adam`, `adamw`: decay of the mean of gradients."""
    beta2: float | None = None
    """`adam`, `adamw`: decay of the mean of squared gradients."""
    rho: float | None = None
    """`rmsprop`: decay of the mean of squared gradients (torch calls it alpha)."""
    epsilon: float | None = None
    """`adagrad`, `rmsprop`, `adam`, `adamw`: added to the root in the denominator."""
    weight_decay: float | None = None
    """First-order methods, decoupled: x ← x · (1 - rate · weight_decay) before each step, as in
    AdamW (Loshchilov and Hutter 2019)."""
    clip: float | None = None
    """First-order methods: the gradient is shortened to at most this norm, penalty included."""
    l2: float = 0.0
    """Penalty l2 / 2 · ‖x‖², whose gradient is l2 · x: torch.optim's coupled weight_decay."""

    schedule: ScheduleName = "constant"
    gamma: float | None = None
    """`step`, `exponential`: the factor on the rate."""
    step_size: int | None = None
    """`step`: iterations between two drops."""
    eta_min: float | None = None
    """`cosine`: the rate at the end."""
    pct_start: float | None = None
    """`one-cycle`: the part of the iterations in which the rate rises."""
    div_factor: float | None = None
    """`one-cycle`: the learning rate (its peak) over the rate at the start."""
    final_div_factor: float | None = None
    """`one-cycle`: the rate at the start over the rate at the end."""

    seed: int = 0
    restarts: int = 0
    """Runs from further starts, drawn with `seed`; the best end is the solution."""
    init: InitName = "keep"
    """The start: the given weights, or drawn anew. Restarts of `keep` are drawn around them."""
    init_scale: float | None = None
    """Width of the draw: [0, scale) for uniform, standard deviation for normal; a factor on the
    standard deviation for kaiming and for the restarts of keep."""
    scale: bool | None = None
    """Measure each variable by its start. lbfgs does unless told otherwise, first-order methods
    only when told to."""
    history_every: int = 1
    """Record every so many iterations; 0 records the start and the end alone."""

    def __post_init__(self) -> None:
        for name, names in (("method", MethodName), ("schedule", ScheduleName), ("init", InitName)):
            _check_choice(name, getattr(self, name), get_args(names))
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and field.name in _RANGES:
                _check_range(field.name, value, *_RANGES[field.name])


_WHOLE = frozenset(
    {"iterations", "node_limit", "solution_limit", "step_size", "seed", "restarts", "history_every"}
)
_BELOW_ONE = math.nextafter(1.0, 0.0)
_TINY = math.ulp(0.0)
_MOST = 2.0**63 - 1024
_LARGEST = 1.7976931348623157e308
_RANGES: dict[str, tuple[float, float, str]] = {
    "iterations": (0, _MOST, "a whole number, 0 or more"),
    "tolerance": (0, _LARGEST, "a number, 0 or more"),
    "time_limit": (0, _LARGEST, "seconds, 0 or more"),
    "gap": (0, _LARGEST, "a fraction, 0 or more, such as 0.01"),
    "gap_grace": (0, _LARGEST, "seconds, 0 or more"),
    "node_limit": (1, _MOST, "a whole number, 1 or more"),
    "solution_limit": (1, _MOST, "a whole number, 1 or more"),
    "learning_rate": (0, _LARGEST, "a number, 0 or more"),
    "momentum": (0, _BELOW_ONE, "at least 0 and below 1"),
    "dampening": (0, 1, "between 0 and 1"),
    "beta1": (0, _BELOW_ONE, "at least 0 and below 1"),
    "beta2": (0, _BELOW_ONE, "at least 0 and below 1"),
    "rho": (0, _BELOW_ONE, "at least 0 and below 1"),
    "epsilon": (0, _LARGEST, "a number, 0 or more"),
    "weight_decay": (0, _LARGEST, "a number, 0 or more"),
    "clip": (_TINY, _LARGEST, "a number above 0"),
    "l2": (0, _LARGEST, "a number, 0 or more"),
    "gamma": (_TINY, 1, "above 0 and at most 1"),
    "step_size": (1, _MOST, "a whole number, 1 or more"),
    "eta_min": (0, _LARGEST, "a number, 0 or more"),
    "pct_start": (0, 1, "between 0 and 1"),
    "div_factor": (1, _LARGEST, "a number, 1 or more"),
    "final_div_factor": (1, _LARGEST, "a number, 1 or more"),
    "seed": (0, _MOST, "a whole number, 0 or more"),
    "restarts": (0, _MOST, "a whole number, 0 or more"),
    "init_scale": (_TINY, _LARGEST, "a number above 0"),
    "history_every": (0, _MOST, "a whole number, 0 or more"),
}


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} is {value!r}; choose one of {', '.join(choices)}")


def _check_range(name: str, value: object, least: float, most: float, wanted: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or (isinstance(value, float) and name not in _WHOLE)
    if not number or not least <= value <= most:  # type: ignore[operator]
        raise UsageError(f"{name} is {value!r}; expected {wanted}")
