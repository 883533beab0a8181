"""How a run ended: its status with a sentence, the weights, and the history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.linear.report import LinearReport


class Status(StrEnum):
    """Why a run ended, and how much is known. The value is the word that users and programs see."""

    OPTIMAL = "optimal"
    LOCALLY_OPTIMAL = "locally_optimal"
    STATIONARY = "stationary"
    BEST_FOUND = "best_found"
    DONE = "done"
    TOLERANCE = "tolerance"
    ITERATION_LIMIT = "iteration_limit"
    TIME_LIMIT = "time_limit"
    GOAL_NOT_MET = "goal_not_met"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"

    @property
    def sentence(self) -> str:
        """The status in words."""
        return _MEANINGS[self].sentence

    def told(self, *, feasible: bool) -> str:
        """The status in words, which promise nothing where the constraints do not hold."""
        return self.sentence if feasible else _LOST.get(self, self.sentence)

    @property
    def has_solution(self) -> bool:
        """Whether the weights are worth keeping as an answer."""
        return _MEANINGS[self].solved

    @property
    def solver_code(self) -> int:
        """The result code that Excel's SolverSolve would return."""
        return _MEANINGS[self].code

    @property
    def solver_words(self) -> str:
        """What Excel's Solver says with that code."""
        return SOLVER_WORDS[self.solver_code]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What is told of a status."""

    sentence: str
    code: int
    solved: bool = False


_MEANINGS = {
    Status.OPTIMAL: _Meaning("The optimum was found, and proved to be one.", 0, True),
    Status.LOCALLY_OPTIMAL: _Meaning(
        "A locally optimal point was found: nothing near it is better within the tolerance.",
        0,
        True,
    ),
    Status.STATIONARY: _Meaning(
        "The point is stationary, not verified: the objective has no slope there, and whether it"
        " is an optimum is not known.",
        2,
        True,
    ),
    Status.BEST_FOUND: _Meaning(
        "This is the best point found; that there is no better one is not known.", 2, True
    ),
    Status.DONE: _Meaning("All the steps that were planned were made.", 3, True),
    Status.TOLERANCE: _Meaning("The objective no longer changes within the tolerance.", 1, True),
    Status.ITERATION_LIMIT: _Meaning(
        "All iterations were used; more of them may improve the result.", 3, True
    ),
    Status.TIME_LIMIT: _Meaning(
        "The time limit was reached; the best point so far is kept.", 10, True
    ),
    Status.GOAL_NOT_MET: _Meaning(
        "The goal was not met: no point was found where the objective has the value asked for.", 5
    ),
    Status.INFEASIBLE: _Meaning("No point was found that satisfies all bounds and constraints.", 5),
    Status.UNBOUNDED: _Meaning(
        "No optimum was found: the objective keeps improving; a bound or constraint is missing.", 4
    ),
    Status.DIVERGED: _Meaning(
        "The objective or its gradient was no longer a finite number.", 9, False
    ),
    Status.INTERRUPTED: _Meaning(
        "The run was interrupted; the best weights so far are kept.", 6, True
    ),
    Status.REFUSED: _Meaning(
        "The model cannot be optimised as it stands; the start is unchanged.", 13
    ),
}

_NOWHERE = "The search ended without a point that satisfies the constraints."
_LOST = {
    Status.OPTIMAL: _NOWHERE,
    Status.LOCALLY_OPTIMAL: _NOWHERE,
    Status.STATIONARY: _NOWHERE,
    Status.BEST_FOUND: _NOWHERE,
    Status.TIME_LIMIT: (
        "The time limit was reached before a point was found that satisfies the constraints."
    ),
    Status.INTERRUPTED: (
        "The run was interrupted before a point was found that satisfies the constraints."
    ),
}
"""What is said in place of sentences that speak of a point which is kept."""

SOLVER_WORDS = {
    0: "Solver found a solution. All constraints and optimality conditions are satisfied.",
    1: "Solver has converged to the current solution. All constraints are satisfied.",
    2: "Solver cannot improve the current solution. All constraints are satisfied.",
    3: "Stop chosen when the maximum iteration limit was reached.",
    4: "The Objective Cell values do not converge.",
    5: "Solver could not find a feasible solution.",
    6: "Solver stopped at user's request.",
    7: "The linearity conditions required by this LP Solver are not satisfied.",
    9: "Solver encountered an error value in the Objective Cell or a Constraint Cell.",
    10: "Stop chosen when the maximum time limit was reached.",
    13: "Error in model. Please verify that all cells and constraints are valid.",
    14: "Solver found an integer solution within tolerance. All constraints are satisfied.",
    15: "Stop chosen when the maximum number of feasible [integer] solutions was reached.",
    16: "Stop chosen when the maximum number of feasible [integer] subproblems was reached.",
    17: "Solver converged in probability to a global solution.",
    18: "All variables must have both upper and lower bounds.",
}
"""Result codes of Excel's SolverSolve with its words (Microsoft's VBA reference, SolverSolve)."""


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one iteration. `iteration` 0 is the start."""

    iteration: int
    objective: float
    """The model's own value, in its own sign, without penalty."""
    penalty: float
    """l2 / 2 · ‖x‖²."""
    violation: float
    """The largest amount by which a constraint is missed."""
    learning_rate: float
    """The rate of this step; the step length of `lbfgs`; NaN where a method has none."""
    gradient_norm: float
    """Euclidean norm of the gradient of what is minimised (objective, penalty, constraints)."""
    seconds: float
    """Since the start of the run."""
    bound: float = math.nan
    """No point is better than this; NaN where a method knows none."""

    @property
    def gap(self) -> float:
        """What may be missing to the optimum, relative to the objective; NaN without a bound."""
        return gap_between(self.objective, self.bound)


