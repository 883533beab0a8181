"""`problems/SOLVER.md` is true: each row names what keeps it, and that is there."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT
from xlcollab.api.solve.running import EXIT_CODES
from xlcollab.faces.commands import COMMANDS
from xlcollab.optim import Status

HERE = ROOT.parent
TEXT = (ROOT / "problems" / "SOLVER.md").read_text("utf-8")
_KEEPER = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`|`(--[\w-]+)`")


def tables() -> list[list[list[str]]]:
    """The tables of the page as rows of cells, headings first."""
    found: list[list[list[str]]] = []
    inside = False
    for line in TEXT.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            found.append([])
        inside = True
        cells = [cell.strip() for cell in line.strip("|").split(" |")]
        if not set(line) <= set("|-"):
            found[-1].append([cell.strip("| ") for cell in cells])
    return found


ENGINES, STATUSES, STORED = tables()
ROWS = {row[0]: row for table in (ENGINES, STORED) for row in table[1:]}


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", ROWS)
def test_what_keeps_a_row_is_there(name: str) -> None:
    keepers = _KEEPER.findall(ROWS[name][-1])
    assert keepers, f"{name} names no test and no option"
    for file, test, option in keepers:
        if option:
            flag = option.removeprefix("--").replace("-", "_").removeprefix("no_")
            options = signature_of("solve")
            assert flag in options or f"no_{flag}" in options, option
        else:
            names = names_of_tests(HERE / file)
            assert test in names if test else any(one.startswith("test_") for one in names)


@cache
def signature_of(command: str) -> frozenset[str]:
    return frozenset(inspect.signature(COMMANDS[command]).parameters)


def test_every_row_speaks_of_every_engine() -> None:
    width = len(ENGINES[0])
    assert ENGINES[0][1:4] == ["Simplex LP", "GRG Nonlinear", "Evolutionary"]
    assert [row[0] for row in ENGINES if len(row) != width] == []
    assert len(ENGINES) > 20


def test_every_status_is_told_with_its_codes() -> None:
    told: dict[str, tuple[str, str]] = {}
    for row in STATUSES[1:]:
        names, codes = re.findall(r"`(\w+)`", row[0]), row[2].split(", ")
        for place, name in enumerate(names):
            told[name] = (codes[min(place, len(codes) - 1)], row[3])
    assert set(told) == {str(status) for status in Status}
    for name, (code, written) in told.items():
        status = Status(name)
        assert int(code) == status.solver_code, name
        assert str(EXIT_CODES.get(status, 0)) in written, name
