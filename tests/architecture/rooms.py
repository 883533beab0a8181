"""The rooms of the project, what each may import, and a reader of the imports that are there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "xlcollab"
ROOT = Path(__file__).resolve().parents[2] / PACKAGE
DOOR = "__init__"
"""The file `xlcollab/__init__.py`, which is a room of its own; its name inside is the package's."""


@dataclass(frozen=True)
class Room:
    """Which rooms and which packages of others a room may import, besides itself and `errors`."""

    ours: frozenset[str]
    outside: frozenset[str]


def _room(ours: str = "", outside: str = "") -> Room:
    return Room(frozenset(ours.split()), frozenset(outside.split()))


ROOMS: Mapping[str, Room] = {
    "errors": _room(),
    "ref": _room(),
    "settings": _room(),
    "interrupts": _room(),
    "garbage": _room(),
    "disk": _room("interrupts"),
    "jit": _room("disk", "numba"),
    "llvm": _room("", "llvmlite numba"),
    "operations": _room("", "numpy scipy"),
    "grid": _room("ref", "numpy"),
    "formula": _room("ref"),
    "plan": _room("grid formula ref garbage", "numpy"),
    "kernels": _room("plan formula grid ref jit llvm operations", "torch numpy scipy numba"),
    "optim": _room("settings interrupts operations", "torch numpy scipy highspy pyscipopt"),
    "ratings": _room("settings disk", "numpy pandas pyarrow"),
    "factor": _room(
        "ratings optim ref settings disk interrupts jit llvm",
        "torch triton numpy pandas numba optuna safetensors sklearn",
    ),
    "problems": _room("grid ratings ref formula settings", "numpy pandas"),
    "history": _room("grid ref", "numpy pandas"),
    "files": _room("grid ref disk interrupts garbage", "numpy lxml openpyxl xlsxwriter"),
    "lessons": _room("grid problems ref settings", "numpy xlsxwriter"),
    "live": _room("grid ref", "numpy xlwings"),
    "api": _room(
        "ref grid formula plan kernels optim ratings factor problems history files lessons "
        "settings disk interrupts",
        "numpy torch pandas matplotlib",
    ),
    "faces": _room(
        f"api live settings disk interrupts {DOOR}", "xlwings typer rich click markdown"
    ),
    DOOR: _room("api"),
    "__main__": _room("faces garbage"),
}


@dataclass(frozen=True)
class Import:
    """One import statement of a file: the module it names, and whether it runs on loading."""

    file: Path
    line: int
    module: str
    on_load: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(file: Path, *, typed: bool = False) -> list[Import]:
    """Every import of a file, those inside functions too; with `typed`, those for the type checker
    as well."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return list(_visit(tree, file, on_load=True, typed=typed))


def _visit(node: ast.AST, file: Path, *, on_load: bool, typed: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(file, node.lineno, alias.name, on_load)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, file)
        for alias in node.names:
            yield Import(file, node.lineno, f"{base}.{alias.name}", on_load)
    inner = on_load and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in _children(node, typed=typed):
        yield from _visit(child, file, on_load=inner, typed=typed)


def _children(node: ast.AST, *, typed: bool) -> list[ast.AST]:
    checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    if isinstance(node, ast.If) and checking and not typed:
        return list(node.orelse)
    return list(ast.iter_child_nodes(node))


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    if not node.level:
        return node.module or ""
    above = file.resolve().parents[node.level - 1].relative_to(ROOT.parent).parts
    return ".".join([*above, *([node.module] if node.module else [])])


def room_of(file: Path) -> str:
    """The room of a file below the package's root."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def named_room(module: str) -> str | None:
    """The room that a module's name leads to; None for a package of others."""
    first, *rest = module.split(".")
    if first != PACKAGE:
        return None
    return rest[0] if rest and rest[0] in ROOMS else DOOR


def forbidden(room: str, found: Import) -> str | None:
    """The sentence that tells which arrow an import draws against the table, or None."""
    allowed = ROOMS[room]
    target = named_room(found.module)
    if target is None:
        package = found.module.split(".")[0]
        if package in sys.stdlib_module_names or package in allowed.outside:
            return None
        return f"{found}: {room} may not import {package}"
    if target in {room, "errors"} | allowed.ours:
        return None
    return f"{found}: the arrow {room} → {target} is forbidden"


def faults(folder: Path = ROOT) -> list[str]:
    """Every import below a folder of the package that the table does not allow."""
    return [
        sentence
        for file in sorted(folder.rglob("*.py"))
        for found in imports_of(file)
        if (sentence := forbidden(room_of(file), found)) is not None
    ]
