"""How a run ended: its status with a sentence, the weights, and the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class Status(StrEnum):
    """Why a run ended. The value is the word that users and programs see."""

    CONVERGED = "converged"
    TOLERANCE = "tolerance"
    ITERATION_LIMIT = "iteration_limit"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"

    @property
    def sentence(self) -> str:
        """The status in words."""
        return _SENTENCES[self]

    @property
    def has_solution(self) -> bool:
        """Whether the weights are worth keeping as an answer."""
        return self in _SOLVED


_SENTENCES = {
    Status.CONVERGED: "An optimum was reached within the tolerance.",
    Status.TOLERANCE: "The objective no longer changes within the tolerance.",
    Status.ITERATION_LIMIT: "All iterations were used; more of them may improve the result.",
    Status.INFEASIBLE: "No point was found that satisfies all bounds and constraints.",
    Status.UNBOUNDED: "The objective improves without end; a bound or constraint is missing.",
    Status.DIVERGED: "The objective or its gradient was no longer a finite number.",
    Status.INTERRUPTED: "The run was interrupted; the best weights so far are kept.",
    Status.REFUSED: "The model cannot be optimised as it stands; the start is unchanged.",
}
_SOLVED = frozenset(
    {Status.CONVERGED, Status.TOLERANCE, Status.ITERATION_LIMIT, Status.INTERRUPTED}
)


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


StepCallback = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class History:
    """The recorded iterations of the run that gave the solution, the first and the last always."""

    rows: tuple[Row, ...]
    weights: NDArray[np.float64]
    """Shape (len(rows), n)."""

    def column(self, name: str) -> NDArray[np.float64]:
        """One named number over the recorded iterations, e.g. `column("objective")`."""
        return np.array([getattr(row, name) for row in self.rows], dtype=np.float64)

    @staticmethod
    def columns() -> tuple[str, ...]:
        """The names that `column` takes, in order."""
        return tuple(field.name for field in fields(Row))


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
    """(k,): change of the best objective per unit of a constraint's limit; 0 when not binding."""
    reduced_gradient: Tensor
    """(n,): gradient less the constraints' share; what a bound on the variable costs per unit."""
    max_violation: float
    seconds: float
    history: History
