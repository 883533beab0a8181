"""Optimisers for differentiable functions of one vector: the public door.

solution = solve(Objective(function=f), start, Settings(method="adam", learning_rate=0.05))
"""

from xlcollab.optim.jacobian import gradient_of, jacobian
from xlcollab.optim.linear.detect import detect_linear
from xlcollab.optim.linear.model import LinearModel
from xlcollab.optim.methods import METHODS, Method
from xlcollab.optim.problem import Objective, TensorFunction
from xlcollab.optim.schedules import SCHEDULES
from xlcollab.optim.settings import InitName, MethodName, ScheduleName, Settings
from xlcollab.optim.solution import History, Row, Solution, Status, StepCallback
from xlcollab.optim.solve import solve

__all__ = [
    "METHODS",
    "SCHEDULES",
    "History",
    "InitName",
    "LinearModel",
    "Method",
    "MethodName",
    "Objective",
    "Row",
    "ScheduleName",
    "Settings",
    "Solution",
    "Status",
    "StepCallback",
    "TensorFunction",
    "detect_linear",
    "gradient_of",
    "jacobian",
    "solve",
]
