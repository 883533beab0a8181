"""What None stands for in the settings of a training: a recipe for each rule, model and batch.

Found on the MovieLens 100k splits u2 to u5, for ratings brought to mean 0 and deviation 1. A recipe
is a whole: with a learning rate of one's own a gradient rule is torch's plain rule, without any
penalty that is not asked for, on the ratings as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from xlcollab.settings.optimizers import GRADIENT_RULES, OPTIMIZERS

Kind = Literal["dot", "range", "net"]
"""A dot product, one within an output range, or a net."""
Batch = Literal["full", "mini"]
Recipe = Mapping[str, Any]

DESCENT = ("gd", "momentum", "nesterov")
"""Rules whose step grows with the gradient, and so with the ratings of a row."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a recipe must know of the ratings: how many, the most that one row has, and how many
    users and items there are."""

    n_ratings: int = 80_000
    most: int = 700
    users: int = 943
    items: int = 1_682

    @property
    def per_row(self) -> float:
        """Ratings of a row: the geometric mean of those of users and of items."""
        return self.n_ratings / math.sqrt(max(1, self.users * self.items))


_FEWEST = 16.0
"""Ratings of a row that a step is made for at least: a single one bears no step of its own size."""


@dataclass(frozen=True, slots=True)
class Bearable:
    """A learning rate as a share of the largest that the steps of a descent bear.

    The gradient of a row grows with its ratings in a batch: the mean squared error of B ratings of
    N bears a rate of about B over the ratings of the fullest row among them.
    """

    share: float

    def rate(self, profile: Profile, batch: int | None) -> float:
        """The learning rate on these ratings."""
        size = min(batch or profile.n_ratings, profile.n_ratings)
        expected = profile.most * size / profile.n_ratings
        return self.share * size / max(_FEWEST, expected + 3 * math.sqrt(expected))


@dataclass(frozen=True, slots=True)
class ByBatch:
    """A learning rate that grows with a power of the batch, from `rate` at 1,000 ratings."""

    at_1000: float
    power: float = 0.5

    def rate(self, profile: Profile, batch: int | None) -> float:
        """The learning rate for this batch."""
        size = min(batch or profile.n_ratings, profile.n_ratings)
        grown: float = (size / 1000) ** self.power
        return self.at_1000 * grown


def _recipe(
    rule: str, learning_rate: Any, epochs: int, l2: tuple[float, float], **more: float | str | bool
) -> Recipe:
    return {
        **OPTIMIZERS[rule].recipe,
        "learning_rate": learning_rate,
        "epochs": epochs,
        "l2_factors": l2[0],
        "l2_biases": l2[1],
        "l2_scaling": "root",
        "standardize": True,
        "weight_decay_factors": 0.0,
        "weight_decay_biases": 0.0,
        **more,
    }


_COSINE, _CYCLE = {"schedule": "cosine"}, {"schedule": "one-cycle"}
_ADAPTIVE = ("adagrad", "rmsprop", "adam", "adamw")
_FULL: Mapping[str, Recipe] = {
    "gd": _recipe("gd", Bearable(0.5), 600, (0.75, 1.0)),
    "momentum": _recipe("momentum", Bearable(0.17), 150, (0.75, 1.0)),
    "nesterov": _recipe("nesterov", Bearable(0.17), 150, (0.75, 1.0)),
    "rmsprop": _recipe("rmsprop", 0.0132, 107, (1.13, 0.06), **_COSINE),
    **{
        name: _recipe(name, 0.238, 96, (1.12, 0.61), **_COSINE)
        for name in ("adagrad", "adam", "adamw")
    },
}
_MINI: Mapping[str, Recipe] = {
    "gd": _recipe("gd", Bearable(0.66), 13, (0.72, 0.7), **_CYCLE),
    "momentum": _recipe("momentum", Bearable(0.066), 13, (0.72, 0.7), **_CYCLE),
    "nesterov": _recipe("nesterov", Bearable(0.066), 13, (0.72, 0.7), **_CYCLE),
    "adagrad": _recipe("adagrad", ByBatch(0.14), 12, (0.91, 0.08), **_CYCLE),
    **{
        name: _recipe(name, ByBatch(0.0377), 12, (1.04, 0.7), **_CYCLE)
        for name in ("rmsprop", "adam", "adamw")
    },
}
_NET: Mapping[str, Recipe] = {
    "gd": _recipe("gd", 0.3, 10, (1.0, 0.7), batch_size=64, **_CYCLE),
    "momentum": _recipe("momentum", 0.03, 10, (1.0, 0.7), batch_size=64, **_CYCLE),
    "nesterov": _recipe("nesterov", 0.03, 10, (1.0, 0.7), batch_size=64, **_CYCLE),
    "adagrad": _recipe("adagrad", ByBatch(0.1), 12, (0.91, 0.08), batch_size=512, **_CYCLE),
    "rmsprop": _recipe("rmsprop", ByBatch(0.014), 10, (0.7, 0.7), batch_size=512, **_CYCLE),
    "adam": _recipe("adam", ByBatch(0.028), 10, (0.7, 0.7), batch_size=512, **_CYCLE),
    "adamw": _recipe("adamw", ByBatch(0.028), 10, (0.7, 0.7), batch_size=512, **_CYCLE),
}
"""Steps on batches whatever is asked: a layer sees every rating, and all at once are too few."""
GRADIENT: Mapping[tuple[str, Batch, Kind], Recipe] = {
    **{(name, "full", "dot"): recipe for name, recipe in _FULL.items()},
    **{(name, "full", "range"): recipe for name, recipe in _FULL.items()},
    **{(name, "mini", "dot"): recipe for name, recipe in _MINI.items()},
    **{(name, "mini", "range"): recipe for name, recipe in _MINI.items()},
    **{(name, "mini", "net"): recipe for name, recipe in _NET.items()},
}


_OF_ROWS: Mapping[str, float] = {"l2_factors": 0.078, "l2_biases": 0.0019}
"""The penalties of "sgd" once a rating, on a row with as many ratings as rows have in the mean."""


def _per_rating(profile: Profile) -> Recipe:
    """That of "sgd". Biases that learn slower leave more to the factors, and a row of many ratings
    bears a smaller penalty once a rating: each was worth 0.001 to 0.002 of RMSE."""
    return {
        **OPTIMIZERS["sgd"].recipe,
        "learning_rate": 0.045,
        "bias_rate": 0.19,
        "epochs": 26,
        "l2_scaling": "three-quarters",
        **{name: value * profile.per_row**0.25 for name, value in _OF_ROWS.items()},
    }


def recipe_of(rule: str, batch_size: int | None, kind: Kind, profile: Profile) -> Recipe:
    """The settings that None stands for; torch's plain rule where none was found for the rule."""
    if rule == "sgd":
        return _per_rating(profile)
    if rule not in GRADIENT_RULES:
        return OPTIMIZERS[rule].recipe
    batch: Batch = "full" if batch_size is None and kind != "net" else "mini"
    found = dict(GRADIENT.get((rule, batch, kind), OPTIMIZERS[rule].recipe))
    if rule in DESCENT and batch_size is not None and kind != "net":
        found["epochs"] = round(found["epochs"] * math.sqrt(max(1.0, batch_size / 1000)))
    if not isinstance(found["learning_rate"], float):
        size = batch_size or found.get("batch_size")
        found["learning_rate"] = found["learning_rate"].rate(profile, size)
    return found


