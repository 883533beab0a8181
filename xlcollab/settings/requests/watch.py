"""What `xlcollab watch` is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from xlcollab.settings.option import COUNT, Option, check
from xlcollab.settings.requests.common import (
    InPlace,
    Json,
    Overwrite,
    TimeLimit,
    refuse_both,
    written_to,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """Which run is shown in a window."""

    book: Annotated[
        Path,
        Option("A workbook with models or gradient-descent tabs, or ratings.", positional=True),
    ]
    sheet: Annotated[str | None, Option("Only the model or tab of this sheet.")] = None
    iterations: Annotated[
        int | None, Option("Steps of a model, epochs of a tab or a fit.", COUNT, also=("--epochs",))
    ] = None
    browser: Annotated[
        bool, Option("Open the page in the browser; else only its address is shown.")
    ] = True
    time_limit: TimeLimit = None
    output: Annotated[Path | None, written_to("as solve, run or fit")] = None
    in_place: InPlace = False
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)
