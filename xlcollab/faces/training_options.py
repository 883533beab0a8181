"""The options of training a factor model, with their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xlcollab.faces.options import ScheduleChoice

_TRAINING = "Training"
_RULE = "Gradient rules"
_MEASURES = "Measures"
_PROCESSES = "Long runs, and several processes (torchrun)"


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


class RatingsDevice(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class QualityChoice(StrEnum):
    FAST = "fast"
    BEST = "best"


class LossChoice(StrEnum):
    MSE = "mse"
    RMSE = "rmse"
    SSE = "sse"


Quality = Annotated[
    QualityChoice, typer.Option(help="best: Bayesian averaging.", rich_help_panel=_TRAINING)
]
Optimizer = Annotated[
    OptimizerChoice | None, typer.Option(help="Default: by --quality.", rich_help_panel=_TRAINING)
]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the ratings.", rich_help_panel=_TRAINING)
]
LearningRate = Annotated[float | None, typer.Option(help="Step size.", rich_help_panel=_TRAINING)]
FindLearningRate = Annotated[
    bool,
    typer.Option(
        "--find-learning-rate",
        help="Try rates for a few epochs and take the best.",
        rich_help_panel=_TRAINING,
    ),
]
L2Factors = Annotated[
    float | None, typer.Option("--l2-factors", help="L2 on the factors.", rich_help_panel=_TRAINING)
]
L2Biases = Annotated[
    float | None, typer.Option("--l2-biases", help="L2 on the biases.", rich_help_panel=_TRAINING)
]
Schedule = Annotated[
    ScheduleChoice | None,
    typer.Option(help="How the learning rate moves.", rich_help_panel=_TRAINING),
]
Cycles = Annotated[
    int | None, typer.Option(help="How often the schedule starts anew.", rich_help_panel=_TRAINING)
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Stop after so many epochs without a better validation error.",
        rich_help_panel=_TRAINING,
    ),
]
Restarts = Annotated[
    int | None, typer.Option(help="Further starts; the best is kept.", rich_help_panel=_TRAINING)
]
BatchSize = Annotated[
    int | None, typer.Option(help="Ratings per step; default all.", rich_help_panel=_RULE)
]
Loss = Annotated[LossChoice | None, typer.Option(help="What is descended.", rich_help_panel=_RULE)]
WeightDecayFactors = Annotated[
    float | None, typer.Option(help="Decoupled decay of the factors.", rich_help_panel=_RULE)
]
WeightDecayBiases = Annotated[
    float | None, typer.Option(help="Decoupled decay of the biases.", rich_help_panel=_RULE)
]
Momentum = Annotated[
    float | None, typer.Option(help="momentum, nesterov: share kept.", rich_help_panel=_RULE)
]
Beta1 = Annotated[
    float | None,
    typer.Option("--beta1", help="adam: decay of the mean gradient.", rich_help_panel=_RULE),
]
Beta2 = Annotated[
    float | None,
    typer.Option("--beta2", help="adam: decay of the mean square.", rich_help_panel=_RULE),
]
Rho = Annotated[
    float | None, typer.Option(help="rmsprop: decay of the mean square.", rich_help_panel=_RULE)
]
Epsilon = Annotated[
    float | None, typer.Option(help="Added below the fraction.", rich_help_panel=_RULE)
]
Clip = Annotated[
    float | None, typer.Option(help="Shorten gradients to this norm.", rich_help_panel=_RULE)
]
Device = Annotated[
    RatingsDevice | None, typer.Option(help="Where gradients are computed.", rich_help_panel=_RULE)
]
Folds = Annotated[
    int | None,
    typer.Option(help="Cross-validate on so many parts first.", rich_help_panel=_MEASURES),
]
TopK = Annotated[
    int, typer.Option(help="Length of the rankings that are measured.", rich_help_panel=_MEASURES)
]
Relevant = Annotated[
    float | None,
    typer.Option(
        help="The least rating that counts as liked; default three quarters up.",
        rich_help_panel=_MEASURES,
    ),
]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        help="Keep the state of the run here.",
        metavar="FILE",
        rich_help_panel=_PROCESSES,
    ),
]
CheckpointEvery = Annotated[
    int, typer.Option(help="After how many epochs.", rich_help_panel=_PROCESSES)
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoint.", rich_help_panel=_PROCESSES)
]
