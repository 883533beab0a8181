"""The page of Python's verbs, from the docstrings in the source: nothing is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from xlcollab.faces.docs.markdown_text import code, page

_CLASSES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("OpenBook", ("api/session/session.py:Session", "api/book.py"), "`xlcollab.open(path)`."),
    ("Solved", ("api/solve/solved.py",), "What `solve` and `fit_one_cycle` of a book give."),
    ("RateCurve", ("api/solve/rates.py",), "What `lr_find` of a book gives."),
    ("CellFunction", ("api/look/gradients.py",), "What `function` gives."),
    ("Gradient", ("api/look/gradients.py",), "What `gradient` gives."),
    ("Jacobian", ("api/look/curvature.py",), "What `jacobian` gives."),
    ("Hessian", ("api/look/curvature.py",), "What `hessian` gives."),
    ("Tab", ("api/tabs/tab.py",), "What `tab` gives."),
    ("MatrixFactorization", ("factor/estimator.py", "api/ratings/estimator.py"), ""),
    ("RateTrials", ("api/ratings/estimator.py",), "What `lr_find` of a model gives."),
)
"""Class, the files that hold it or what it inherits (:name where that is another), a sentence."""
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
            for part in (f"## {name}", says, *_members(package, name, files))
        ),
    )


def _members(package: Path, name: str, files: tuple[str, ...]) -> Iterator[str]:
    """What the class says of itself, what it is made with, its methods; a later file's stand for
    those that it overrides."""
    methods: dict[str, ast.FunctionDef] = {}
    fields: dict[str, str] = {}
    says = ""
    for place in files:
        file, _, own = place.partition(":")
        holder = _class(package / file, own or name)
        says = ast.get_docstring(holder) or says
        found = [node for node in holder.body if isinstance(node, ast.FunctionDef)]
        methods |= {node.name: node for node in found if not node.name.startswith("_")}
        fields |= _fields(holder)
    yield _told(says)
    if fields:
        yield code("\n".join(fields.values()), "python")
    for node in methods.values():
        yield f"### {node.name}"
        yield code(_signature(node), "python")
        yield _told(ast.get_docstring(node) or "")


def _class(file: Path, name: str) -> ast.ClassDef:
    tree = ast.parse(file.read_text("utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def _fields(holder: ast.ClassDef) -> dict[str, str]:
    """By name the fields of a dataclass as they are written: its parameters and attributes."""
    found = [node for node in holder.body if isinstance(node, ast.AnnAssign)]
    named = [(node.target.id, node) for node in found if isinstance(node.target, ast.Name)]
    return {name: ast.unparse(node) for name, node in named if not name.startswith("_")}


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
