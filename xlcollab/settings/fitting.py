"""What is asked of a fit: the model's shape and how it is trained. Frozen, checked when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated

from xlcollab.errors import UsageError
from xlcollab.settings import optimizers
from xlcollab.settings.methods import METHODS
from xlcollab.settings.optimizers import GRADIENT_RULES, OPTIMIZERS
from xlcollab.settings.option import (
    BELOW_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    Option,
    Range,
    check,
    plain,
    whole,
)
from xlcollab.settings.recipes import IMPLICIT, Kind, Profile, Recipe, recipe_of
from xlcollab.settings.schedules import SUMMARIES as SCHEDULE_WORDS
from xlcollab.settings.words import CONFIDENCES, DRAWS, DTYPES, FIT_DEVICES, LOSSES, SCALINGS

MODEL = "The model"
NET = "A net instead of the dot product"
START = "The start"
TRAINING = "Training"
RULE = "Gradient rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The model: rating ≈ global bias + user bias + item bias + user factors · item factors.

    With `hidden_sizes` the dot product gives way to a net on the concatenated embeddings of user,
    item and `side_columns`: embeddings → dropout → (linear → ReLU → dropout) per hidden size →
    linear → output. Biases are added to the output of either.

    Raises UsageError on an impossible value or combination.
    """

    n_factors: Annotated[int, Option("Latent factors.", whole(0, 4096), group=MODEL)] = 50
    implicit: Annotated[
        bool,
        Option(
            "Learn from counts, purchases or 0/1 what is taken up, not how it is rated.",
            flags=("--implicit",),
            group=MODEL,
        ),
    ] = False
    """By "als", weighted (Hu, Koren and Volinsky 2008), or "bpr"; what is predicted then is a
    preference."""
    bias: Annotated[bool, Option("A bias for every user and item.", group=MODEL)] = True
    global_bias: Annotated[
        bool, Option("The mean of the training ratings as a start; fixed.", group=MODEL)
    ] = True
    output_range: Annotated[
        tuple[float, float] | None,
        Option(
            "Squash into LOW HIGH by a sigmoid.",
            flags=("--range",),
            metavar="LOW HIGH",
            group=MODEL,
        ),
    ] = None
    range_margin: Annotated[
        float | None,
        Option(
            "Squash into the range of the ratings and this share of it more at either end.",
            NOT_NEGATIVE,
            group=MODEL,
        ),
    ] = None
    padding: Annotated[
        float, Option("Widens --range on both sides.", NOT_NEGATIVE, group=MODEL)
    ] = 0.0
    learn_padding: Annotated[
        bool, Option("Train the padding too.", flags=("--learn-padding",), group=MODEL)
    ] = False
    clip_output: Annotated[
        bool,
        Option("Cut predictions to the range of the training ratings.", group=MODEL),
    ] = True
    """Only without an `output_range`."""
    hidden_sizes: Annotated[
        tuple[int, ...],
        Option(
            "A hidden layer; repeatable.",
            whole(1, 65536),
            flags=("--hidden",),
            metavar="SIZE",
            group=NET,
        ),
    ] = ()
    embedding_dropout: Annotated[
        float, Option("Share of embeddings dropped.", BELOW_ONE, group=NET)
    ] = 0.0
    hidden_dropouts: Annotated[
        tuple[float, ...],
        Option(
            "Share of a hidden layer dropped; one for each.",
            BELOW_ONE,
            flags=("--hidden-dropout",),
            metavar="SHARE",
            group=NET,
        ),
    ] = ()
    side_columns: tuple[str, ...] = ()
    """Extra columns of the ratings table that the net embeds."""
    side_factors: Annotated[
        int, Option("Width of the embedding of a further column.", whole(1, 4096), group=NET)
    ] = 8
    init: Annotated[str, Option("How weights are drawn.", words=DRAWS, group=START)] = "normal"
    init_scale: Annotated[
        float | None, Option("How wide they are drawn.", NOT_NEGATIVE, group=START)
    ] = None
    """Standard deviation (normal), upper end from 0 (uniform), factor on √(2 / n_factors)
    (kaiming). None: 0.005, 1 and 1."""
    dtype: Annotated[str, Option("In what precision.", words=DTYPES, group=MODEL)] = "float32"

    def __post_init__(self) -> None:
        plain(self)
        check(self)
        if self.implicit:
            self._check_implicit()
        if self.output_range is not None and self.range_margin is not None:
            raise UsageError("output_range and range_margin exclude each other; give one")
        if self.output_range and not self.output_range[0] < self.output_range[1]:
            low, high = self.output_range
            raise UsageError(
                f"the range of predictions, {low:g} to {high:g}, must rise from low to high"
            )
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

    def _check_implicit(self) -> None:
        if self.output_range is not None or self.range_margin is not None or self.learn_padding:
            raise UsageError(
                "an implicit model predicts preferences, which have no range; leave the range out"
            )
        if self.hidden_sizes:
            raise UsageError(
                "implicit feedback is learned by factors (als, bpr), not by a net; leave "
                "hidden_sizes out"
            )

    @property
    def kind(self) -> Kind:
        """What recipes tell apart."""
        if self.hidden_sizes:
            return "net"
        return "dot" if self.output_range is None and self.range_margin is None else "range"

    def on(self, seen: tuple[float, float]) -> ModelSettings:
        """The same with a margin as a range, for ratings that were seen in a range."""
        if self.range_margin is None:
            return self
        margin = self.range_margin * (seen[1] - seen[0]) or 0.5
        bounds = (seen[0] - margin, seen[1] + margin)
        return replace(self, output_range=bounds, range_margin=None)

    @property
    def is_closed_form(self) -> bool:
        """Whether the gradients have the closed form that the fused kernels compute."""
        return not self.hidden_sizes and not self.learn_padding


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How to train. None means: as the recipe for the optimizer, model and batch says.

    L2 adds λ·w to the gradient of a row: as `l2_scaling` says, and once a rating under "als".

    Raises UsageError on an impossible value, or one that the optimizer does not use.
    """

    optimizer: Annotated[
        str,
        Option(
            "How weights are learned.",
            words=optimizers.SUMMARIES,
            also=("--method",),
            group=TRAINING,
            otherwise="by --quality",
        ),
    ] = "sgd"
    epochs: Annotated[
        int | None, Option("Passes over the ratings.", whole(0, 10**9), group=TRAINING)
    ] = None
    learning_rate: Annotated[
        float | None, Option("Step size.", NOT_NEGATIVE, also=("--lr",), group=TRAINING)
    ] = None
    bias_rate: Annotated[
        float | None,
        Option("Share of the learning rate that biases take.", NOT_NEGATIVE, group=TRAINING),
    ] = None
    batch_size: Annotated[
        int | None,
        Option("Ratings per step; all unless given.", whole(1, 2**31), also=("--bs",), group=RULE),
    ] = None
    loss: Annotated[str, Option("What is descended.", words=LOSSES, group=RULE)] = "mse"
    l2_factors: Annotated[
        float | None,
        Option("L2 on the factors.", NOT_NEGATIVE, flags=("--l2-factors",), group=TRAINING),
    ] = None
    l2_biases: Annotated[
        float | None,
        Option("L2 on the biases.", NOT_NEGATIVE, flags=("--l2-biases",), group=TRAINING),
    ] = None
    l2_scaling: Annotated[
        str | None,
        Option("How often L2 counts on a row.", words=SCALINGS, group=TRAINING),
    ] = None
    """ "step" adds λ·w to the gradient of a step; "root", "three-quarters" and "rating" add λ·√n·w,
    λ·n^¾·w and λ·n·w, n the ratings of a row, to that of ½ Σ error², whose scale the loss then
    changes along. None where a penalty is given: "step", for "sgd", whose steps are single ratings,
    "rating"."""
    standardize: Annotated[
        bool | None,
        Option(
            "Train on ratings of mean 0 and deviation 1, undone in the model.",
            group=TRAINING,
            otherwise="unless a learning rate is given",
        ),
    ] = None
    """The same is then learned on every scale; a learning rate that is given is meant in the
    ratings' own units."""
    alpha: Annotated[
        float | None,
        Option(
            "How sure a count makes (with --implicit): confidence 1 + alpha · count, else 1.",
            NOT_NEGATIVE,
            group=TRAINING,
        ),
    ] = None
    confidence: Annotated[
        str | None,
        Option(
            "How confidence grows with a count (with --implicit).",
            words=CONFIDENCES,
            group=TRAINING,
        ),
    ] = None
    weight_decay_factors: Annotated[
        float | None, Option("Decoupled decay of the factors.", NOT_NEGATIVE, group=RULE)
    ] = None
    """AdamW: w ← w · (1 − learning_rate · weight_decay) before a step."""
    weight_decay_biases: Annotated[
        float | None, Option("Decoupled decay of the biases.", NOT_NEGATIVE, group=RULE)
    ] = None
    schedule: Annotated[
        str | None, Option("How the learning rate moves.", words=SCHEDULE_WORDS, group=TRAINING)
    ] = None
    """Over the epochs; over the steps in batches."""
    cycles: Annotated[
        int, Option("How often the schedule starts anew.", whole(1, 10**6), group=TRAINING)
    ] = 1
    momentum: Annotated[
        float | None,
        Option("Share of the last step that is kept.", BELOW_ONE, also=("--mom",), group=RULE),
    ] = None
    beta1: Annotated[
        float | None, Option("Decay of the mean of gradients.", BELOW_ONE, group=RULE)
    ] = None
    beta2: Annotated[
        float | None, Option("Decay of the mean of squared gradients.", BELOW_ONE, group=RULE)
    ] = None
    rho: Annotated[
        float | None, Option("Decay of the mean of squared gradients.", BELOW_ONE, group=RULE)
    ] = None
    epsilon: Annotated[
        float | None,
        Option("Added to the root in the denominator.", NOT_NEGATIVE, also=("--eps",), group=RULE),
    ] = None
    clip: Annotated[
        float | None,
        Option("Shortens the gradient of a step to at most this norm.", POSITIVE, group=RULE),
    ] = None
    patience: Annotated[
        int | None,
        Option(
            "Stop after so many epochs without a better validation error.",
            whole(1, 10**9),
            group=TRAINING,
        ),
    ] = None
    device: Annotated[
        str, Option("Where gradients are computed.", words=FIT_DEVICES, group=RULE)
    ] = "cpu"
    """Gradient rules: numba on the CPU, torch on a GPU; nets by torch on either."""
    restarts: Annotated[
        int, Option("Further starts; the best is kept.", whole(0, 10**6), group=TRAINING)
    ] = 0
    seed: Annotated[
        int, Option("Seed of every random draw.", Range(0, 2**63, "a whole number, 0 or more"))
    ] = 0

    def __post_init__(self) -> None:
        plain(self)
        check(self)
        for field in fields(self):
            asked = getattr(self, field.name) != field.default
            if asked and field.name not in OPTIMIZERS[self.optimizer].uses:
                users = [name for name, one in OPTIMIZERS.items() if field.name in one.uses]
                raise UsageError(
                    f"{self.optimizer} does not use {field.name}; leave it out, or choose an"
                    f" optimizer that does: {', '.join(users)}"
                )

    def resolved(
        self, model: ModelSettings | None = None, profile: Profile | None = None
    ) -> TrainingSettings:
        """The same with the recipe for this rule, model and batch in place of None."""
        used = OPTIMIZERS[self.optimizer].uses
        missing = {
            name: value
            for name, value in self.recipe(model, profile).items()
            if name in used and getattr(self, name) is None
        }
        return replace(self, **missing)

    def recipe(self, model: ModelSettings | None = None, profile: Profile | None = None) -> Recipe:
        """What None stands for; a penalty that is given counts once a step, as in torch."""
        if model is not None and model.implicit:
            return IMPLICIT.get(self.optimizer, {})
        kind: Kind = "dot" if model is None else model.kind
        found = recipe_of(self.optimizer, self.batch_size, kind, profile or Profile())
        is_rule = self.optimizer in GRADIENT_RULES
        penalised = self.l2_factors is not None or self.l2_biases is not None
        if self.learning_rate is not None or (self.optimizer == "als" and penalised):
            plain = OPTIMIZERS[self.optimizer].recipe
            return plain if is_rule else {**plain, "standardize": False}
        if penalised and self.l2_scaling is None and self.optimizer == "sgd":
            plain = OPTIMIZERS["sgd"].recipe
            return {**found, **{name: plain[name] for name in _PENALTIES}}
        if penalised and self.l2_scaling is None and is_rule:
            return {**found, "l2_factors": 0.0, "l2_biases": 0.0, "l2_scaling": "step"}
        return found

    @property
    def rule_options(self) -> Mapping[str, float]:
        """The options of a gradient rule: what was asked, else the defaults of its method."""
        defaults = METHODS[self.optimizer].options
        used = defaults.keys() & OPTIMIZERS[self.optimizer].uses
        asked = {name: getattr(self, name) for name in used}
        return {name: defaults[name] if asked[name] is None else asked[name] for name in used}


