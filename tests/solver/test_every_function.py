"""Every function of the table with a variable in each of its arguments: never a crash.

As the objective and as a constraint; a model that cannot be used is refused with our own error.
"""

from __future__ import annotations

import math

import pytest

from tests.problems.memory import workbook
from xlcollab.api.session.session import Session
from xlcollab.api.solve.solving import solve_model
from xlcollab.errors import XlcollabError
from xlcollab.formula.signatures import SIGNATURES, Param, Signature
from xlcollab.grid.memory import MemoryBook
from xlcollab.optim import Settings

_AREAS = frozenset({Param.RANGE, Param.TABLE, Param.ARRAY, Param.PLACE})
_SETTINGS = Settings(iterations=2, time_limit=2.0, population=10)
_QUICK = (
    *("IF", "VLOOKUP", "MATCH", "INDEX", "CHOOSE", "COUNTIF", "SUMIFS", "RANK.EQ", "LEN", "DAY"),
    "GAMMA.DIST",
)


def call(name: str, signature: Signature) -> str:
    """The function with a variable cell, or a block of them, for every argument it must have."""
    arguments = [
        "A1:A4" if signature.param(place) in _AREAS else f"A{place % 4 + 1}"
        for place in range(max(signature.minimum, len(signature.parameters)))
    ]
    return f"{name}({','.join(arguments)})"


def outcome(name: str, *, constraint: bool) -> None:
    formula = call(name, SIGNATURES[name])
    cells = {"A1": 1.25, "A2": 2.0, "A3": 3.5, "A4": 1.0, "B2": ("SUM(A1:A4)", 7.75)}
    session = Session.over(MemoryBook(workbook({"S": {**cells, "B1": (formula, None)}})))
    goal, lines = ("B2", ["B1<=5"]) if constraint else ("B1", [])
    try:
        model = session.model(
            minimize=goal,
            by_changing="A1:A4",
            subject_to=[*lines, "A1:A4<=9", "A1:A4>=0.5"],
        )
        solved = solve_model(session, model, _SETTINGS, history=False)
    except XlcollabError as error:
        if "no derivative" in str(error):  # then it is looked for without slopes
            raise
        return  # a refusal with a sentence
    if solved.kept:
        assert math.isfinite(solved.objective)
        assert solved.solution.feasible


@pytest.mark.parametrize("constraint", [False, True])
@pytest.mark.parametrize("name", _QUICK)
def test_functions_that_step(name: str, constraint: bool) -> None:
    outcome(name, constraint=constraint)


@pytest.mark.slow
@pytest.mark.parametrize("constraint", [False, True])
@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_every_function(name: str, constraint: bool) -> None:
    outcome(name, constraint=constraint)
