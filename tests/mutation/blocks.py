"""The blocks of a module: the bodies of its functions, of their branches and loops. Each has a
number of its own, and can tell when it runs.

The contexts of coverage.py tell lines by test as well, but take twice the time of the suite (what
reads its files would be no shorter); a block's one call costs next to nothing.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "__block_runs__"
"""The builtin that a marked block calls with its number."""

_COMPILED = {
    *("inner", "compiled", "parallel", "inlined", "fused", "exact", "serial", "entry", "reordered"),
    *("register_model", "_kernel", "njit", "jit"),
}
"""Decorators of functions that numba or triton compiles: nothing of ours can be called in there."""

Statements = list[ast.stmt]


def blocks(tree: ast.Module, file: Path) -> Iterator[tuple[int, ast.FunctionDef, Statements]]:
    """Number, outermost function and statements of each block of Python; none of compiled code."""
    for name, function in _functions(tree, file.relative_to(ROOT).as_posix()):
        if not is_compiled(function):
            for place, body in enumerate(_bodies(function)):
                yield zlib.crc32(f"{name}:{place}".encode()), function, body


def marked(file: Path) -> ast.Module:
    """The module, in which each block tells that it runs before it does anything."""
    tree = ast.parse(file.read_text("utf-8"))
    for number, _, body in list(blocks(tree, file)):
        call = ast.parse(f"{MARK}({number})").body[0]
        is_text = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        body.insert(1 if is_text else 0, call)
    return ast.fix_missing_locations(tree)


def block_at(file: Path, node_line: int, function_line: int) -> int | None:
    """The number of the innermost block of a function that holds a line, if it is one of Python."""
    tree = ast.parse(file.read_text("utf-8"))
    found = None
    for number, function, body in blocks(tree, file):
        first, last = body[0].lineno, body[-1].end_lineno or 0
        inside = function.lineno <= function_line <= (function.end_lineno or 0)
        if inside and (found is None or first <= node_line <= last):
            found = number
    return found


def is_compiled(function: ast.FunctionDef) -> bool:
    """Whether its body becomes machine code."""
    names = {
        part.id if isinstance(part, ast.Name) else part.attr
        for decorator in function.decorator_list
        for part in ast.walk(decorator)
        if isinstance(part, ast.Name | ast.Attribute)
    }
    return bool(names & _COMPILED)


def _functions(node: ast.AST, above: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The outermost functions, those of classes too, with names that say where they stand."""
    for child in ast.iter_child_nodes(node):
        name = f"{above}:{getattr(child, 'name', '')}"
        if isinstance(child, ast.FunctionDef):
            yield name, child
        else:
            yield from _functions(child, name)


def _bodies(node: ast.AST) -> Iterator[Statements]:
    """Outer bodies before those inside them."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body and not isinstance(node, ast.ClassDef):
            yield body
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.FunctionDef) and is_compiled(child)):
            yield from _bodies(child)
