"""The public names: what `__all__` promises is there, and the verbs are documented."""

from __future__ import annotations

import importlib
import inspect

import pytest

import xlcollab

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
