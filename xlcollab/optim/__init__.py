"""Optimisers for differentiable functions of one vector: the public door.

solution = solve(Objective(function=f), start, Settings(method="adam", learning_rate=0.05))
"""

from xlcollab.optim.jacobian import gradient_of, jacobian
from xlcollab.optim.kept import SAID_OF_RUNS
from xlcollab.optim.linear.detect import detect_linear
from xlcollab.optim.linear.model import LinearModel
from xlcollab.optim.problem import (
    FEASIBLE,
    Native,
    NativeRows,
    Objective,
    Shape,
    TensorFunction,
)
from xlcollab.optim.solution import History, Row, Solution, Status, StepCallback, missed_by
from xlcollab.optim.solve import solve
from xlcollab.settings.methods import METHODS, Method
from xlcollab.settings.schedules import SCHEDULES
from xlcollab.settings.solving import Settings

__all__ = [
    "FEASIBLE",
    "METHODS",
    "SAID_OF_RUNS",
    "SCHEDULES",
    "History",
    "LinearModel",
    "Method",
    "Native",
    "NativeRows",
    "Objective",
    "Row",
    "Settings",
    "Shape",
    "Solution",
    "Status",
    "StepCallback",
    "TensorFunction",
    "detect_linear",
    "gradient_of",
    "jacobian",
    "missed_by",
    "solve",
]
