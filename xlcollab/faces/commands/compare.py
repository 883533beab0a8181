"""`xlcollab compare`: all optimisers of a workbook in one chart."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.commands.run import (
    L2,
    BatchSize,
    Epochs,
    LearningRate,
    Schedule,
    TabScheduleChoice,
    show,
)

_MODEL_SHEET = "The tab whose model the optimizers get (default: the first)."
Optimizers = Annotated[
    list[str] | None,
    typer.Option("--optimizer", help="A further optimiser, as in `run`. Repeatable."),
]


def compare(
    book: opt.Book,
    epochs: Epochs = 50,
    optimizer: Optimizers = None,
    sheet: Annotated[str | None, typer.Option(help=_MODEL_SHEET)] = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    l2: L2 = None,
    schedule: Schedule = TabScheduleChoice.CONSTANT,
    output: opt.Output = None,
    json: opt.Json = False,
) -> int:
    """Run every gradient-descent tab from the same start; one sheet and chart of all losses.

    Example:  xlcollab compare graddesc.xlsx --epochs 50

    Example:  xlcollab compare graddesc.xlsx --epochs 50 --optimizer adam --learning-rate 1
    """
    from xlcollab.api.tabs.book import TabRequest, compare_book

    runs = compare_book(book, TabRequest.of(locals()), output=output)
    show(runs, json=json)
    return runs.exit_code
