"""What made a result: command, version, date, settings, seed, and the hashes of what was read."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xlcollab.errors import DataError
from xlcollab.grid import NewSheet, Scalar
from xlcollab.history.page import WRITTEN_BY
from xlcollab.ratings.parted.parts import is_parted, listed
from xlcollab.settings.spoken import WRITTEN, files_of, said, spoken

RECORDED = frozenset(
    [
        *("compare", "crosstab", "factors", "fit", "fold-in", "gradient", "lr-find", "new"),
        *("predict", "recalc", "recommend", "run", "solve", "sweep", "tune"),
    ]
)
"""The commands whose results say what made them, and which `rerun` runs."""
METADATA = "provenance"
"""The key under which model files keep it."""
_QUOTE_OF_SHLEX, _QUOTE = "'\"'\"'", "'\\''"
"""A quote within quotes, as the standard library writes it and as people do: a sheet whose name has
blanks has two of them in each address."""
_SHOWN_DIGITS = 12
"""Of a hash on a sheet; the whole one is in the hidden name."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was read, and the SHA-256 of its bytes then."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """One command. A number in `words` stands for the input of that position."""

    words: tuple[str | int, ...]
    inputs: tuple[Input, ...]
    version: str
    date: str
    settings: Mapping[str, object]

    @staticmethod
    def of(
        command: str,
        request: object,
        known: Mapping[Path, bytes | None] | None = None,
        effective: Iterable[object] = (),
    ) -> Provenance:
        """That of a request. `known` are bytes of files that were read already, None for what is
        no file; `effective` are records of settings that the run takes in the end, such as those
        of a control sheet."""
        paths = files_of(request)
        words = (command, *spoken(request))
        at = {path: number for number, path in enumerate(paths)}
        return Provenance(
            words=tuple(at[word] if isinstance(word, Path) else word for word in words),
            inputs=tuple(Input(str(path), _hash(path, known or {})) for path in paths),
            version=_version(),
            date=_date(),
            settings=_settings((request, *effective)),
        )

    @property
    def seed(self) -> object:
        """The seed of every random draw; None where nothing was drawn."""
        return self.settings.get("seed")

    @property
    def command(self) -> str:
        """As one would type it, files by their names."""
        named = (
            Path(self.inputs[word].path).name if isinstance(word, int) else word
            for word in self.words
        )
        quoted = shlex.join(("xlcollab", *named))
        return quoted.replace(_QUOTE_OF_SHLEX, _QUOTE)

    @property
    def line(self) -> str:
        """The line on a sheet."""
        parts = [f"{self.command}", f"xlcollab {self.version}, {self.date}"]
        parts += [] if self.seed is None else [f"seed {self.seed}"]
        parts += [
            f"{Path(one.path).name}: SHA-256 {one.sha256[:_SHOWN_DIGITS]}…"
            for one in self.inputs
            if one.sha256
        ]
        return "; ".join(parts)

    def beside(self, folder: Path) -> Provenance:
        """The same with the paths of inputs as they are seen from the folder of the result."""
        seen = tuple(replace(one, path=_from(folder, one.path)) for one in self.inputs)
        return replace(self, inputs=seen)

    def as_json(self) -> dict[str, Any]:
        return {
            "command": list(self.words),
            "version": self.version,
            "date": self.date,
            "seed": self.seed,
            "settings": dict(self.settings),
            "inputs": [{"path": one.path, "sha256": one.sha256} for one in self.inputs],
        }


def recorded(runs: Sequence[Provenance], target: Path) -> str:
    """The runs as the text that a result keeps; "" for none."""
    folder = target.absolute().parent
    return json.dumps([run.beside(folder).as_json() for run in runs]) if runs else ""


def record_of(run: Provenance | None, target: Path) -> str:
    """The same of one run, or none."""
    return "" if run is None else recorded([run], target)


def runs_of(record: str, source: str) -> tuple[Provenance, ...]:
    """The runs of a text that `recorded` made. Raises DataError where it is none."""
    try:
        return tuple(_run(one) for one in json.loads(record))
    except (ValueError, KeyError, TypeError):
        raise DataError(f"the record of its run in {source} was changed and cannot be read") from (
            None
        )


def with_line(sheet: NewSheet, run: Provenance) -> NewSheet:
    """The sheet with the line of its run: in the free row below its sentence, else at its foot.
    Sheets of plain data, which have no sentence, stay as they are."""
    rows = [list(row) for row in sheet.rows]
    if len(rows) < 3 or not _tells_of_a_run(rows[1]) or _has_line(rows):
        return sheet
    if rows[2]:
        rows += [[], [run.line]]
        return replace(sheet, rows=rows, row_looks={**sheet.row_looks, len(rows) - 1: "note"})
    rows[2] = [run.line]
    return replace(sheet, rows=rows, row_looks={**sheet.row_looks, 2: "note"})


def _tells_of_a_run(row: Sequence[Scalar]) -> bool:
    return bool(row) and isinstance(row[0], str) and row[0].startswith(WRITTEN_BY)


def _has_line(rows: Sequence[Sequence[Scalar]]) -> bool:
    places = [row[0] for row in (rows[2], rows[-1]) if row]
    return any(isinstance(text, str) and text.startswith("xlcollab ") for text in places)


def _run(one: Mapping[str, Any]) -> Provenance:
    """Raises ValueError where it is no command of ours on the inputs that it names."""
    first, *rest = one["command"]
    if first not in RECORDED or not all(_is_word(word, len(one["inputs"])) for word in rest):
        raise ValueError
    return Provenance(
        words=tuple(word if isinstance(word, int) else str(word) for word in one["command"]),
        inputs=tuple(Input(str(file["path"]), str(file["sha256"])) for file in one["inputs"]),
        version=str(one["version"]),
        date=str(one["date"]),
        settings=dict(one["settings"]),
    )


def _is_word(word: object, n_inputs: int) -> bool:
    """A text, or the number of an input."""
    return isinstance(word, str) or (type(word) is int and 0 <= word < n_inputs)


def _hash(path: Path, known: Mapping[Path, bytes | None]) -> str:
    if path in known:
        data = known[path]
        return "" if data is None else hashlib.sha256(data).hexdigest()
    return _of_many(path) if is_parted(path) else _of_file(path)


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_many(path: Path) -> str:
    """That of the names and the hashes of the files of a folder or a pattern."""
    whole = hashlib.sha256()
    for one in listed(path):
        whole.update(f"{_of_file(one)} {one.name}\n".encode())
    return whole.hexdigest()


def is_there(path: Path) -> bool:
    """Whether a file, a folder, or a file that a pattern names is there."""
    return path.exists() or (is_parted(path) and bool(listed(path)))


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes, or of what a folder or a pattern names."""
    return _hash(path, {})


def _version() -> str:
    """That of the package we are in, which says it itself."""
    return str(vars(sys.modules[__name__.partition(".")[0]])["__version__"])


def _date() -> str:
    """Now; or the time that SOURCE_DATE_EPOCH says, which makes writings repeatable."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC)
    return now.strftime("%Y-%m-%d %H:%M:%S UTC")


def _settings(records: Iterable[object]) -> dict[str, object]:
    """What is neither a file nor open; those of later records count."""
    found: dict[str, object] = {}
    for record in records:
        for setting, value, _ in said(record):
            if setting.name in WRITTEN or isinstance(value, Path):
                continue
            if value is not None and value is not False and value not in ("", ()):
                found[setting.name] = value
    return found


def _from(folder: Path, path: str) -> str:
    try:
        return Path(os.path.relpath(Path(path).absolute(), folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(path)
