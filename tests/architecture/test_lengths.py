"""No function is long: a body has 40 lines at most, its docstring left out."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.rooms import ROOT

MOST_LINES = 40


def long_functions(root: Path) -> list[str]:
    """Every function whose body has more lines than is allowed."""
    return [
        f"{file.relative_to(root.parent)}:{node.lineno}: {node.name} has {lines} lines"
        for file in sorted(root.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := body_lines(node)) > MOST_LINES
    ]


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a body without its docstring, functions inside it included."""
    first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
    return (node.end_lineno or first.lineno) - first.lineno + 1


def test_no_function_is_long() -> None:
    found = long_functions(ROOT)
    assert not found, "\n".join(found)


def test_a_long_function_is_caught(tmp_path: Path) -> None:
    body = "    x = 1\n" * MOST_LINES
    (tmp_path / "a.py").write_text(f'def f():\n    "A docstring."\n{body}')
    assert not long_functions(tmp_path)
    (tmp_path / "a.py").write_text(f"def f():\n    y = 2\n{body}")
    assert len(long_functions(tmp_path)) == 1
