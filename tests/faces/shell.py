"""Calling the shell face as a user does, in this process, and small workbooks to call it on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.build import Cells, Name, build
from xlcollab.faces.cli import build as application


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout; anything else there is an error."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def sentence(self) -> str:
        """The one line on stderr with which a command refuses."""
        (line,) = self.err.splitlines()
        prefix, _, rest = line.partition(": ")
        assert prefix == "xlcollab"
        return rest


def xlcollab(*arguments: object) -> Outcome:
    """Run a command line without the program's name."""
    found = CliRunner().invoke(application(), [str(one) for one in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Outcome(found.exit_code, found.stdout, found.stderr)


def solver_names(sheet: str, **texts: str) -> list[Name]:
    """The hidden names of a stored model: solver_names("S", opt="S!$B$1", adj="S!$A$1")."""
    return [(f"solver_{key}", text, sheet, True) for key, text in texts.items()]


def minimised(sheet: str, objective: str, variables: str, **more: str) -> list[Name]:
    """A stored model that minimises, its variables free of sign."""
    return solver_names(
        sheet, **({"opt": objective, "adj": variables, "typ": "2", "neg": "2", "num": "0"} | more)
    )


BOWL: Cells = {
    "A1": 1.0,
    "A2": 1.0,
    "B1": ("=(A1-3)^2+(A2+1)^2", 8.0),
    "B2": ("=B1*2", 16.0),
    "C1": "left alone",
}
"""Least at A1 = 3, A2 = -1."""

LINE: Cells = {
    "A1": 1.0,
    "A2": 1.0,
    "B1": ("=3*A1+2*A2", 5.0),
    "C1": ("=A1+A2", 2.0),
    "C2": ("=A1+3*A2", 4.0),
}
"""A linear objective and two linear lines."""


def bowl(path: Path) -> Path:
    """One sheet S with a stored model."""
    return build(path, {"S": BOWL}, minimised("S", "S!$B$1", "S!$A$1:$A$2"))


def two_bowls(path: Path) -> Path:
    """Sheets S and T with a model each."""
    names = minimised("S", "S!$B$1", "S!$A$1:$A$2") + minimised("T", "T!$B$1", "T!$A$1:$A$2")
    return build(path, {"S": BOWL, "T": BOWL}, names)


def sheet_book(path: Path, sheets: Mapping[str, Cells], **model: str) -> Path:
    """Sheets with one model on the first of them."""
    first = next(iter(sheets))
    return build(path, sheets, solver_names(first, **model) if model else ())


def listing(folder: Path) -> dict[str, bytes]:
    """Every file in a folder with its bytes: to see that nothing came or changed."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
