"""Small faults at random places: each function of the package is as likely as any other."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.blocks import ROOT

PACKAGE = ROOT / "xlcollab"
_LEFT_OUT = ("triton_pass.py", "excel", "calc", "__main__")
"""What needs a GPU, Excel or an office to run."""
_FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """A module, the function (and its first line) and line of the change, what was changed, and
    the new source."""

    file: Path
    function: str
    first: int
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.function}: {self.what}"


def mutants(rng: random.Random) -> Iterator[Mutant]:
    """Endless ones, each function of the package as likely as any other."""
    functions = [
        (file, node.lineno)
        for file in sorted(PACKAGE.rglob("*.py"))
        if not any(part in file.as_posix() for part in _LEFT_OUT)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and list(_places(node))
    ]
    while True:
        file, line = rng.choice(functions)
        yield _mutant(file, line, rng)


def _mutant(file: Path, line: int, rng: random.Random) -> Mutant:
    tree = ast.parse(file.read_text("utf-8"))
    function = next(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.lineno == line
    )
    place = rng.choice(list(_places(function)))
    before = ast.unparse(place)
    after = _changed(place)
    what = f"{before[:70]!r} → {after[:70]!r}"
    at = getattr(place, "lineno", line)
    return Mutant(file, function.name, line, at, what, ast.unparse(tree))


def _places(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a body that can be changed; what an error says is none of them."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert | ast.FunctionDef):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # zip's: what it guards against does not happen
        if _can_change(node):
            yield node
        stack += ast.iter_child_nodes(node)


def _can_change(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[one]):
            return type(one) in _FLIPPED
        case ast.BinOp(op=one) | ast.BoolOp(op=one):
            return type(one) in _FLIPPED
        case ast.Constant(value=bool() | int() | float()):
            return True
        case ast.If():
            return True
        case ast.Return(value=value):
            return not (value is None or isinstance(value, ast.Constant))
    return False


def _changed(node: ast.AST) -> str:
    """Change the node in place; how it reads afterwards."""
    match node:
        case ast.Compare():
            node.ops = [_FLIPPED[type(node.ops[0])]()]  # type: ignore[list-item]
        case ast.BinOp() | ast.BoolOp():
            node.op = _FLIPPED[type(node.op)]()  # type: ignore[assignment]
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value = node.value + 1
        case ast.If():
            node.test = ast.Constant(False)
        case ast.Return():
            node.value = ast.Constant(None)
    return ast.unparse(node)