@dataclass(frozen=True, slots=True)
class Noise:
    """A penalty as a share of what chance alone puts into a factor.

    Without weights the penalty λ takes λ from every singular value of the table of 0 and 1, and a
    table drawn at random with density d has singular values up to √(d (1 − d)) (√users + √items)
    (Bai and Yin 1988). A pair that was taken up counts by its confidence.
    """

    share: float

    def penalty(self, n_taken: int, n_users: int, n_items: int, confidence: float) -> float:
        """λ for a table with so many pairs, whose mean confidence is given."""
        density = n_taken / (n_users * n_items)
        spread = math.sqrt(max(density * (1 - density), 1 / (n_users * n_items)))
        return self.share * confidence * spread * (math.sqrt(n_users) + math.sqrt(n_items))


IMPLICIT: Mapping[str, Recipe] = {
    "als": {
        "epochs": 15,
        "alpha": 2.5,
        "confidence": "linear",
        "standardize": False,
    },
    "bpr": OPTIMIZERS["bpr"].recipe,
}
"""The recipes for what is taken up, counts or 0/1; here alpha is that of the mean count, and the
penalty of als is `OF_NOISE`."""
OF_NOISE = Noise(0.57)


STARTS: Mapping[tuple[str, Batch, Kind], float] = {
    **{(name, "full", kind): 0.05 for name in _ADAPTIVE for kind in ("dot", "range")},
    **{(name, "mini", kind): 0.02 for name in GRADIENT_RULES for kind in ("dot", "range")},
    **{(name, "mini", "net"): 0.05 for name in GRADIENT_RULES},
}
"""Deviations of the first factors."""


def start_spread(rule: str, batch_size: int | None, kind: Kind) -> float | None:
    """The deviation of the first factors where the recipe names one."""
    batch: Batch = "full" if batch_size is None and kind != "net" else "mini"
    return STARTS.get((rule, batch, kind))
