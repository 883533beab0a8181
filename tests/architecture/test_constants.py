"""Constants of numerics get their why: a tolerance, a share or a limit says where it comes from."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT

NUMERICAL = ("optim",)
"""Rooms whose constants all are of numerics."""


def unexplained(folder: Path) -> list[str]:
    """Constants that are numbers, without a docstring below them or a comment above or beside."""
    return [
        f"{file.name}: {name}"
        for file in sorted(folder.rglob("*.py"))
        for name in _in_file(file.read_text("utf-8"))
    ]


def _in_file(text: str) -> list[str]:
    lines, body = text.splitlines(), ast.parse(text).body
    found = []
    for node, behind in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and _is_number(node.value):
            said = isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
            above = lines[node.lineno - 2] if node.lineno > 1 else ""
            noted = above.lstrip().startswith("#") or "#" in lines[node.lineno - 1]
            if not said and not noted:
                found.append(ast.unparse(node.targets[0]))
    return found


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


@pytest.mark.parametrize("room", NUMERICAL)
def test_constants_of_numerics_say_why(room: str) -> None:
    assert not unexplained(ROOT / room)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("_A = 1e-9\n", 1),
        ("_A = -1e-9\n_B = 2.0**-52\n", 2),
        ('_A = 1e-9\n"""Rounding."""\n', 0),
        ("_A = 1e-9  # rounding\n", 0),
        ("# rounding\n_A = 1e-9\n", 0),
        ("_A = True\n_B = 'x'\n", 0),
    ],
)
def test_a_planted_constant_is_found(text: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    assert len(unexplained(tmp_path)) == count
