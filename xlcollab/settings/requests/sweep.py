"""What `xlcollab sweep` is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from xlcollab.settings.asked import Asked
from xlcollab.settings.option import COUNT_FROM_ONE, Option, check
from xlcollab.settings.requests.common import Book, Json, Overwrite, written_to
from xlcollab.settings.requests.solve import MODEL, ModelWords
from xlcollab.settings.solving import Computing, Settings

WHAT = "What is varied"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """Which cells of a workbook take which values while its model is solved again and again."""

    book: Book
    parameter: Annotated[
        tuple[str, ...],
        Option(
            "A constant cell and its values: 'S!B3=1:10:10' is first:last:count, 'S!B3=1,2,5' a"
            " list. Given twice: every pair.",
            metavar="CELL=VALUES",
            group=WHAT,
        ),
    ] = ()
    scenarios: Annotated[
        str | None,
        Option(
            "A sheet of named scenarios: addresses in the first row, then a name and values a row.",
            metavar="SHEET",
            group=WHAT,
        ),
    ] = None
    samples: Annotated[
        int | None,
        Option(
            "Draw the random cells so often and evaluate the model as it stands.",
            COUNT_FROM_ONE,
            group=WHAT,
        ),
    ] = None
    sheet: Annotated[str | None, Option("The sheet of the model.", group=MODEL)] = None
    model: ModelWords = field(default_factory=ModelWords)
    settings: Asked[Settings] = field(default_factory=lambda: Asked(Settings, {}))
    computing: Asked[Computing] = field(default_factory=lambda: Asked(Computing, {}))
    output: Annotated[Path | None, written_to("BOOK.swept.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
