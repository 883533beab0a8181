"""The choice of a method for a model, with the reason."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.errors import ModelError, UsageError
from xlcollab.optim.problem import Objective
from xlcollab.settings.methods import METHODS
from xlcollab.settings.solving import Settings

_MOST_JACOBIAN = 5_000_000
"""40 MB in float64."""
_MOST_SVD_WORK = 5e8
"""Operations of a step, in the order of a second."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One method of a choice."""

    method: str
    tolerance: float | None = None
    """Where a stage that prepares the next one stops; None for one that may end the run."""
    iterations: int | None = None
    """The most steps, where that is less than the method's own limit."""
    curved: bool = False
    """Least squares by their whole Hessian; ends the run at an optimum alone."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The methods to run one after the other, until one ends well, and why these."""

    stages: tuple[Stage, ...]
    reason: str


def choose(objective: Objective, start: Tensor, settings: Settings) -> Choice:
    """The method that `settings` name, or for `auto` the strongest that fits.

    Raises:
        UsageError: the named method needs something that the model has not.
        ModelError: so does the engine that the model itself names.
    """
    if settings.method == "sqp" and objective.has_integers and not objective.alldifferent:
        return Choice((Stage("branch"),), "as asked, with whole numbers")
    if settings.method != "auto":
        _check_needs(objective, settings)
        return Choice((Stage(settings.method),), "as asked")
    if objective.linear is not None and not settings.l2 and _soon_tried(objective, settings):
        text = "the model is linear in pieces, with whole numbers of which all are soon tried"
        return Choice((Stage("branch"),), text)
    if objective.linear is not None and not settings.l2:
        kind = objective.linear.kind + (" with integers" if objective.has_integers else "")
        return Choice((Stage("highs"),), f"the model is {kind}")
    population = _why_a_population(objective, start, settings)
    if population is not None:
        return Choice((Stage("evolutionary"),), population)
    if objective.has_integers:
        shape = _shape(objective)
        text = f"the model {shape}, is not linear, and holds whole numbers"
        return Choice((Stage("branch"),), text)
    if objective.constraints is not None and start.numel() <= _MOST_FOR_SQP:
        return Choice((Stage("sqp"),), f"the model {_shape(objective)}, with constraints")
    reason = _why_not_squares(objective, start, settings)
    if reason is not None:
        return Choice((Stage("lbfgs"),), reason)
    if start.numel() < _MANY_VARIABLES:
        reason = "the objective is a sum of squares (lbfgs goes on where lm stops short)"
        return Choice((Stage("lm"), Stage("lbfgs")), reason)
    reason = "the objective is a sum of squares of many variables"
    if objective.native_curves is not None:
        return Choice((_CURVED, *_SQUARES_OF_MANY), f"{reason} (lm, lbfgs where that stops short)")
    return Choice(_SQUARES_OF_MANY, f"{reason} (lm, then lbfgs, then lm)")


_FEW = 20_000
"""Combinations that are evaluated in less time than a tree over many choices takes."""
_MANY_CHOICES = 30
"""Of pieces beside the variables: a tree over so many takes seconds, and where nothing satisfies
the rows minutes."""


def _soon_tried(objective: Objective, settings: Settings) -> bool:
    """Whether all variables are whole numbers of few combinations, and the pieces of a model bring
    many more choices into its rows."""
    model, ends = objective.linear, (objective.lower, objective.upper)
    if model is None or model.helpers is None or model.measure != "value":
        return False
    whole, (lower, upper) = objective.integer, ends
    if whole is None or lower is None or upper is None or not bool(whole.all()):
        return False
    limited = settings.iterations == 0 or settings.node_limit or settings.solution_limit
    if limited or int(model.helpers.integer.sum()) < _MANY_CHOICES:
        return False
    return float((upper.floor() - lower.ceil() + 1.0).clamp(min=0.0).prod()) <= _FEW


_SHAPES = {
    "smooth": "is smooth",
    "kinks": "is smooth but for kinks",
    "steps": "holds steps",
}


def _shape(objective: Objective) -> str:
    """What a sentence says of the functions."""
    if objective.shape == "smooth" and objective.roots:
        return "is smooth but where a root is 0"
    return _SHAPES[objective.shape]


