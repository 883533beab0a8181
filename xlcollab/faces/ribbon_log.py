"""What the buttons have done since a workbook was opened: the status bar shows the last line while
the next button works, the button Log shows all."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from xlcollab.disk import private_folder

_MOST = 200
"""Lines that are kept."""
_SHOWN = 20
"""Lines that a box has room for."""
_LONGEST = 160
"""Characters of a sentence in a line of the log."""


@dataclass(frozen=True, slots=True)
class Line:
    """One press: when, which button, on which sheet, with which settings, and what came of it."""

    clock: str
    button: str
    sheet: str
    settings: str
    sentence: str

    def __str__(self) -> str:
        what = f"{self.button} ({self.settings})" if self.settings else self.button
        return f"{self.clock} {what} on {self.sheet}: {self.sentence}"


class SessionLog:
    """The log of one opened workbook; `key` tells it from others, see `Desk.session`. The presses
    are processes of their own, so it lies in a file that only its user can read."""

    def __init__(self, key: str) -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        folder = private_folder("session")
        self._file = None if folder is None else folder / f"{digest}.jsonl"

    def add(self, button: str, sheet: str, once: Mapping[str, object], sentence: str) -> Line:
        """Write a line, and forget the oldest where there are many; nothing is written where there
        is no private folder."""
        settings = ", ".join(f"{name} {value}" for name, value in once.items())
        line = Line(time.strftime("%H:%M:%S"), button, sheet, settings, _shortened(sentence))
        kept = [*self.lines(), line][-_MOST:]
        text = "".join(f"{json.dumps(asdict(one))}\n" for one in kept)
        if self._file is not None:
            self._file.write_text(text, encoding="utf-8")
        return line

    def lines(self) -> list[Line]:
        """Oldest first; what cannot be read is left out."""
        if self._file is None:
            return []
        try:
            texts = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        return [line for text in texts if (line := _line(text)) is not None]

    def last(self) -> str:
        """The last line in brackets, for a status bar; "" before the first press."""
        lines = self.lines()
        return f"  (before: {lines[-1]})" if lines else ""

    def told(self) -> str:
        """The last lines for a box, the newest first."""
        lines = self.lines()
        if not lines:
            return "No button has been pressed on this workbook since it was opened."
        more = [f"… and {len(lines) - _SHOWN} before"] if len(lines) > _SHOWN else []
        return "\n".join([*map(str, reversed(lines[-_SHOWN:])), *more])


def _line(text: str) -> Line | None:
    try:
        return Line(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1]}…"