def missed_by(violation: float) -> str:
    """What is said of a point that breaks constraints."""
    return (
        f"It misses the constraints by at most {violation:.3g}, which is more than the tolerance:"
        " it is no solution."
    )


def gap_between(objective: float, bound: float) -> float:
    """|objective − bound| / |objective|; NaN where one of them is not known."""
    if not (math.isfinite(objective) and math.isfinite(bound)):
        return math.nan
    missing = abs(objective - bound)
    return 0.0 if missing == 0.0 else missing / abs(objective) if objective else math.inf


StepCallback = Callable[[Row], None]
WeightsCallback = Callable[[Tensor], None]
"""Told of the weights (n,) of a row, before its `StepCallback`."""


@dataclass(frozen=True, slots=True)
class History:
    """The recorded iterations of the run that gave the solution, the first and the last always."""

    rows: tuple[Row, ...]
    weights: NDArray[np.float64]
    """Shape (len(rows), n)."""

    def column(self, name: str) -> NDArray[np.float64]:
        """One named number over the recorded iterations, e.g. `column("objective")`. Shape
        (rows,)."""
        return np.array([getattr(row, name) for row in self.rows], dtype=np.float64)

    @staticmethod
    def columns() -> tuple[str, ...]:
        """The names that `column` takes, in order."""
        return tuple(field.name for field in fields(Row) if field.name != "bound")


_OF_LIMITS = {"gap": 14, "solutions": 15, "nodes": 16}
"""By the limit that ended a search over whole numbers, Solver's result code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The result of `solve`. Values carry the model's own sign, also when it is maximised."""

    x: Tensor
    """The weights (n,), device and dtype of the start."""
    objective: float
    initial: float
    """The objective at the start that was given."""
    status: Status
    message: str
    """What happened, in sentences: method chosen and why, how it ended, what to try."""
    method: str
    iterations: int
    """Steps taken, those of restarts included."""
    evaluations: int
    """Evaluations of the objective, those of restarts included."""
    gradient: Tensor
    """Of the objective alone, (n,)."""
    multipliers: Tensor
    """(k,): change of the best objective per unit of a constraint's limit; 0 when not binding, not
    a number where the method does not learn it."""
    reduced_gradient: Tensor
    """(n,): gradient less the constraints' share; what a bound on the variable costs per unit;
    not a number where that share is not known."""
    max_violation: float
    seconds: float
    history: History
    feasible: bool = True
    """Whether every constraint holds, within its tolerance."""
    bound: float = math.nan
    """No point is better than this; NaN where the method knows none."""
    linear: LinearReport | None = None
    """What a linear model tells besides: how far it may change, or what contradicts itself."""
    population: NDArray[np.float64] | None = None
    """(P, n): where the population of an evolution stood at the end; None for other methods."""
    limit: str = ""
    """Which limit ended a search over whole numbers: "gap", "solutions" or "nodes"."""

    @property
    def solver_code(self) -> int:
        """The result code of Excel's SolverSolve that says most of what is known."""
        best = self.status is Status.BEST_FOUND
        known = self.status.solver_code
        return _OF_LIMITS.get(self.limit, known) if best else known

    @property
    def solver_words(self) -> str:
        """What Excel's Solver says with that code."""
        return SOLVER_WORDS[self.solver_code]

    @property
    def gap(self) -> float:
        """What may be missing to the optimum, relative to the objective; NaN without a bound."""
        return gap_between(self.objective, self.bound)

    @property
    def usable(self) -> bool:
        """Whether the weights are worth keeping: a run that diverged keeps its last good ones."""
        return (self.status.has_solution or self.status is Status.DIVERGED) and self.feasible
