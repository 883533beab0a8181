"""What an action on an open spreadsheet tells its user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action, in a sentence or two."""

    sentence: str
    in_sight: bool = False
    """Whether the sheet in front shows it, so that nobody need be told."""
    front: str | None = None
    """The sheet to bring to the front."""
