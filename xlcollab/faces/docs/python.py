"""The page of Python's verbs, from the docstrings in the source: nothing is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from xlcollab.faces.docs.markdown_text import code, page

_CLASSES = (
    ("OpenBook", ("api/session/session.py", "api/book.py"), "`xlcollab.open(path)` gives one."),
    ("Solved", ("api/solve/solved.py",), "What `solve` gives."),
    ("MatrixFactorization", ("factor/estimator.py", "api/ratings/estimator.py"), ""),
)
"""Class, the files that hold it or what it inherits, and a sentence."""
_INTRO = (
    "`import xlcollab as xc` gives `xc.open` and `xc.MatrixFactorization`. Importing it loads "
    "neither torch nor pandas; they come with the first verb that needs them. Errors are "
    "`xc.XlcollabError`."
)


def python_page(package: Path) -> str:
    """The classes with their public methods."""
    return page(
        "Python",
        _INTRO,
        *(
            part
            for name, files, says in _CLASSES
            for part in (f"## {name}", says, *_members(package, files))
        ),
    )


def _members(package: Path, files: tuple[str, ...]) -> Iterator[str]:
    """The first class of each file; a later file's methods stand for those it overrides."""
    methods: dict[str, ast.FunctionDef] = {}
    says = ""
    for file in files:
        tree = ast.parse((package / file).read_text("utf-8"))
        holder = next(node for node in tree.body if isinstance(node, ast.ClassDef))
        says = ast.get_docstring(holder) or says
        found = [node for node in holder.body if isinstance(node, ast.FunctionDef)]
        methods |= {node.name: node for node in found if not node.name.startswith("_")}
    yield _told(says)
    for node in methods.values():
        yield f"### {node.name}"
        yield code(_signature(node), "python")
        yield _told(ast.get_docstring(node) or "")


def _signature(node: ast.FunctionDef) -> str:
    """How a method is called, or how a property reads."""
    gives = ast.unparse(node.returns) if node.returns else ""
    if any("property" in ast.unparse(one) for one in node.decorator_list):
        return f"{node.name}: {gives}"
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("cls, ")
    shown = "" if arguments in ("self", "cls") else arguments
    line = f"{node.name}({shown}) -> {gives}"
    return line if len(line) < 90 else line.replace(", ", ",\n    ")


def _told(text: str) -> str:
    """A docstring as Markdown: its indented parts are code there, too."""
    return "\n".join(one if one.startswith("    ") else _escaped(one) for one in text.splitlines())


def _escaped(line: str) -> str:
    return line.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")
