"""What `xlcollab rerun` is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from xlcollab.settings.option import Option, check
from xlcollab.settings.requests.common import OUTPUT, Json, Overwrite, TimeLimit, written_to


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunRequest:
    """Which result is made again, and from what."""

    result: Annotated[
        Path, Option("What a command of xlcollab wrote: a workbook or a model.", positional=True)
    ]
    input: Annotated[
        Path | None,
        Option("Another file in place of the first one that was read.", metavar="FILE"),
    ] = None
    show: Annotated[bool, Option("Only show what made the result; run nothing.", group=OUTPUT)] = (
        False
    )
    time_limit: TimeLimit = None
    output: Annotated[
        Path | None, written_to("RESULT.rerun.xlsx, or its own ending; RESULT_rerun for a folder")
    ] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
