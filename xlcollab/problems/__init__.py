"""Readers that turn a sheet into a plain problem: here, what is known of its Solver model."""

from xlcollab.problems.solver_model.areas import disjoint, resolve_areas
from xlcollab.problems.solver_model.bounds import Bounds, bounds
from xlcollab.problems.solver_model.check import blank_variables, check, check_variables
from xlcollab.problems.solver_model.model import (
    Constraint,
    SolverModel,
    SolverOptions,
    start,
    variable_cells,
)
from xlcollab.problems.solver_model.names import find_models, read_model, read_models
from xlcollab.problems.solver_model.texts import model_from_texts

__all__ = [
    "Bounds",
    "Constraint",
    "SolverModel",
    "SolverOptions",
    "blank_variables",
    "bounds",
    "check",
    "check_variables",
    "disjoint",
    "find_models",
    "model_from_texts",
    "read_model",
    "read_models",
    "resolve_areas",
    "start",
    "variable_cells",
]
