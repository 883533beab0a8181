"""The 27 NIST StRD problems, from both starts, with the default settings."""

from __future__ import annotations

import pytest

from tests.optim.strd import MODELS, names, read
from xlcollab.optim import Objective, Status, solve


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", MODELS)
def test_six_digits_in_every_parameter(name: str, start: int) -> None:
    problem = read(name)
    objective = Objective(
        function=lambda b: problem.residuals(b).square().sum(), residuals=problem.residuals
    )
    solution = solve(objective, problem.starts[start])
    assert problem.correct_digits(solution.x) >= 6.0
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)
    assert solution.method == "lm"
    assert solution.objective == pytest.approx(problem.sum_of_squares, rel=1e-9, abs=1e-20)


def test_all_problems_are_there() -> None:
    assert names() == set(MODELS)
