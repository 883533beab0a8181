"""What the commands of the shell share: output, progress, and the options they have in common."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from xlcollab.faces.columns import Column, fitting

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.table import Table

    from xlcollab.api.ratings.tune import TrialProgress
    from xlcollab.api.session.told import EpochRow, Row
    from xlcollab.api.session.told import Progress as FitProgress

_Told = TypeVar("_Told")
_SECONDS_BETWEEN_UPDATES = 0.1
"""A line that changes more often cannot be read."""
_WIDTH_OF_FILES = 120
"""Characters of a line where there is no terminal that has a width."""


def console() -> Console:
    """Standard error: standard output belongs to results and JSON."""
    return _plain(stderr=True, soft_wrap=True)


def _plain(*, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> Console:
    """Names come from workbooks: "[/b]" and ":smile:" are shown as they are."""
    from rich.console import Console

    return Console(
        stderr=stderr,
        soft_wrap=soft_wrap,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; nothing where there are no rows. Columns that have no room are
    left out, and a line says how many."""
    lines = list(rows)
    if not lines:
        return
    texts = [[_text(cell) for cell in line] for line in lines]
    numbers = [all(_is_number(line[i]) for line in lines) for i in range(len(headings))]
    output = _plain(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    columns = fitting([shown(one) for one in headings], texts, numbers, output.width)
    output.print(_table(shown(title), columns, texts))
    if len(columns) < len(headings):
        output.print(f"… and {len(headings) - len(columns)} more columns (--json has them all)")


def _text(cell: object) -> str:
    return "" if cell is None else shown(cell if isinstance(cell, str) else number(cell))


def _is_number(value: object) -> bool:
    """Or nothing, where a number would stand."""
    return isinstance(value, int | float) or value in ("", None)


def _table(title: str, columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(
            column.heading, overflow="fold", no_wrap=column.is_firm, min_width=column.width
        )
    for line in texts:
        table.add_row(*line[: len(columns)])
    return table


def say(text: object, *, err: bool = False) -> None:
    """A line on standard output, or on standard error: the one door for sentences, in which names
    and ids of others may stand."""
    (sys.stderr if err else sys.stdout).write(f"{shown(str(text))}\n")


def print_next(opened: object, *lines: str) -> None:
    """The last lines of a command: the file to open, and what to try next."""
    sys.stdout.write(f"open:     {shown(str(opened))}\n")
    for place, line in enumerate(lines):
        sys.stdout.write(f"{'' if place else 'try next:':<10}{shown(line)}\n")


def number(value: object) -> str:
    """A number for a reader: 7 significant digits, and no minus before a nought."""
    return f"{value + 0.0:.7g}" if isinstance(value, float) else str(value)


_SMALL = 0.1
"""Below it three decimals keep fewer than three digits."""
_LARGE = 1e15
"""From here on float64 has no decimals."""


def rating(value: float) -> str:
    """A rating for a reader: three decimals, or three digits and more where these show none."""
    if value == 0 or _SMALL <= abs(value) < _LARGE:
        return f"{value:.3f}"
    return f"{value:.3g}" if abs(value) < _SMALL else f"{value:.7g}"


def shown(text: str) -> str:
    """A text of a workbook that cannot steer a terminal: control signs are shown as codes."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text
    )


class Progress:
    """A live line on standard error: how far, loss, time. Nothing where that is no terminal."""

    def __init__(self, *, shown: bool = True) -> None:
        self._status: Status | None = None
        self._last = 0.0
        if shown and sys.stderr.isatty():
            from rich.text import Text

            self._status = console().status(Text("reading"))

    def __enter__(self) -> Progress:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._status is not None:
            self._status.stop()

    def watch(self, label: str, steps: int | None = None) -> Callable[[Row], None] | None:
        """A callback for the rows of one run, which will make so many `steps` if that is known;
        None when nothing is shown."""

        def line(row: Row) -> str:
            way = f"iteration {row.iteration}"
            if steps is not None:
                way = bar(row.iteration, steps, row.seconds)
            return f"{label}  {way}  loss {row.objective:.7g}{_bound(row)}  {row.seconds:.1f} s"

        return self._callback(line)

    def watch_epochs(self) -> Callable[[FitProgress], None] | None:
        """A callback for the epochs of a factor model."""
        return self._callback(
            lambda told: (
                f"epoch {_share(told.row.epoch, told.epochs)}, {_time(told.seconds_left)} left  "
                f"{_errors(told.row)}  {told.ratings_per_second / 1e6:.2f} million ratings/s"
            )
        )

    def watch_tabs(self, epochs: int) -> Callable[[str, int, float], None] | None:
        """A callback for the epochs of tabs: the tab, the epochs that were run, the loss."""

        began = time.monotonic()

        def line(told: tuple[str, int, float]) -> str:
            nonlocal began
            sheet, done, loss = told
            if done <= 1:  # the next tab
                began = time.monotonic()
            return f"{sheet}  epoch {bar(done, epochs, time.monotonic() - began)}  loss {loss:.7g}"

        update = self._callback(line)
        return None if update is None else lambda *told: update(told)

    def watch_trials(self) -> Callable[[TrialProgress], None] | None:
        """A callback for the trials of a search."""
        began = time.monotonic()
        return self._callback(
            lambda told: (
                f"trial {bar(told.number, told.trials, time.monotonic() - began)}  "
                f"best validation RMSE {told.best:.6g}"
            )
        )

    def _callback(self, line: Callable[[_Told], str]) -> Callable[[_Told], None] | None:
        status = self._status
        if status is None:
            return None
        from rich.text import Text

        def update(row: _Told) -> None:
            now = time.monotonic()
            if now - self._last > _SECONDS_BETWEEN_UPDATES:
                self._last = now
                text = shown(f"{line(row)}   (Ctrl-C keeps the best so far)")
                status.update(Text(text))

        return update


_BAR = 20
"""Signs of a bar."""


def _share(done: int, total: int) -> str:
    """A bar, and the numbers beside it."""
    full = _BAR * min(done, total) // max(total, 1)
    return f"[{'#' * full}{'-' * (_BAR - full)}] {done} of {total}"


def bar(done: int, total: int, seconds: float) -> str:
    """How much of `total` is done after so many seconds, and how long the rest will take."""
    left = _time(seconds / done * max(total - done, 0)) if done else "? s"
    return f"{_share(done, total)}, {left} left"


def _time(seconds: float) -> str:
    """In the unit in which it has few digits."""
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _bound(row: Row) -> str:
    """What no point can better, and how far the incumbent is from it, where that is known."""
    if not math.isfinite(row.bound):
        return ""
    gap = f"  gap {100 * row.gap:.3g} %" if math.isfinite(row.gap) else ""
    return f"  bound {row.bound:.7g}{gap}"


def _errors(row: EpochRow) -> str:
    """The errors of an epoch that were measured."""
    found = {name: getattr(row, f"{name}_rmse") for name in ("train", "validation", "test")}
    return "RMSE " + " ".join(
        f"{name} {error:.5f}" for name, error in found.items() if math.isfinite(error)
    )
