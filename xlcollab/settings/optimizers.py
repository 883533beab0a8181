"""The optimizers of `fit`: which settings each uses, and the recipe that fills in what is left out.

`sgd` takes a step after every single rating; the rules of `METHODS` one after all ratings, or after
a batch of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xlcollab.settings.methods import METHODS, Method


@dataclass(frozen=True, slots=True)
class Optimizer:
    """The sentence on it; the settings it uses, any other is refused rather than ignored; and what
    stands for a setting that is None. For a gradient rule that is torch's own plain rule, for "sgd"
    the plain one of its papers, which hold where a learning rate is given; `recipes` has what holds
    otherwise."""

    summary: str
    uses: frozenset[str]
    recipe: Mapping[str, float | int | str]


_COMMON = frozenset({"optimizer", "epochs", "patience", "restarts", "seed", "standardize"})
_PENALTY = frozenset({"l2_factors", "l2_biases"})
_DECAY = frozenset({"weight_decay_factors", "weight_decay_biases"})
_RATE = frozenset({"learning_rate", "schedule", "cycles"})
_GRADIENT = (
    _COMMON | _PENALTY | _DECAY | _RATE | {"batch_size", "loss", "clip", "device", "l2_scaling"}
)
_OF_SOLVE_ALONE = frozenset({"dampening"})


def _of_rule(method: Method, rate: float) -> Optimizer:
    options = method.options.keys() - _OF_SOLVE_ALONE
    recipe: dict[str, float | int | str] = {
        "learning_rate": rate,
        "epochs": 100,
        "schedule": "constant",
        "l2_scaling": "step",
        "standardize": False,
        **dict.fromkeys(_PENALTY, 0.0),
        **dict.fromkeys(_DECAY, method.weight_decay),
        **{name: method.options[name] for name in options},
    }
    return Optimizer(method.summary, _GRADIENT | options, recipe)


OPTIMIZERS: Mapping[str, Optimizer] = {
    # The numbers of sgd, als and gibbs were found on the MovieLens 100k splits u2 to u5.
    "sgd": Optimizer(
        "gradient descent with a step after every single rating",
        _COMMON | _PENALTY | _RATE | {"l2_scaling", "bias_rate"},
        {
            "learning_rate": 0.0495,
            "bias_rate": 1.0,
            "epochs": 22,
            "schedule": "cosine",
            "l2_factors": 0.0542,
            "l2_biases": 0.04,
            "l2_scaling": "rating",
            "standardize": True,
        },
    ),
    "als": Optimizer(
        "each side solved exactly in turn",
        _COMMON | _PENALTY | {"alpha", "confidence"},
        {"epochs": 15, "l2_factors": 0.11, "l2_biases": 0.04, "standardize": True},
    ),
    "gibbs": Optimizer(
        "factors drawn from their posterior and averaged",
        _COMMON,
        {"epochs": 220, "standardize": True},
    ),
    # Found on u2 to u5 of the same, for what is taken up.
    "bpr": Optimizer(
        "items taken up ranked before others, pair by pair (needs --implicit)",
        (_COMMON - {"standardize"}) | _PENALTY | _RATE,
        {
            "learning_rate": 0.1,
            "epochs": 100,
            "schedule": "cosine",
            "l2_factors": 0.016,
            "l2_biases": 0.0015,
        },
    ),
    **{
        name: _of_rule(method, method.fit_rate)
        for name, method in METHODS.items()
        if method.fit_rate is not None
    },
}
SUMMARIES: Mapping[str, str] = {name: one.summary for name, one in OPTIMIZERS.items()}
GRADIENT_RULES: tuple[str, ...] = tuple(name for name in OPTIMIZERS if name in METHODS)
"""The optimizers that follow the gradient of all ratings, or of a batch."""
