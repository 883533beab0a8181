"""Words that stand for something, each with its sentence, and older spellings of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

INITS: Mapping[str, str] = {
    "keep": "the given weights",
    "uniform": "drawn evenly from 0 up to the scale",
    "normal": "drawn around 0, the scale as standard deviation",
    "kaiming": "normal, narrower the more weights meet in a prediction",
}
DRAWS: Mapping[str, str] = {name: INITS[name] for name in ("normal", "uniform", "kaiming")}
"""What a factor model, which has no weights yet, can begin with."""
LOSSES: Mapping[str, str] = {
    "mse": "the mean squared error",
    "rmse": "its root",
    "sse": "half the sum of squared errors",
}
RANKINGS: Mapping[str, str] = {
    "mix": "the predicted rating and the item's popularity, weighed as was learned",
    "rating": "the predicted rating alone",
}
DEVICES: Mapping[str, str] = {
    "auto": "a GPU where one makes the run quicker, else the CPU",
    "cpu": "the processor",
    "cuda": "an NVIDIA GPU",
}
FIT_DEVICES: Mapping[str, str] = {name: DEVICES[name] for name in ("cpu", "cuda")}
DTYPES: Mapping[str, str] = {
    "float64": "about 16 digits, as cells have",
    "float32": "about 7 digits",
}
AGGREGATES: Mapping[str, str] = {
    "error": "a pair rated twice is refused",
    "mean": "its ratings are averaged",
    "sum": "its ratings are added",
    "last": "its latest rating counts",
}
QUALITY_WORDS: Mapping[str, str] = {
    "fast": "the quickest recipe",
    "best": "Bayesian averaging",
}
RECIPE_WORDS: Mapping[str, str] = {
    "fastai": "the dot product of fastai's lesson: AdamW in small batches, 5 epochs",
}
CONFIDENCES: Mapping[str, str] = {
    "linear": "in proportion to the count",
    "log": "with the logarithm of the count over the mean",
    "once": "the same for every count above 0",
}
SCALINGS: Mapping[str, str] = {
    "step": "once a step, as torch does",
    "root": "by the root of a row's ratings",
    "three-quarters": "by the power 3/4 of a row's ratings, between the root and once a rating",
    "rating": "once a rating",
}
ROWS: Mapping[str, str] = {
    "epoch": "a row of the history is an epoch",
    "step": "every step is recorded as well",
}
ANNEALINGS: Mapping[str, str] = {
    "halving": "the rate halves when an epoch's gradients grow, as the lesson's adagrad anneals",
    "quartering": "the rate quarters when they double, as the lesson's adam anneals",
}

SPELLINGS: Mapping[str, str] = {"sgd": "gd"}
"""Older names that `run` and `compare` still take. There `sgd` never meant one row a step: it is
`gd` on the rows of the batch size. As everywhere, `gd` follows the gradient of all rows or of a
batch; `sgd`, in `fit` and as what a tab is called, takes a step after every single row."""


TRUTHS: Mapping[bool, tuple[str, ...]] = {
    True: ("true", "yes", "on"),
    False: ("false", "no", "off"),
}
"""What people type for a switch, in any case; the first is what Excel has."""


def truth(typed: str) -> bool | None:
    """The switch that a text means; None where it means none."""
    said = typed.strip().casefold()
    return next((value for value, words in TRUTHS.items() if said in words), None)


def listed(words: Iterable[str], last: str = "or") -> str:
    """ "a, b or c": the words as a sentence has them."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