_PENALTIES = ("l2_factors", "l2_biases", "l2_scaling")
"""What goes together: a penalty means nothing without how often it counts."""

QUALITIES: Mapping[str, Mapping[str, int | str]] = {
    "fast": {"optimizer": "sgd", "n_factors": 50},
    # With the bias a row has 16 unknowns, which fill vectors of 8: twice as fast as one more.
    "best": {"optimizer": "gibbs", "n_factors": 15},
}
"""What "quality" stands for: the quickest recipe, or Bayesian averaging."""
_IMPLICIT_FACTORS = 40
"""What `fit --implicit` takes where nothing is said."""

NAMED: Mapping[str, Mapping[str, object]] = {
    # The dot product of fastai's collab_learner: AdamW in batches of 64 within a sigmoid's range,
    # one cycle of 5 epochs. In place of its decay stands L2 by the root of a row's ratings.
    "fastai": {
        "optimizer": "adamw",
        "n_factors": 50,
        "range_margin": 0.125,
        "init_scale": 0.02,
        "epochs": 5,
        "batch_size": 64,
        "learning_rate": 0.006,
        "schedule": "one-cycle",
        "l2_factors": 1.04,
        "l2_biases": 0.4,
        "l2_scaling": "root",
        "weight_decay_factors": 0.0,
        "weight_decay_biases": 0.0,
        "standardize": True,
    },
}
"""Sets of settings by name: what `--recipe` takes."""


