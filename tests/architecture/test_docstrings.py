"""What a public function gives and raises stands in its docstring: the shape, and the error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rooms import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef

_ARRAYS = re.compile(r"\b(NDArray|ndarray|Tensor|Array|Numbers|Floats|Ints|Whole)\b")
_HOLDERS = re.compile(r"\b(Callable|Iterator|Mapping|dict)\b")
"""What gives arrays later, or many of them by name."""
_SHAPE = re.compile(
    r"\([\w·+×*/ −-]+,[^()]*\)|\bshapes?\b|\bas many as\b|\bscalar\b|\bof size one\b"
)
_ELSEWHERE = re.compile(r"\A(As|See) `")
"""A docstring that leaves it to that of the protocol."""
_ALL_OF_A_FILE = "common shape"
"""What the docstring of a file says of all its functions."""
_RAISES = re.compile(r"\b[Rr]aises?\b|\brefuse[sd]?\b|\w+Error\b")


def public_functions(file: Path) -> Iterator[tuple[str, Function]]:
    """The functions and methods of a file that others may call, by their dotted name."""
    yield from _public(ast.parse(file.read_text(encoding="utf-8")).body, "")


def _public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body, f"{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield prefix + node.name, node


def lacks_shape(node: Function) -> bool:
    """Whether a function returns an array and does not say of which shape."""
    returned = "" if node.returns is None else ast.unparse(node.returns)
    if not _ARRAYS.search(returned) or _HOLDERS.search(returned):
        return False
    words = ast.get_docstring(node) or ""
    return not (_SHAPE.search(words) or _ELSEWHERE.match(words))


def lacks_error(node: Function) -> bool:
    """Whether a function raises an error of ours itself and does not say so."""
    names = {
        call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        for one in _own(node)
        if isinstance(one, ast.Raise) and (call := one.exc) is not None
    }
    raised = any(name.endswith("Error") for name in names)
    return raised and not _RAISES.search(ast.get_docstring(node) or "")


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda):
            yield child
            yield from _own(child)


def faults(root: Path = ROOT) -> list[str]:
    """A sentence on each public function whose docstring leaves out a shape or an error."""
    found = []
    for file in sorted(root.rglob("*.py")):
        whole = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        # That of a command, or of a function for cells, is its help; its errors are sentences.
        is_help = file.parent.name == "commands" or file.name == "udf.py"
        for name, node in public_functions(file):
            place = f"{file.relative_to(root.parent)}: {name}"
            if lacks_shape(node) and _ALL_OF_A_FILE not in whole:
                found.append(f"{place} returns an array of no stated shape")
            if lacks_error(node) and not is_help:
                found.append(f"{place} raises without a word")
    return found


def test_shapes_and_errors_are_told() -> None:
    found = faults()
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('def f() -> Tensor:\n    "A row."', 1),
        ('def f() -> Tensor:\n    "A row, (n,)."', 0),
        ('def f() -> int:\n    "One."\n    raise DataError("x")', 1),
        ('def f() -> int:\n    "One. Raises DataError."\n    raise DataError("x")', 0),
        ('def _f() -> Tensor:\n    "Private."', 0),
        ('class A:\n    def f(self) -> NDArray[int]:\n        "Some."', 1),
    ],
)
def test_a_planted_fault_is_caught(text: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(text)
    assert len(faults(tmp_path)) == count
