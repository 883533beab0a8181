"""What is asked of a run: the model's shape and how it is trained. Frozen, checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from xlcollab.errors import UsageError

Optimizer = Literal[
    "sgd", "als", "gibbs", "gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"
]
Loss = Literal["mse", "rmse", "sse"]
Schedule = Literal["constant", "cosine", "one-cycle", "step", "exponential"]
Device = Literal["cpu", "cuda"]
Init = Literal["normal", "uniform", "kaiming"]

GRADIENT_RULES = ("gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The model: rating ≈ global bias + user bias + item bias + user factors · item factors.

    With `hidden_sizes` the dot product gives way to a net on the concatenated embeddings of user,
    item and `side_columns`: embeddings → dropout → (linear → ReLU → dropout) per hidden size →
    linear → output. Biases are added to the output of either.

    Raises UsageError on an impossible value or combination.
    """

    n_factors: int = 50
    bias: bool = True
    """A bias for every user and item."""
    global_bias: bool = True
    """The mean of the training ratings; fixed, not trained."""
    output_range: tuple[float, float] | None = None
    """Outputs pass a sigmoid that spans this range, widened by `padding` on both sides."""
    padding: float = 0.0
    learn_padding: bool = False
    """Train the padding, from `padding` on."""
    clip_output: bool = True
    """Without an `output_range`: cut predictions to the range of the training ratings."""
    hidden_sizes: tuple[int, ...] = ()
    embedding_dropout: float = 0.0
    hidden_dropouts: tuple[float, ...] = ()
    """One for every hidden size; empty for none."""
    side_columns: tuple[str, ...] = ()
    """Extra columns of the ratings table that the net embeds."""
    side_factors: int = 8
    """The width of the embedding of every side column."""
    init: Init = "normal"
    init_scale: float | None = None
    """Standard deviation (normal), upper end from 0 (uniform), factor on √(2 / n_factors)
    (kaiming). None: 0.005, 1 and 1."""
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        _check_fields(self, {"init": Init})
        if self.output_range and not self.output_range[0] < self.output_range[1]:
            raise UsageError(f"output_range {self.output_range} must rise from low to high")
        if (self.learn_padding or self.padding) and self.output_range is None:
            raise UsageError("padding widens an output_range; give the range too")
        if self.side_columns and not self.hidden_sizes:
            raise UsageError("side_columns feed the net; give hidden_sizes too, such as (100,)")
        if self.hidden_dropouts and len(self.hidden_dropouts) != len(self.hidden_sizes):
            raise UsageError(
                f"{len(self.hidden_dropouts)} hidden_dropouts for {len(self.hidden_sizes)} "
                "hidden_sizes; give one for each"
            )
        if self.embedding_dropout and not self.hidden_sizes:
            raise UsageError("embedding_dropout belongs to the net; give hidden_sizes too")

    @property
    def is_closed_form(self) -> bool:
        """Whether the gradients have the closed form that the fused kernels compute."""
        return not self.hidden_sizes and not self.learn_padding


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How to train. None means: as the recipe of the optimizer says (see RECIPES).

    Optimizers: "sgd" updates after every single rating; "als" solves each side exactly in turn;
    "gibbs" draws factors from their posterior and averages (Bayesian averaging); the rest are the
    rules of torch.optim, on all ratings at once or on batches. L2 adds λ·w to the gradient of a
    row: once a step under the gradient rules, once a rating under "sgd" and "als".

    Raises UsageError on an impossible value.
    """

    optimizer: Optimizer = "sgd"
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    """Ratings per step of a gradient rule; None for all at once."""
    loss: Loss = "mse"
    """What the gradient rules descend: the mean squared error, its root, or half the sum of
    squared errors."""
    l2_factors: float | None = None
    l2_biases: float | None = None
    weight_decay_factors: float | None = None
    """Decoupled (AdamW): w ← w · (1 − learning_rate · weight_decay) before a step."""
    weight_decay_biases: float | None = None
    schedule: Schedule | None = None
    """How the learning rate goes over the epochs; over the steps in batches."""
    cycles: int = 1
    """The schedule starts anew so many times: cosine with restarts."""
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    rho: float = 0.99
    epsilon: float | None = None
    """None: 1e-10 for adagrad, else 1e-8."""
    clip: float | None = None
    """The largest norm the gradient of a step may have."""
    patience: int | None = None
    """Stop after so many epochs without a better validation RMSE; None never stops early."""
    device: Device = "cpu"
    """Where gradient rules compute: numba on the CPU, torch on a GPU; nets by torch on either."""
    restarts: int = 0
    """Further runs from other seeds; the best is kept."""
    seed: int = 0

    def __post_init__(self) -> None:
        _check_fields(
            self, {"optimizer": Optimizer, "loss": Loss, "schedule": Schedule, "device": Device}
        )
        for field in fields(self):
            asked = getattr(self, field.name) != field.default
            if asked and field.name not in USED[self.optimizer]:
                raise UsageError(f"{self.optimizer} does not use {field.name}; leave it out")

    def resolved(self) -> TrainingSettings:
        """The same with the recipe of the optimizer in place of every None that it fills."""
        recipe = RECIPES[self.optimizer]
        return replace(
            self, **{name: value for name, value in recipe.items() if getattr(self, name) is None}
        )


_COMMON = frozenset({"optimizer", "epochs", "patience", "restarts", "seed"})
_PENALTY = frozenset({"l2_factors", "l2_biases"})
_RATE = frozenset({"learning_rate", "schedule", "cycles"})
_GRADIENT = (
    _COMMON
    | _PENALTY
    | _RATE
    | {"batch_size", "loss", "clip", "device", "weight_decay_factors", "weight_decay_biases"}
)
USED: Mapping[Optimizer, frozenset[str]] = {
    "sgd": _COMMON | _PENALTY | _RATE,
    "als": _COMMON | _PENALTY,
    "gibbs": _COMMON,
    "gd": _GRADIENT,
    "momentum": _GRADIENT | {"momentum"},
    "nesterov": _GRADIENT | {"momentum"},
    "adagrad": _GRADIENT | {"epsilon"},
    "rmsprop": _GRADIENT | {"rho", "epsilon"},
    "adam": _GRADIENT | {"beta1", "beta2", "epsilon"},
    "adamw": _GRADIENT | {"beta1", "beta2", "epsilon"},
}
"""The settings that an optimizer uses; any other is refused rather than ignored."""


def _gradient(learning_rate: float, **others: Any) -> Mapping[str, Any]:
    return {
        "learning_rate": learning_rate,
        "epochs": 100,
        "schedule": "constant",
        "l2_factors": 0.0,
        "l2_biases": 0.0,
        "weight_decay_factors": 0.0,
        "weight_decay_biases": 0.0,
    } | others


RECIPES: Mapping[Optimizer, Mapping[str, Any]] = {
    # sgd, als and gibbs: found on the MovieLens 100k splits u2 to u5.
    "sgd": {
        "learning_rate": 0.044,
        "epochs": 22,
        "schedule": "cosine",
        "l2_factors": 0.061,
        "l2_biases": 0.04,
    },
    "als": {"epochs": 15, "l2_factors": 0.11, "l2_biases": 0.04},
    "gibbs": {"epochs": 120},
    "gd": _gradient(1.0),
    "momentum": _gradient(1.0),
    "nesterov": _gradient(1.0),
    "adagrad": _gradient(0.1, epsilon=1e-10),
    "rmsprop": _gradient(0.01, epsilon=1e-8),
    "adam": _gradient(0.03, epsilon=1e-8),
    "adamw": _gradient(0.03, epsilon=1e-8, weight_decay_factors=0.01, weight_decay_biases=0.01),
}

QUALITIES: Mapping[str, Mapping[str, Any]] = {
    "fast": {"optimizer": "sgd", "n_factors": 50},
    # With the bias a row has 16 unknowns, which fill vectors of 8: twice as fast as one more.
    "best": {"optimizer": "gibbs", "n_factors": 15},
}
"""What "quality" stands for: the quickest recipe, or Bayesian averaging."""

_BELOW_ONE = math.nextafter(1.0, 0.0)
_RANGES: Mapping[str, tuple[float, float, str]] = {
    "n_factors": (0, 4096, "0 to 4096"),
    "padding": (0, math.inf, "0 or more"),
    "embedding_dropout": (0, _BELOW_ONE, "at least 0 and below 1"),
    "hidden_dropouts": (0, _BELOW_ONE, "at least 0 and below 1"),
    "hidden_sizes": (1, 65536, "1 to 65536"),
    "side_factors": (1, 4096, "1 to 4096"),
    "init_scale": (0, math.inf, "0 or more"),
    "epochs": (0, 10**9, "0 to 1000000000"),
    "learning_rate": (0, math.inf, "0 or more"),
    "batch_size": (1, 2**31, "1 to 2147483648"),
    "l2_factors": (0, math.inf, "0 or more"),
    "l2_biases": (0, math.inf, "0 or more"),
    "weight_decay_factors": (0, math.inf, "0 or more"),
    "weight_decay_biases": (0, math.inf, "0 or more"),
    "cycles": (1, 10**6, "1 to 1000000"),
    "momentum": (0, _BELOW_ONE, "at least 0 and below 1"),
    "beta1": (0, _BELOW_ONE, "at least 0 and below 1"),
    "beta2": (0, _BELOW_ONE, "at least 0 and below 1"),
    "rho": (0, _BELOW_ONE, "at least 0 and below 1"),
    "epsilon": (0, math.inf, "0 or more"),
    "clip": (math.ulp(0.0), math.inf, "above 0"),
    "patience": (1, 10**9, "1 to 1000000000"),
    "restarts": (0, 10**6, "0 to 1000000"),
    "seed": (0, 2**63, "0 or more"),
}
_WHOLE = frozenset({"n_factors", "hidden_sizes", "side_factors", "epochs", "batch_size"}) | {
    "cycles",
    "patience",
    "restarts",
    "seed",
}


def _check_fields(settings: Any, choices: Mapping[str, Any]) -> None:
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in choices and value is not None:
            _check_choice(field.name, value, get_args(choices[field.name]))
        if field.name in _RANGES and value is not None:
            for one in value if isinstance(value, tuple) else (value,):
                _check_range(field.name, one)


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}; choose one of {', '.join(allowed)}")


def _check_range(name: str, value: Any) -> None:
    low, high, wanted = _RANGES[name]
    kinds = int if name in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        whole = "a whole number, " if name in _WHOLE else ""
        raise UsageError(f"{name} is {value!r}; expected {whole}{wanted}")
