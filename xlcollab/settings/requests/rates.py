"""What `xlcollab lr-find` is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from xlcollab.settings.asked import Asked
from xlcollab.settings.option import POSITIVE, Option, check, names_of, whole
from xlcollab.settings.requests.common import (
    Book,
    InPlace,
    Json,
    Overwrite,
    refuse_both,
    written_to,
)
from xlcollab.settings.requests.solve import MODEL, ModelWords
from xlcollab.settings.serving import RATE_SEARCH
from xlcollab.settings.solving import Computing, Settings

RATES = "The rates that are tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesRequest:
    """On which model which rates are tried, and where their curve is written."""

    refused: ClassVar[frozenset[str]] = names_of(Settings) - RATE_SEARCH
    """Settings of other runs: understood, answered by a sentence, and not offered."""

    book: Book
    sheet: Annotated[str | None, Option("The sheet of the model.", group=MODEL)] = None
    model: ModelWords = field(default_factory=ModelWords)
    lowest: Annotated[
        float | None,
        Option("The first rate (default: a 10,000th of the method's own).", POSITIVE, group=RATES),
    ] = None
    highest: Annotated[
        float | None,
        Option("The last rate (default: 10,000 times the method's own).", POSITIVE, group=RATES),
    ] = None
    steps: Annotated[
        int,
        Option(
            "How many rates, each for one step.",
            whole(10, 100_000),
            group=RATES,
        ),
    ] = 100
    settings: Asked[Settings] = field(default_factory=lambda: Asked(Settings, {}))
    computing: Asked[Computing] = field(default_factory=lambda: Asked(Computing, {}))
    output: Annotated[Path | None, written_to("BOOK.rates.xlsx")] = None
    in_place: InPlace = False
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)
