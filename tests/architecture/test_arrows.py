"""The arrows of the design: which room may import which. Imports are parsed, nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.rooms import (
    PACKAGE,
    ROOMS,
    ROOT,
    Import,
    faults,
    forbidden,
    imports_of,
    named_room,
    room_of,
)


def test_every_import_follows_the_table() -> None:
    found = faults()
    assert not found, "\n".join(found)


def test_every_file_lies_in_a_known_room() -> None:
    strangers = {room_of(file) for file in ROOT.rglob("*.py")} - ROOMS.keys()
    assert not strangers


def test_the_table_itself_has_no_loops() -> None:
    arrows = {name: set(room.ours) for name, room in ROOMS.items()}
    arrows["faces"] -= {"__init__"}
    while arrows:
        free = {name for name, targets in arrows.items() if not targets}
        assert free, f"rooms that import one another: {sorted(arrows)}"
        arrows = {name: targets - free for name, targets in arrows.items() if name not in free}


@pytest.mark.parametrize(
    ("room", "text", "arrow"),
    [
        ("optim", "from xlcollab.grid import Workbook", "optim → grid"),
        ("optim", "import xlcollab.api.book", "optim → api"),
        ("grid", "def f() -> None:\n    from xlcollab import files", "grid → files"),
        ("formula", "import numpy as np", "formula may not import numpy"),
        ("ref", "class A:\n    import torch.nn", "ref may not import torch"),
        ("errors", "from xlcollab.ref import CellRef", "errors → ref"),
        ("api", "from xlcollab.faces.cli import main", "api → faces"),
        ("kernels", "from ..optim import solve", "kernels → optim"),
    ],
)
def test_a_planted_fault_is_caught(
    room: str, text: str, arrow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / PACKAGE
    for name in ROOMS:
        (package / name).mkdir(parents=True)
    monkeypatch.setattr("tests.architecture.rooms.ROOT", package)
    file = package / room / "planted.py"
    file.write_text(f"import sys\n{text}\n")
    (sentence,) = faults(package)
    assert arrow in sentence
    assert str(file) in sentence
    assert f":{text.count(chr(10)) + 2} " in sentence


def test_imports_for_the_type_checker_are_no_arrows(tmp_path: Path) -> None:
    file = tmp_path / "typed.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import torch\nelse:\n    import json\n"
    )
    assert [found.module for found in imports_of(file)] == ["typing.TYPE_CHECKING", "json"]
    assert "torch" in {found.module for found in imports_of(file, typed=True)}


@pytest.mark.parametrize("room", ROOMS)
def test_errors_and_the_own_room_are_open_to_all(room: str) -> None:
    for module in ("xlcollab.errors.UsageError", f"xlcollab.{room}"):
        assert forbidden(room, Import(Path("x.py"), 1, module, True)) is None


def test_no_module_imports_itself_over_others() -> None:
    """Neither at loading nor later, nor for the type checker: what a file names lies below it."""
    edges = {
        _module(file): {
            target
            for found in imports_of(file, typed=True)
            if (target := _loaded(found.module)) is not None
        }
        for file in ROOT.rglob("*.py")
    }
    left = {module: targets - {module} for module, targets in edges.items()}
    while left:
        done = {module for module, targets in left.items() if not targets & left.keys()}
        if not done:
            pytest.fail(f"import loop among {sorted(left)}")
        left = {module: targets for module, targets in left.items() if module not in done}


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _loaded(module: str) -> str | None:
    """The module of ours that an imported name lies in."""
    if named_room(module) is None:
        return None
    path = ROOT.parent.joinpath(*module.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return module
    return module.rpartition(".")[0]
