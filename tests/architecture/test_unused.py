"""Nothing private is left that nobody uses: a function that is not called, a value not read."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT

ASKED_BY_OTHERS = {
    "_repr_html_": "a notebook",
    "_should_skip_dynamo": "torch",
    "_index_key": "numba",
}
"""Who calls what we do not call ourselves."""
BY_NAME = ("_through_",)
"""How names begin that are put together when they are asked for."""


def unused(root: Path) -> list[str]:
    """Private functions and attributes, by name and file, that are made and never asked for."""
    made: dict[str, str] = {}
    asked: Counter[str] = Counter()
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for name in _made(node):
                made.setdefault(name, f"{file.relative_to(root)}: {name}")
            asked.update(_asked(node))
    return [place for name, place in made.items() if not asked[name] and not _is_known(name)]


def _is_known(name: str) -> bool:
    return name in ASKED_BY_OTHERS or name.startswith(BY_NAME)


def _made(node: ast.AST) -> list[str]:
    found = []
    if isinstance(node, ast.FunctionDef) and not node.decorator_list:
        found = [node.name]
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        found = [node.attr] if ast.unparse(node.value) == "self" else []
    return [name for name in found if name.startswith("_") and not name.endswith("__")]


def _asked(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Store):
        return [node.id if isinstance(node, ast.Name) else node.attr]
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]  # vars(self).pop("_name")
    return []


def test_nothing_private_is_unused() -> None:
    found = unused(ROOT)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def _f() -> None: ...\n", ["a.py: _f"]),
        ("def _f() -> None: ...\n\n\n_f()\n", []),
        ("class A:\n    def __init__(self) -> None:\n        self._x = 1\n", ["a.py: _x"]),
        (
            "class A:\n    def f(self) -> int:\n        self._x = 1\n        return self._x\n",
            [],
        ),
    ],
)
def test_a_planted_one_is_found(text: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    assert unused(tmp_path) == found
