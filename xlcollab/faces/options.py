"""The options that commands share, with their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_RUN = "How to optimise"
_MODEL = "The model (default: the stored Solver models)"
_OUTPUT = "Output"


class MethodChoice(StrEnum):
    """The names of `optim.METHODS`, said here so that --help loads no torch; a test compares."""

    AUTO = "auto"
    GD = "gd"
    MOMENTUM = "momentum"
    NESTEROV = "nesterov"
    ADAGRAD = "adagrad"
    RMSPROP = "rmsprop"
    ADAM = "adam"
    ADAMW = "adamw"
    LBFGS = "lbfgs"
    LM = "lm"
    HIGHS = "highs"


class ScheduleChoice(StrEnum):
    """The names of `optim.SCHEDULES`."""

    CONSTANT = "constant"
    COSINE = "cosine"
    ONE_CYCLE = "one-cycle"
    STEP = "step"
    EXPONENTIAL = "exponential"


class InitChoice(StrEnum):
    """Where the weights start."""

    KEEP = "keep"
    UNIFORM = "uniform"
    NORMAL = "normal"
    KAIMING = "kaiming"


class DeviceChoice(StrEnum):
    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class DtypeChoice(StrEnum):
    FLOAT64 = "float64"
    FLOAT32 = "float32"


Book = Annotated[Path, typer.Argument(help="The workbook, .xlsx or .xlsm.", show_default=False)]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout.", rich_help_panel=_OUTPUT)
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write.", rich_help_panel=_OUTPUT),
]
InPlace = Annotated[
    bool,
    typer.Option("--in-place", help="Write BOOK itself; keeps a backup.", rich_help_panel=_OUTPUT),
]
NoHistory = Annotated[
    bool,
    typer.Option("--no-history", help="Add no sheets.", rich_help_panel=_OUTPUT),
]
HistoryEvery = Annotated[
    int,
    typer.Option(help="Record every N-th iteration.", metavar="N", rich_help_panel=_OUTPUT),
]

Sheet = Annotated[
    str | None, typer.Option(help="Only the model of this sheet.", rich_help_panel=_MODEL)
]
Minimize = Annotated[
    str | None, typer.Option(help="The objective cell.", metavar="CELL", rich_help_panel=_MODEL)
]
Maximize = Annotated[
    str | None, typer.Option(help="The objective cell.", metavar="CELL", rich_help_panel=_MODEL)
]
Target = Annotated[
    str | None,
    typer.Option(help="A value to reach.", metavar="CELL=VALUE", rich_help_panel=_MODEL),
]
ByChanging = Annotated[
    str | None,
    typer.Option(help="The variable cells.", metavar="AREAS", rich_help_panel=_MODEL),
]
SubjectTo = Annotated[
    list[str] | None,
    typer.Option(
        help="A constraint, such as 'A1:A9<=B1:B9', 'C1=integer'. Repeatable.",
        metavar="CONSTRAINT",
        rich_help_panel=_MODEL,
    ),
]
NonNegative = Annotated[
    bool,
    typer.Option("--non-negative", help="No variable below 0.", rich_help_panel=_MODEL),
]

# None asks for nothing: then the book's control sheet speaks, and after it the default named here.
Method = Annotated[
    MethodChoice | None, typer.Option(help="The optimiser (default: auto).", rich_help_panel=_RUN)
]
Iterations = Annotated[
    int | None, typer.Option(help="The most steps to take.", rich_help_panel=_RUN)
]
LearningRate = Annotated[
    float | None, typer.Option(help="Step size of first-order methods.", rich_help_panel=_RUN)
]
Momentum = Annotated[
    float | None, typer.Option(help="momentum, nesterov: share kept.", rich_help_panel=_RUN)
]
Dampening = Annotated[
    float | None,
    typer.Option(
        help="momentum: the gradient enters with weight 1 - dampening.", rich_help_panel=_RUN
    ),
]
Beta1 = Annotated[
    float | None, typer.Option(help="adam: decay of the mean gradient.", rich_help_panel=_RUN)
]
Beta2 = Annotated[
    float | None, typer.Option(help="adam: decay of the mean square.", rich_help_panel=_RUN)
]
L2 = Annotated[
    float | None,
    typer.Option("--l2", help="Penalty l2/2 * sum of squares (default: 0).", rich_help_panel=_RUN),
]
WeightDecay = Annotated[
    float | None, typer.Option(help="Decoupled weight decay.", rich_help_panel=_RUN)
]
Schedule = Annotated[
    ScheduleChoice | None,
    typer.Option(help="How the learning rate moves (default: constant).", rich_help_panel=_RUN),
]
Tolerance = Annotated[
    float | None, typer.Option(help="Stop when changes are smaller.", rich_help_panel=_RUN)
]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.", rich_help_panel=_RUN)]
RunSeed = Annotated[
    int | None,
    typer.Option("--seed", help="Seed of every random draw (default: 0).", rich_help_panel=_RUN),
]
Restarts = Annotated[
    int | None,
    typer.Option(help="Further starts, the best end is kept (default: 0).", rich_help_panel=_RUN),
]
Init = Annotated[
    InitChoice | None,
    typer.Option(help="Where the weights start (default: keep).", rich_help_panel=_RUN),
]
Clip = Annotated[
    float | None, typer.Option(help="Shorten gradients to this norm.", rich_help_panel=_RUN)
]
Scale = Annotated[
    bool,
    typer.Option("--scale", help="Measure variables by their start.", rich_help_panel=_RUN),
]
Device = Annotated[
    DeviceChoice | None,
    typer.Option(help="Where to compute (default: auto).", rich_help_panel=_RUN),
]
Dtype = Annotated[
    DtypeChoice | None,
    typer.Option(help="In what precision (default: float64).", rich_help_panel=_RUN),
]
