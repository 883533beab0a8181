"""The factor engine and the formula engine on the lesson's sheets: the same steps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factor.test_lesson import model, sheet
from tests.shared_data import lesson
from xlcollab.factor import TrainingSettings, train
from xlcollab.files import FileBook
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.optim import Objective, Settings, solve
from xlcollab.plan import build_plan
from xlcollab.ref import parse_areas

STEPS = 30
MODELS = {"dotprod": ("H19:V23,B25:F39", "V41"), "bias": ("H19:V24,A26:F40", "V42")}


def formula_path(name: str, method: str) -> np.ndarray:
    """The objective cell before each step, from the workbook's own formulas."""
    book = FileBook(lesson("collab_filter.xlsx")).read()
    variables, objective = (parse_areas(text, name) for text in MODELS[name])
    start = [book.sheet(name).block(area.rect)[1].reshape(-1) for area in variables]
    compiler = Compiler(build_plan(book), variables, np.concatenate(start))
    function = compiler.function([compiler.cells(objective[0])])
    settings = Settings(method=method, iterations=STEPS, learning_rate=0.05)  # type: ignore[arg-type]
    solution = solve(Objective(function=function.scalar), compiler.start, settings)
    return solution.history.column("objective")[:STEPS]


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "rmsprop", "adam"])
@pytest.mark.parametrize("name", MODELS)
def test_both_engines_take_the_same_steps(name: str, method: str) -> None:
    data = sheet(name)
    # The bias sheet's objective lacks the division by the count: the root of the sum of squares.
    scale = 1.0 if name == "dotprod" else np.sqrt(len(data.table))
    rate = 0.05 * (scale if method in ("gd", "momentum", "nesterov") else 1)
    settings = TrainingSettings(
        optimizer=method,  # type: ignore[arg-type]
        loss="rmse",
        epochs=STEPS,
        learning_rate=rate,
        # With a gradient √n times as large epsilon would weigh less.
        epsilon=1e-8 / scale if method in ("rmsprop", "adam") else None,
    )
    result = train(data.table, model(name), settings, start=data.start)
    ours = result.column("train_rmse") * scale
    np.testing.assert_allclose(ours, formula_path(name, method), rtol=1e-9)
