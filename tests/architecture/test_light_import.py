"""What loads what, seen from outside: the package, its help and `inspect` must feel instant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import build

HEAVY = ("torch", "pandas", "xlwings", "scipy", "numba")

_REPORT = """
import atexit, json, sys
atexit.register(lambda: sys.stderr.write(
    "\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules}))
))
"""
_CLI = "from xlcollab.faces.cli import main; main()"


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that are loaded when a fresh interpreter has run `code`."""
    found = subprocess.run(
        [sys.executable, "-c", _REPORT + code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(found.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("light") / "book.xlsx"
    return build(path, {"S": {"A1": 1.0, "B1": ("=A1^2", 1.0)}})


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("import xlcollab", ()),
        (_CLI, ("--help",)),
        (_CLI, ("--version",)),
        (_CLI, ("solve", "--help")),
    ],
    ids=["import", "help", "version", "solve-help"],
)
def test_nothing_heavy_is_loaded(code: str, arguments: tuple[str, ...]) -> None:
    assert loaded_by(code, *arguments).isdisjoint(HEAVY)


def test_inspect_loads_neither_torch_nor_pandas(book: Path) -> None:
    assert loaded_by(_CLI, "inspect", str(book)).isdisjoint({"torch", "pandas", "xlwings"})


def test_a_solve_loads_torch_and_little_besides(tmp_path: Path) -> None:
    counted = ('=SUM((A1:A3-3)^2)+COUNTIF(C1:C3,">1")+IF(C1>1,A1&A2>"",0)', 0.0)
    cells = {"A1": 1.0, "A2": 2.0, "A3": 0.5, "B1": counted, "C1": 1.0, "C2": 2.0}
    book = build(tmp_path / "b.xlsx", {"S": cells})
    asked = ["--minimize", "B1", "--by-changing", "A1:A3", "--method", "gd", "--iterations", "99"]
    loaded = loaded_by(_CLI, "solve", str(book), *asked)
    assert "torch" in loaded
    assert loaded.isdisjoint({"pandas", "sympy", "mpmath"})


def test_opening_a_workbook_loads_no_torch(book: Path) -> None:
    code = "import sys, xlcollab; xlcollab.open(sys.argv[1]).models"
    assert loaded_by(code, str(book)).isdisjoint({"torch", "pandas", "xlwings"})


def test_the_probe_sees_what_is_loaded() -> None:
    assert "torch" in loaded_by("import torch")
