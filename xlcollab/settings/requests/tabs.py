"""What `xlcollab run` and `compare` are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from xlcollab.settings.asked import Asked
from xlcollab.settings.methods import FIRST_ORDER, METHODS
from xlcollab.settings.option import COUNT, COUNT_FROM_ONE, Option, check
from xlcollab.settings.requests.common import (
    Book,
    Browser,
    InPlace,
    Json,
    KeepPartial,
    NoHistory,
    Overwrite,
    TimeLimit,
    refuse_both,
    written_to,
)
from xlcollab.settings.schedules import SUMMARIES as SCHEDULE_WORDS
from xlcollab.settings.solving import RuleSettings
from xlcollab.settings.words import ANNEALINGS, ROWS, SPELLINGS

EPOCHS = "The epochs"
ENGINE = "Another optimiser (default: the sheet's own formulas)"

OPTIMIZERS: Mapping[str, str] = {
    **{name: METHODS[name].summary for name in FIRST_ORDER},
    "tab": "the tab's own rule and settings, row by row",
    **{old: f"an older name of {new}" for old, new in SPELLINGS.items()},
}
"""What descends on a tab's model."""
SCHEDULES: Mapping[str, str] = {**SCHEDULE_WORDS, **ANNEALINGS}

Epochs = Annotated[int, Option("How many epochs.", COUNT, group=EPOCHS)]
BatchSize = Annotated[
    int | None,
    Option(
        "Rows per step; 1 is row by row (default: all).",
        COUNT_FROM_ONE,
        also=("--bs",),
        group=ENGINE,
    ),
]
Schedule = Annotated[str, Option("How the rate moves.", words=SCHEDULES, group=ENGINE)]
Engine = Asked[RuleSettings]


def _nothing() -> Engine:
    return Asked(RuleSettings, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Which tabs are run, how far, by which rule, and where the outcome goes."""

    book: Book
    sheet: Annotated[str | None, Option("Only this tab.", group=EPOCHS)] = None
    epochs: Epochs = 5
    reset: Annotated[bool, Option("Reset the tab first.", group=EPOCHS)] = False
    copy: Annotated[
        str | None,
        Option(
            "Copy pairs, such as 'N32->C1,M32->C2' (default: as found).",
            metavar="PAIRS",
            group=EPOCHS,
        ),
    ] = None
    every: Annotated[
        str, Option("A history row per epoch or per step.", words=ROWS, group=EPOCHS)
    ] = "epoch"
    optimizer: Annotated[
        str | None,
        Option(
            "What descends on the tab's model.", words=OPTIMIZERS, also=("--method",), group=ENGINE
        ),
    ] = None
    batch_size: BatchSize = None
    schedule: Schedule = "constant"
    engine: Engine = field(default_factory=_nothing)
    time_limit: TimeLimit = None
    no_history: NoHistory = False
    keep_partial: KeepPartial = True
    browser: Browser = False
    output: Annotated[Path | None, written_to("BOOK.run.xlsx")] = None
    overwrite: Overwrite = False
    in_place: InPlace = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """Which optimisers are compared on the tabs of a workbook, and how far they go."""

    book: Book
    epochs: Epochs = 50
    optimizer: Annotated[
        tuple[str, ...],
        Option(
            "A further optimiser, as in `run`. Repeatable.",
            words=OPTIMIZERS,
            also=("--method",),
            group=ENGINE,
        ),
    ] = ()
    sheet: Annotated[
        str | None, Option("The tab whose model the optimizers get (default: the first).")
    ] = None
    batch_size: BatchSize = None
    schedule: Schedule = "constant"
    engine: Engine = field(default_factory=_nothing)
    time_limit: TimeLimit = None
    keep_partial: KeepPartial = True
    output: Annotated[Path | None, written_to("BOOK.compare.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
