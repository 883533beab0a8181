"""The options of the commands that work on ratings, with their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_DATA = "The ratings"
_TEST = "Held out for test (one of these)"
_MODEL = "The model"
_TRAINING = "Training"


class OptimizerChoice(StrEnum):
    """The names of `factor.settings.USED`, said here so that --help loads no torch."""

    SGD = "sgd"
    ALS = "als"
    GIBBS = "gibbs"
    GD = "gd"
    MOMENTUM = "momentum"
    NESTEROV = "nesterov"
    ADAGRAD = "adagrad"
    RMSPROP = "rmsprop"
    ADAM = "adam"
    ADAMW = "adamw"


class AggregateChoice(StrEnum):
    """What a pair that is rated twice becomes."""

    ERROR = "error"
    MEAN = "mean"
    SUM = "sum"
    LAST = "last"


class QualityChoice(StrEnum):
    FAST = "fast"
    BEST = "best"


class RatingsSchedule(StrEnum):
    CONSTANT = "constant"
    COSINE = "cosine"
    ONE_CYCLE = "one-cycle"
    STEP = "step"
    EXPONENTIAL = "exponential"


class RatingsInit(StrEnum):
    NORMAL = "normal"
    UNIFORM = "uniform"
    KAIMING = "kaiming"


Source = Annotated[
    Path,
    typer.Argument(help="A workbook, CSV, Parquet or MovieLens file.", show_default=False),
]
ModelFile = Annotated[Path, typer.Argument(help="What `xlcollab fit` wrote.", show_default=False)]
Sheet = Annotated[
    str | None, typer.Option(help="The sheet that holds the ratings.", rich_help_panel=_DATA)
]
Area = Annotated[
    str | None,
    typer.Option(help="Where they are, ids included: G1:V16.", rich_help_panel=_DATA),
]
UserColumn = Annotated[
    str | None, typer.Option(help="The user column's name.", rich_help_panel=_DATA)
]
ItemColumn = Annotated[
    str | None, typer.Option(help="The item column's name.", rich_help_panel=_DATA)
]
RatingColumn = Annotated[
    str | None, typer.Option(help="The rating column's name.", rich_help_panel=_DATA)
]
Duplicates = Annotated[
    AggregateChoice, typer.Option(help="A pair rated twice.", rich_help_panel=_DATA)
]

TestFile = Annotated[
    Path | None, typer.Option("--test", help="A file of ratings.", rich_help_panel=_TEST)
]
TestFraction = Annotated[float | None, typer.Option(help="A random part.", rich_help_panel=_TEST)]
TestByTime = Annotated[float | None, typer.Option(help="The latest part.", rich_help_panel=_TEST)]
LeaveOut = Annotated[
    int | None, typer.Option(help="K ratings of each user.", metavar="K", rich_help_panel=_TEST)
]
TestSplit = Annotated[
    str | None,
    typer.Option(help="Rows whose split column says this.", metavar="WORD", rich_help_panel=_TEST),
]

NFactors = Annotated[int | None, typer.Option(help="Latent factors.", rich_help_panel=_MODEL)]
Bias = Annotated[
    bool, typer.Option("--bias/--no-bias", help="User and item biases.", rich_help_panel=_MODEL)
]
OutputRange = Annotated[
    tuple[float, float] | None,
    typer.Option("--range", help="Squash into LOW HIGH by a sigmoid.", rich_help_panel=_MODEL),
]
Padding = Annotated[
    float, typer.Option(help="Widens --range on both sides.", rich_help_panel=_MODEL)
]
LearnPadding = Annotated[
    bool, typer.Option("--learn-padding", help="Train the padding too.", rich_help_panel=_MODEL)
]
Hidden = Annotated[
    list[int] | None,
    typer.Option(help="A hidden layer of a net; repeatable.", rich_help_panel=_MODEL),
]
Init = Annotated[RatingsInit, typer.Option(help="How weights are drawn.", rich_help_panel=_MODEL)]

Quality = Annotated[
    QualityChoice, typer.Option(help="best: Bayesian averaging.", rich_help_panel=_TRAINING)
]
Optimizer = Annotated[
    OptimizerChoice | None,
    typer.Option(help="Default: by --quality.", rich_help_panel=_TRAINING),
]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the ratings.", rich_help_panel=_TRAINING)
]
LearningRate = Annotated[float | None, typer.Option(help="Step size.", rich_help_panel=_TRAINING)]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Ratings per step of gradient methods.", rich_help_panel=_TRAINING),
]
L2Factors = Annotated[
    float | None,
    typer.Option("--l2-factors", help="L2 on the factors.", rich_help_panel=_TRAINING),
]
L2Biases = Annotated[
    float | None,
    typer.Option("--l2-biases", help="L2 on the biases.", rich_help_panel=_TRAINING),
]
Schedule = Annotated[
    RatingsSchedule | None,
    typer.Option(help="How the learning rate moves.", rich_help_panel=_TRAINING),
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Stop after so many epochs without a better validation error.",
        rich_help_panel=_TRAINING,
    ),
]
Clip = Annotated[
    float | None, typer.Option(help="Shorten gradients to this norm.", rich_help_panel=_TRAINING)
]
Restarts = Annotated[int, typer.Option(help="Further starts.", rich_help_panel=_TRAINING)]
Seed = Annotated[int, typer.Option(help="Seed of every draw.", rich_help_panel=_TRAINING)]
