"""What compiled code is made from is in its stamp: sources are read, nothing is compiled but two
lines."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numba
import pytest

from tests.architecture.rooms import PACKAGE, ROOT
from xlcollab.jit import files_of, is_ready, stamp, stamped

ROOMS: Mapping[str, str] = {
    "kernels/scalar": "kernels.scalar.digits",
    "kernels/scan": "kernels.scan.compiled",
    "kernels/program/machine": "kernels.program.machine.compiled",
    "factor/passes": "factor.passes.compiled",
}
"""Folders with compiled functions, and where their sources are told."""
SET_UP = {ROOT / "jit.py", ROOT / "errors.py"}
"""How to compile, which changes nothing of what a function means."""


@cache
def names_of(file: Path) -> Mapping[str, ast.AST]:
    """What each name at the top of a file stands for."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: node for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (one for target in targets for one in ast.walk(target)):
                if isinstance(name, ast.Name):
                    found[name.id] = node.value
    return found


def used_in(node: ast.AST) -> Iterator[str]:
    """The names that a piece of code reads, types left out."""
    inside: list[ast.AST | None] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.FunctionDef):
        inside = [*node.body, *node.decorator_list]
    elif isinstance(node, ast.AnnAssign):
        inside = [node.value]
    elif isinstance(node, ast.Name):
        yield node.id
    for child in filter(None, inside):
        yield from used_in(child)


def file_named(module: str) -> Path | None:
    place = ROOT.parent.joinpath(*module.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()), None)


def needed(file: Path, name: str, seen: set[tuple[Path, str]]) -> Iterator[Path]:
    """The files of ours that define what a name of a file stands for, and all that this reads."""
    meaning = names_of(file).get(name)
    if meaning is None or file in SET_UP or (file, name) in seen:
        return
    seen.add((file, name))
    if isinstance(meaning, ast.ImportFrom):
        if (meaning.module or "").split(".")[0] == PACKAGE:
            yield from imported(meaning, name, seen)
        return
    yield file
    for other in used_in(meaning):
        yield from needed(file, other, seen)


def imported(node: ast.ImportFrom, name: str, seen: set[tuple[Path, str]]) -> Iterator[Path]:
    own = next(alias.name for alias in node.names if name in (alias.name, alias.asname))
    whole = file_named(f"{node.module}.{own}")
    if whole is not None:
        yield whole  # a module, of which any name may be read
        for each in names_of(whole):
            yield from needed(whole, each, seen)
        return
    home = file_named(str(node.module))
    assert home is not None
    yield from needed(home, own, seen)


def compiled_in(folder: str) -> Iterator[tuple[Path, str]]:
    """The functions of a folder with a decorator, and those that are compiled by a call."""
    for file in sorted((ROOT / folder).glob("*.py")):
        for name, node in names_of(file).items():
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                yield file, name


@pytest.mark.parametrize("folder", ROOMS)
def test_all_that_compiled_code_reads_is_in_its_stamp(folder: str) -> None:
    told = importlib.import_module(f"{PACKAGE}.{ROOMS[folder]}")
    allowed = SET_UP | set(files_of(told.SOURCES))
    assert all(file.is_file() for file in files_of(told.SOURCES))
    seen: set[tuple[Path, str]] = set()
    functions = list(compiled_in(folder))
    found = {file for place, name in functions for file in needed(place, name, seen)}
    assert len(functions) > 5
    assert not found - allowed


def test_every_cache_is_stamped() -> None:
    """numba's own cache would look at the function's file alone."""
    text = {file: file.read_text(encoding="utf-8") for file in ROOT.rglob("*.py")}
    own = {file for file, source in text.items() if re.search("cache=(True|CACHED)", source)}
    assert own == {ROOT / "jit.py"}
    stamps = {str(file.parent.relative_to(ROOT)) for file in text if "stamped(" in text[file]}
    assert stamps - {"."} == set(ROOMS)


def loaded(folder: Path) -> Callable[[float], float]:
    """f of f.py, which calls g of g.py, as the next process would have them."""
    spaces: dict[str, object] = {}
    for name in ("g", "f"):
        file = folder / f"{name}.py"
        exec(compile(file.read_text(), str(file), "exec"), spaces)
        spaces[name] = numba.njit(spaces[name]) if name == "g" else spaces[name]
    plain: Callable[[float], float] = SimpleNamespace(**spaces).f
    made = cast("Callable[[float], float]", numba.njit(plain))
    return stamped(made, plain, (str(folder / "f.py"), str(folder / "g.py")))


def test_what_calls_a_function_that_changed_is_compiled_anew(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    return 1.0 + g(x)\n")
    (tmp_path / "g.py").write_text("def g(x):\n    return 2.0 * x\n")
    first = loaded(tmp_path)
    assert not is_ready(first)
    assert first(3.0) == 7.0
    assert is_ready(loaded(tmp_path))
    (tmp_path / "g.py").write_text("def g(x):\n    return 5.0 * x\n")
    stamp.cache_clear()
    second = loaded(tmp_path)
    assert not is_ready(second)
    assert second(3.0) == 16.0