def defaults(quality: str, recipe: str | None, given: Mapping[str, object]) -> dict[str, object]:
    """Settings that a quality or a named recipe stands for, for what is not `given`.

    A net that is asked for without a rule is trained by Adam, an implicit model by weighted least
    squares. Raises UsageError on an unknown name, and on what an implicit model or a net has not.
    """
    for kind, name, known in (("quality", quality, QUALITIES), ("recipe", recipe, NAMED)):
        if name is not None and name not in known:
            raise UsageError(f"{kind} is {name!r}; choose one of {', '.join(known)}")
    values = {**QUALITIES[quality], **({} if recipe is None else NAMED[recipe])}
    if given.get("implicit"):
        return {**values, **_implicit(quality, recipe, given)}
    by_autograd = given.get("hidden_sizes") or given.get("learn_padding")
    if by_autograd and given.get("optimizer") is None and values["optimizer"] not in GRADIENT_RULES:
        if quality == "best":
            raise UsageError("quality best draws factors, which no net has; leave it out")
        values["optimizer"] = "adam"
    return values


IMPLICIT_RULES = tuple(IMPLICIT)
"""The optimizers that learn what is taken up."""


def _implicit(quality: str, recipe: str | None, given: Mapping[str, object]) -> dict[str, object]:
    """What stands for the optimizer of an implicit model; UsageError for what it cannot be."""
    if quality != "fast" or recipe is not None:
        asked = f"quality {quality}" if recipe is None else f"recipe {recipe}"
        raise UsageError(f"{asked} is for ratings; with implicit choose als or bpr as optimizer")
    if given.get("optimizer") not in (None, *IMPLICIT_RULES):
        raise UsageError(
            f"{given['optimizer']} learns ratings; implicit feedback is learned by "
            f"{' or '.join(IMPLICIT_RULES)}"
        )
    return {"optimizer": IMPLICIT_RULES[0], "n_factors": _IMPLICIT_FACTORS}
