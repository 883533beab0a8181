"""Options that many commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from xlcollab.errors import UsageError
from xlcollab.settings.option import COUNT, LARGEST, TINY, Option, Range

OUTPUT = "Output"

Book = Annotated[Path, Option("The workbook, .xlsx or .xlsm.", positional=True)]


def written_to(default: str) -> Option:
    """Where a result goes, and where without being told."""
    return Option(f"Where to write (default: {default}).", also=("-o",), group=OUTPUT)


InPlace = Annotated[bool, Option("Write BOOK itself; keeps a backup.", group=OUTPUT)]
Overwrite = Annotated[
    bool,
    Option("Replace what stands there even if it is no earlier result of ours.", group=OUTPUT),
]
NoHistory = Annotated[bool, Option("Add no sheets.", group=OUTPUT)]
TimeLimit = Annotated[
    float | None,
    Option(
        "Seconds after which the run ends with what it has.",
        Range(TINY, LARGEST, "seconds above 0"),
    ),
]
Deadline = Annotated[
    float | None,
    Option(
        "Seconds after which the command ends, with nothing written.",
        Range(TINY, LARGEST, "seconds above 0"),
    ),
]
"""The time limit of what has no half result; `limited` in `faces.request` keeps it."""
KeepPartial = Annotated[
    bool, Option("Write what a run that was stopped had reached.", group=OUTPUT)
]
Browser = Annotated[
    bool, Option("Show the run in a window of the browser while it goes on; Stop ends it.")
]
Json = Annotated[bool, Option("One JSON object on stdout.", group=OUTPUT)]
Seed = Annotated[int, Option("Seed of every random draw.", COUNT)]


def refuse_both(output: object, in_place: bool) -> None:
    """Raises UsageError where two places are named."""
    if output is not None and in_place:
        raise UsageError("--output and --in-place exclude each other")
