"""All NIST StRD problems typed as workbooks, from both starts, with the default settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import xlcollab as xc
from tests.optim.strd import names, read
from tests.oracle.nist import MODELS, OBJECTIVES, typed
from xlcollab.optim import Status

NAMES = sorted(MODELS)


LONG = {"Bennett5", "ENSO", "Gauss3", "Lanczos1", "Lanczos2", "MGH09", "MGH10", "MGH17"}
"""Hundreds of steps on a long valley."""


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in LONG else []) for n in NAMES]
)
def test_six_digits_in_every_parameter(name: str, start: int, tmp_path: Path) -> None:
    problem = read(name)
    objective = OBJECTIVES[(NAMES.index(name) + start) % len(OBJECTIVES)]
    book = xc.open(typed(tmp_path / "fit.xlsx", problem, start, objective))
    solved = book.solve(history=False)
    assert problem.correct_digits(torch.as_tensor(solved.weights)) >= 6.0, solved.solution.message
    assert solved.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)
    assert solved.solution.method == "lm"


def test_every_problem_and_every_kind_of_objective_is_there() -> None:
    assert names() == set(MODELS)
    used = {(number + start) % len(OBJECTIVES) for number in range(len(NAMES)) for start in (0, 1)}
    assert used == set(range(len(OBJECTIVES)))
