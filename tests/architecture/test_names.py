"""The public names: what `__all__` promises is there, and the verbs are documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

import pytest

import xlcollab
from tests.architecture.rooms import ROOT
from xlcollab.settings.methods import METHODS

DOORS = (
    "xlcollab",
    "xlcollab.api",
    "xlcollab.files",
    "xlcollab.formula",
    "xlcollab.grid",
    "xlcollab.history",
    "xlcollab.optim",
    "xlcollab.plan",
    "xlcollab.problems",
)


@pytest.mark.parametrize("door", DOORS)
def test_every_exported_name_is_there(door: str) -> None:
    module = importlib.import_module(door)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert not missing
    assert module.__doc__


def test_the_python_face_offers_the_verbs_of_the_issue() -> None:
    assert {"open", "OpenBook", "XlcollabError"} <= set(xlcollab.__all__)
    verbs = ("solve", "function", "gradient", "recalculate", "inspect", "save", "models", "model")
    for verb in verbs:
        assert inspect.getdoc(getattr(xlcollab.OpenBook, verb))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'solver'"):
        _ = xlcollab.solver


def test_nobody_gathers_settings_by_the_names_of_variables() -> None:
    """`locals()` takes up whatever there is, and no type checker sees a name that is misspelt."""
    asking = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node) in ("locals()", "vars()")
    ]
    assert not asking


def test_what_a_method_can_do_stands_in_its_row() -> None:
    """A set of methods' names beside the rows is a fact that a new row would lack."""
    lists = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted(ROOT.rglob("*.py"))
        if "settings" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Set | ast.Tuple | ast.List)
        and len(node.elts) > 1
        and all(isinstance(one, ast.Constant) and one.value in METHODS for one in node.elts)
    ]
    assert not lists


def test_sentences_name_commands_that_there_are() -> None:
    """Errors and helps say what to do: `xlcollab fit` must be what can be typed."""
    known = {file.stem.replace("_", "-") for file in (ROOT / "faces" / "commands").glob("*.py")}
    texts = [*ROOT.rglob("*.py"), *ROOT.rglob("*.md"), *ROOT.parent.glob("*.md")]
    wrong = [
        f"{file.relative_to(ROOT.parent)}: {word}"
        for file in texts
        for word in re.findall(r"`xlcollab ([a-z][\w-]*)", file.read_text("utf-8"))
        if word not in known
    ]
    assert not wrong
