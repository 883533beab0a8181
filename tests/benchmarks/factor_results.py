"""Measurements that are kept as they are made: a run of hours can be ended and gone on with.

A file holds a line of JSON for the surroundings and one for each measurement. Tables are printed
from it alone, so that every number of a page is of one run.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PEERS = (
    "numpy",
    "torch",
    "cornac",
    "smurff",
    "myfm",
    "implicit",
    "lenskit",
    "scikit-surprise",
    "fastai",
)
Measured = tuple[float, float]
"""Seconds of CPU and an error or a measure of a ranking."""


def surroundings(state: str) -> dict[str, str | None]:
    """What a run is comparable within: the state of the code and the versions of all that runs."""
    return {"state": state, "python": platform.python_version(), **{p: _version(p) for p in PEERS}}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@dataclass(slots=True)
class Results:
    """The measurements of one run by table, row and column."""

    path: Path
    found: dict[tuple[str, str, str], Measured] = field(default_factory=dict)

    @staticmethod
    def at(path: Path, here: dict[str, str | None]) -> Results:
        """Those of a file, which is begun where there is none. Raises SystemExit where they were
        made in other surroundings."""
        results = Results(path)
        if not path.exists():
            path.write_text(json.dumps(here) + "\n", "utf-8")
            return results
        before, *lines = map(json.loads, path.read_text("utf-8").splitlines())
        if before != here:
            raise SystemExit(f"{path} is of other surroundings: {before}, here {here}")
        for table, row, column, seconds, score in lines:
            results.found[table, row, column] = seconds, score
        return results

    def measure(self, table: str, row: str, column: str, run: Callable[[], Measured]) -> None:
        """The outcome of `run`, unless it is known; written down at once."""
        if (table, row, column) in self.found:
            return
        seconds, score = run()
        self.found[table, row, column] = seconds, score
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([table, row, column, seconds, score]) + "\n")

    def printed(self, table: str, *, timed: bool = True) -> str:
        """A table in Markdown, with the means of columns that are whole."""
        rows = list(dict.fromkeys(row for name, row, _ in self.found if name == table))
        columns = list(dict.fromkeys(column for name, _, column in self.found if name == table))
        rows.sort()
        lines = [_line(table, [cell for c in columns for cell in ([c, ""] if timed else [c])])]
        lines.append("|---" * (1 + len(columns) * (1 + timed)) + "|")
        for row in rows:
            lines.append(_line(row, self._cells(table, [row], columns, timed=timed)))
        if len(rows) > 1 and timed:
            lines.append(_line("mean", self._cells(table, rows, columns, timed=timed)))
        return "\n".join(lines)

    def _cells(
        self, table: str, rows: list[str], columns: list[str], *, timed: bool
    ) -> Iterable[str]:
        for column in columns:
            cells: list[Any] = [self.found.get((table, row, column)) for row in rows]
            if None in cells:
                yield from ["", ""] if timed else [""]
                continue
            seconds, score = (sum(one) / len(cells) for one in zip(*cells, strict=True))
            yield from [f"{seconds:.2f}", f"{score:.4f}"] if timed else [f"{score:.4f}"]


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"