_MOST_FOR_A_POPULATION = 200
"""A population covers no more dimensions in a time that anybody waits."""
_MOST_WITH_STEPS = 1000
"""Its best goes on by steps of single variables, which lead on where slopes are none."""


def _why_a_population(objective: Objective, start: Tensor, settings: Settings) -> str | None:
    """Why a search without derivatives fits, or None where it does not."""
    if objective.alldifferent:
        return "variables must be all different"
    if not objective.differentiable:
        return "a function of the model has no derivative"
    if objective.has_integers and (objective.shape == "steps" or settings.multistart):
        return f"the model {_shape(objective)}, is not linear, and holds whole numbers"
    if objective.shape == "steps" and start.numel() <= _MOST_WITH_STEPS:
        return "the model holds steps, which have no slope"
    several = settings.multistart and start.numel() <= _MOST_FOR_A_POPULATION
    return "the best of many optima is asked for" if several else None


_MOST_FOR_SQP = 500
"""SLSQP solves a dense least-squares problem in every step, n³."""

_MANY_VARIABLES = 50
"""From here on a step of lm, n² m, costs so much more than one of lbfgs that lbfgs makes the many
small steps at the end of a factorisation, where lm converges linearly."""

_SQUARES_OF_MANY = (Stage("lm", 1e-4), Stage("lbfgs", 1e-13, 1500), Stage("lm", None, 300))
"""The limits matter where a model has more weights than its data can tell: its loss falls for ever,
and more steps only fit the noise better."""

_CURVED = Stage("lm", None, 300, curved=True)


def _why_not_squares(objective: Objective, start: Tensor, settings: Settings) -> str | None:
    """Why Levenberg-Marquardt does not fit, or None when it does."""
    if objective.constraints is not None:
        return "constraints are held by an augmented Lagrangian around it"
    if objective.residuals is None or objective.maximize:
        what = "objective" if objective.shape == "smooth" else "model"
        return f"the {what} {_shape(objective)} and no sum of squares"
    if settings.l2:
        return "the penalty l2 is no part of the sum of squares"
    return _why_no_jacobian(objective, start, settings)


def _check_needs(objective: Objective, settings: Settings) -> None:
    name = settings.method
    method = METHODS[name]
    if method.needs_linear and objective.linear is None:
        if settings.engine == "stored":
            raise ModelError(
                "the stored engine, Simplex LP, takes linear models only, and this one is none;"
                " leave --engine stored out"
            )
        raise UsageError(f"method {name} needs a linear model; use auto or lbfgs")
    if method.needs_formulas and objective.formulas is None:
        raise UsageError(f"method {name} needs formulas in float64 on the CPU; use auto")
    if method.needs_residuals and (objective.residuals is None or objective.maximize):
        raise UsageError(f"method {name} needs a sum of squares to minimise; use auto or lbfgs")
    if objective.constraints is not None and not method.takes_constraints:
        raise UsageError(f"method {name} takes bounds but no constraints; use auto or lbfgs")


def _why_no_jacobian(objective: Objective, start: Tensor, settings: Settings) -> str | None:
    """What keeps a sum of squares from its Jacobian: its size, or the time limit, where no machine
    makes it."""
    assert objective.residuals is not None
    began = time.perf_counter()
    with torch.no_grad():
        m = objective.residuals(start).numel()
    seconds = (time.perf_counter() - began) * m / _ROWS_OF_AN_EVALUATION
    n = start.numel()
    if m * n > _MOST_JACOBIAN or m * n * min(m, n) > _MOST_SVD_WORK:
        return "the sum of squares is too large for a Jacobian"
    by_machine = objective.native_residuals is not None or objective.native_curves is not None
    if by_machine or settings.time_limit is None or seconds <= _PART * settings.time_limit:
        return None
    return "the Jacobian of the sum of squares takes too much of the time limit"


_ROWS_OF_AN_EVALUATION = 20
"""Rows of a Jacobian by torch, many at once, that take as long as to evaluate the residuals."""
_PART = 0.05
"""Of a time limit: a run takes dozens of Jacobians."""
