"""What `auto` takes and why, and what a named method refuses: one row for each sort of model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.optim import LinearModel, Objective, Settings
from xlcollab.optim.auto import choose
from xlcollab.settings.methods import METHODS


class NoCurves:
    """Second derivatives that nobody asks for here."""

    def at(self, x: object, residuals: object) -> None:
        del x, residuals


SQUARES = {"residuals": lambda x: x - 1}
LINES = {
    "constraints": lambda x: x[:1],
    "constraint_lower": torch.zeros(1),
    "constraint_upper": torch.ones(1),
}
WHOLE = {"integer": torch.tensor([True, False, False])}
STRAIGHT = {
    "linear": LinearModel(c=np.ones(3), c0=0.0, matrix=np.zeros((0, 3)), offset=np.zeros(0))
}


def objective(**parts: Any) -> Objective:
    return Objective(**{"function": lambda x: (x - 1).square().sum(), **parts})


def start(n: int = 3) -> Tensor:
    return torch.zeros(n, dtype=torch.float64)


def residuals_of_size(m: int) -> dict[str, Any]:
    return {"residuals": lambda x: x.sum().expand(m)}


CHOICES: dict[str, tuple[dict[str, Any], int, dict[str, Any], str, str]] = {
    "squares": (SQUARES, 3, {}, "lm lbfgs", "the objective is a sum of squares (lbfgs goes on"),
    "squares of 49": (SQUARES, 49, {}, "lm lbfgs", "sum of squares (lbfgs goes on"),
    "squares of 50 with curves": (
        SQUARES | {"native_curves": NoCurves()},
        50,
        {},
        "lm lm lbfgs lm",
        "sum of squares of many variables (lm, lbfgs where that stops short)",
    ),
    "squares of 50": (SQUARES, 50, {}, "lm lbfgs lm", "sum of squares of many variables"),
    "penalty": (SQUARES, 3, {"l2": 0.1}, "lbfgs", "the penalty l2 is no part of the sum"),
    "maximised": (SQUARES | {"maximize": True}, 3, {}, "lbfgs", "the objective is smooth and no"),
    "smooth": ({}, 3, {}, "lbfgs", "the objective is smooth and no sum of squares"),
    "kinks": ({"shape": "kinks"}, 3, {}, "lbfgs", "the model is smooth but for kinks and no sum"),
    "just fits": (residuals_of_size(1_250_000), 4, {}, "lm lbfgs", "a sum of squares"),
    "too many numbers": (residuals_of_size(1_250_001), 4, {}, "lbfgs", "too large for a Jacobian"),
    "just quick": (residuals_of_size(7905), 251, {}, "lm lbfgs lm", "a sum of squares"),
    "too much work": (residuals_of_size(7999), 252, {}, "lbfgs", "too large for a Jacobian"),
    "lines": (LINES, 3, {}, "sqp", "the model is smooth, with constraints"),
    "lines, 500": (LINES, 500, {}, "sqp", "the model is smooth, with constraints"),
    "lines, 501": (LINES, 501, {}, "lbfgs", "constraints are held by an augmented Lagrangian"),
    "steps": ({"shape": "steps"}, 1000, {}, "evolutionary", "the model holds steps"),
    "steps, 1001": ({"shape": "steps"}, 1001, {}, "lbfgs", "the model holds steps and no sum"),
    "blind": ({"differentiable": False}, 300, {}, "evolutionary", "has no derivative"),
    "restarts": ({}, 200, {"multistart": True}, "evolutionary", "the best of many optima"),
    "restarts, 201": ({}, 201, {"multistart": True}, "lbfgs", "no sum of squares"),
    "whole": (WHOLE, 3, {}, "branch", "the model is smooth, is not linear, and holds whole"),
    "whole, kinks": (
        WHOLE | {"shape": "kinks"},
        3,
        {},
        "branch",
        "is smooth but for kinks, is not",
    ),
    "whole, steps": (
        WHOLE | {"shape": "steps"},
        3,
        {},
        "evolutionary",
        "the model holds steps, is",
    ),
    "whole, restarts": (WHOLE, 3, {"multistart": True}, "evolutionary", "and holds whole numbers"),
    "permutation": (
        {"alldifferent": (torch.arange(3).numpy(),)},
        3,
        {},
        "evolutionary",
        "all diff",
    ),
    "linear": (STRAIGHT, 3, {}, "highs", "the model is linear"),
    "linear, whole": (STRAIGHT | WHOLE, 3, {}, "highs", "the model is linear with integers"),
    "linear, penalty": (STRAIGHT, 3, {"l2": 1.0}, "lbfgs", "the objective is smooth and no sum"),
    "as asked": (SQUARES, 3, {"method": "adam"}, "adam", "as asked"),
    "sqp, whole": (WHOLE, 3, {"method": "sqp"}, "branch", "as asked, with whole numbers"),
    "sqp": ({}, 3, {"method": "sqp"}, "sqp", "as asked"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_model_gets_its_method_and_the_reason(name: str) -> None:
    parts, n, asked, methods, reason = CHOICES[name]
    found = choose(objective(**parts), start(n), Settings(**asked))
    assert " ".join(stage.method for stage in found.stages) == methods
    assert reason in found.reason


@pytest.mark.parametrize("method", METHODS)
def test_a_named_method_refuses_what_it_cannot(method: str) -> None:
    """Against the table: a method that needs something is refused without it, and only then."""
    row = METHODS[method]
    whole: dict[str, Any] = {**SQUARES, **STRAIGHT, "formulas": lambda function: None}
    asked = Settings(method=method)
    assert choose(objective(**whole), start(), asked).stages[-1].method
    needs = {"linear": row.needs_linear, "formulas": row.needs_formulas}
    for part, needed in {**needs, "residuals": row.needs_residuals}.items():
        without = objective(**{key: value for key, value in whole.items() if key != part})
        assert _is_refused(without, asked) == needed
    assert _is_refused(objective(**whole, **LINES), asked) == (not row.takes_constraints)
    assert _is_refused(objective(**whole, maximize=True), asked) == row.needs_residuals


def _is_refused(model: Objective, asked: Settings) -> bool:
    try:
        choose(model, start(), asked)
    except UsageError as error:
        told = str(error)
    else:
        return False
    assert told.startswith(f"method {asked.method} ")
    assert "use auto" in told
    return True
