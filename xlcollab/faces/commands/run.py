"""`xlcollab run`: the epochs of graddesc tabs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import console, print_json, print_table

if TYPE_CHECKING:
    from xlcollab.api.tabs.book import TabRuns

_EPOCHS = "The epochs"
_ENGINE = "Another optimiser (default: the sheet's own formulas)"


class EveryChoice(StrEnum):
    """What a row of the history is."""

    EPOCH = "epoch"
    STEP = "step"


class TabScheduleChoice(StrEnum):
    """The schedules of the engine, and the lesson's own annealing."""

    CONSTANT = "constant"
    COSINE = "cosine"
    ONE_CYCLE = "one-cycle"
    STEP = "step"
    EXPONENTIAL = "exponential"
    HALVING = "halving"
    QUARTERING = "quartering"


Tab = Annotated[str | None, typer.Option("--sheet", help="Only this tab.", rich_help_panel=_EPOCHS)]
Epochs = Annotated[int, typer.Option(help="How many epochs.", rich_help_panel=_EPOCHS)]
Reset = Annotated[
    bool, typer.Option("--reset", help="Reset the tab first.", rich_help_panel=_EPOCHS)
]
Copy = Annotated[
    str | None,
    typer.Option(
        help="Copy pairs, such as 'N32->C1,M32->C2' (default: as found).",
        metavar="PAIRS",
        rich_help_panel=_EPOCHS,
    ),
]
Every = Annotated[
    EveryChoice, typer.Option(help="A history row per epoch or per step.", rich_help_panel=_EPOCHS)
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        help="sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw; or tab, the tab's own rule.",
        rich_help_panel=_ENGINE,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Rows per step; 1 is row by row (default: all).", rich_help_panel=_ENGINE),
]
LearningRate = Annotated[float | None, typer.Option(help="The step size.", rich_help_panel=_ENGINE)]
Schedule = Annotated[
    TabScheduleChoice, typer.Option(help="How the rate moves.", rich_help_panel=_ENGINE)
]
L2 = Annotated[
    float | None,
    typer.Option("--l2", help="Penalty l2/2 * sum of squares.", rich_help_panel=_ENGINE),
]


def run(
    book: opt.Book,
    sheet: Tab = None,
    epochs: Epochs = 5,
    reset: Reset = False,
    copy: Copy = None,
    every: Every = EveryChoice.EPOCH,
    optimizer: Optimizer = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    momentum: opt.Momentum = None,
    dampening: opt.Dampening = None,
    beta1: opt.Beta1 = None,
    beta2: opt.Beta2 = None,
    l2: L2 = None,
    weight_decay: opt.WeightDecay = None,
    clip: opt.Clip = None,
    schedule: Schedule = TabScheduleChoice.CONSTANT,
    no_history: opt.NoHistory = False,
    output: opt.Output = None,
    in_place: opt.InPlace = False,
    json: opt.Json = False,
) -> int:
    """Run the epochs of gradient-descent tabs, as their macro buttons did, and write a copy.

    Example:  xlcollab run graddesc.xlsx --sheet momentum --epochs 100

    Example:  xlcollab run graddesc.xlsx --sheet adam --optimizer adamw --batch-size 8
    """
    from xlcollab.api.tabs.book import TabRequest, run_book

    request = TabRequest.of(locals())
    runs = run_book(book, request, output=output, in_place=in_place)
    show(runs, json=json)
    return runs.exit_code


def show(runs: TabRuns, *, json: bool) -> None:
    """The outcome: one JSON object, or a table with a sentence per tab."""
    if json:
        print_json(runs.as_json())
        return
    headings = ("tab", "optimizer", "epochs", "loss before", "loss after", "weights", "status")
    print_table(str(runs.workbook), headings, runs.lines())
    for sentence in runs.sentences():
        console().print(sentence)
    typer.echo(f"written to {runs.output}" if runs.output else "nothing was written")
