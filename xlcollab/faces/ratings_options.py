"""The options on ratings, their splits, the model and its start, with their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xlcollab.faces.options import DtypeChoice

_DATA = "The ratings"
_TEST = "Held out for test (one of these)"
_VALIDATION = "Held out to stop by (one of these)"
_MODEL = "The model"
_NET = "A net instead of the dot product"
_START = "The start"


class AggregateChoice(StrEnum):
    """What a pair that is rated twice becomes."""

    ERROR = "error"
    MEAN = "mean"
    SUM = "sum"
    LAST = "last"


class RatingsInit(StrEnum):
    NORMAL = "normal"
    UNIFORM = "uniform"
    KAIMING = "kaiming"


Source = Annotated[
    Path, typer.Argument(help="A workbook, CSV, Parquet or MovieLens file.", show_default=False)
]
ModelFile = Annotated[Path, typer.Argument(help="What `xlcollab fit` wrote.", show_default=False)]
Sheet = Annotated[
    str | None, typer.Option(help="The sheet that holds the ratings.", rich_help_panel=_DATA)
]
Area = Annotated[
    str | None, typer.Option(help="Where they are, ids included: G1:V16.", rich_help_panel=_DATA)
]
UserColumn = Annotated[
    str | None, typer.Option(help="The user column's name.", metavar="NAME", rich_help_panel=_DATA)
]
ItemColumn = Annotated[
    str | None, typer.Option(help="The item column's name.", metavar="NAME", rich_help_panel=_DATA)
]
RatingColumn = Annotated[
    str | None,
    typer.Option(help="The rating column's name.", metavar="NAME", rich_help_panel=_DATA),
]
TimeColumn = Annotated[
    str | None, typer.Option(help="The time column's name.", metavar="NAME", rich_help_panel=_DATA)
]
SplitColumn = Annotated[
    str | None,
    typer.Option(
        help="The name of the column that names parts.", metavar="NAME", rich_help_panel=_DATA
    ),
]
Duplicates = Annotated[
    AggregateChoice, typer.Option(help="What a pair rated twice becomes.", rich_help_panel=_DATA)
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
ValidationFraction = Annotated[
    float | None,
    typer.Option(
        help="A random part; 0.1 when --patience asks for one.", rich_help_panel=_VALIDATION
    ),
]
ValidationByTime = Annotated[
    float | None, typer.Option(help="The latest part.", rich_help_panel=_VALIDATION)
]
ValidationLeaveOut = Annotated[
    int | None,
    typer.Option(help="K ratings of each user.", metavar="K", rich_help_panel=_VALIDATION),
]
NFactors = Annotated[int | None, typer.Option(help="Latent factors.", rich_help_panel=_MODEL)]
Bias = Annotated[
    bool | None,
    typer.Option("--bias/--no-bias", help="User and item biases.", rich_help_panel=_MODEL),
]
GlobalBias = Annotated[
    bool | None,
    typer.Option(
        "--global-bias/--no-global-bias", help="The mean rating as a start.", rich_help_panel=_MODEL
    ),
]
OutputRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--range",
        help="Squash into LOW HIGH by a sigmoid.",
        metavar="LOW HIGH",
        rich_help_panel=_MODEL,
    ),
]
Padding = Annotated[
    float | None, typer.Option(help="Widens --range on both sides.", rich_help_panel=_MODEL)
]
LearnPadding = Annotated[
    bool | None,
    typer.Option("--learn-padding", help="Train the padding too.", rich_help_panel=_MODEL),
]
ClipOutput = Annotated[
    bool | None,
    typer.Option(
        "--clip-output/--no-clip-output",
        help="Cut predictions to the range of the ratings.",
        rich_help_panel=_MODEL,
    ),
]
Dtype = Annotated[
    DtypeChoice | None, typer.Option(help="In what precision.", rich_help_panel=_MODEL)
]
HiddenSizes = Annotated[
    list[int] | None,
    typer.Option(
        "--hidden", help="A hidden layer; repeatable.", metavar="SIZE", rich_help_panel=_NET
    ),
]
EmbeddingDropout = Annotated[
    float | None, typer.Option(help="Share of embeddings dropped.", rich_help_panel=_NET)
]
HiddenDropouts = Annotated[
    list[float] | None,
    typer.Option(
        "--hidden-dropout",
        help="Share of a hidden layer dropped; one for each.",
        metavar="SHARE",
        rich_help_panel=_NET,
    ),
]
SideColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--side-column",
        help="A further column to embed, such as genre; repeatable.",
        metavar="NAME",
        rich_help_panel=_NET,
    ),
]
DateParts = Annotated[
    list[str] | None,
    typer.Option(
        "--date-part",
        help="A part of the time to embed: year, month, weekday …; repeatable.",
        metavar="PART",
        rich_help_panel=_NET,
    ),
]
SideFactors = Annotated[
    int | None,
    typer.Option(help="Width of the embedding of a further column.", rich_help_panel=_NET),
]
Init = Annotated[
    RatingsInit | None, typer.Option(help="How weights are drawn.", rich_help_panel=_START)
]
InitScale = Annotated[
    float | None, typer.Option(help="How wide they are drawn.", rich_help_panel=_START)
]
StartModel = Annotated[
    Path | None,
    typer.Option(
        "--start",
        help="Begin with a saved model, .xlsx or .safetensors.",
        metavar="FILE",
        rich_help_panel=_START,
    ),
]
StartCells = Annotated[
    list[str] | None,
    typer.Option(
        "--start-cells",
        help="Begin with cells: user_factors=B25:F39, item_factors, …_bias; repeatable.",
        metavar="NAME=AREA",
        rich_help_panel=_START,
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of every draw.", rich_help_panel=_START)]
