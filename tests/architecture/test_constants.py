"""Constants get their why: a tolerance, a share, a limit or a code says where it comes from."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT


def unexplained(folder: Path) -> list[str]:
    """Constants that are numbers, one or several, without a docstring below them or a comment above
    or beside."""
    return [
        f"{file.relative_to(folder)}: {name}"
        for file in sorted(folder.rglob("*.py"))
        for name in _in_file(file.read_text("utf-8"))
    ]


def _in_file(text: str) -> list[str]:
    lines, body = text.splitlines(), ast.parse(text).body
    found = []
    for node, behind in zip(body, [*body[1:], None], strict=False):
        if isinstance(node, ast.Assign) and _is_number(node.value):
            said = isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
            above = lines[node.lineno - 2] if node.lineno > 1 else ""
            noted = above.lstrip().startswith("#") or "#" in lines[node.lineno - 1]
            if not said and not noted:
                found.append(ast.unparse(node.targets[0]))
    return found


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        plain = not any(isinstance(one, ast.Tuple) for one in node.elts)
        return plain and all(map(_is_number, node.elts)) and not _is_enumeration(node.elts)
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def test_constants_say_why() -> None:
    found = unexplained(ROOT)
    assert not found, "\n".join(found)


def _is_enumeration(parts: list[ast.expr]) -> bool:
    """Codes of our own, one after the other: what they stand for is their names."""
    numbers = [ast.literal_eval(one) for one in parts if isinstance(one, ast.Constant)]
    return len(numbers) == len(parts) and all(b - a == 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("_A = 1e-9\n", 1),
        ("_A = -1e-9\n_B = 2.0**-52\n", 2),
        ('_A = 1e-9\n"""Rounding."""\n', 0),
        ("_A = 1e-9  # rounding\n", 0),
        ("# rounding\n_A = 1e-9\n", 0),
        ("_A, _B = 1, 3\n", 1),
        ("_A, _B = 1, 2\n", 0),
        ("_A = True\n_B = 'x'\n", 0),
    ],
)
def test_a_planted_constant_is_found(text: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    assert len(unexplained(tmp_path)) == count
