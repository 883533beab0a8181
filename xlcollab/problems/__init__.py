"""Readers that turn a sheet into a plain problem: here, what is known of its Solver model."""

from xlcollab.problems.solver_model.areas import disjoint, resolve_areas, resolve_cell
from xlcollab.problems.solver_model.bounds import Bounds, bounds
from xlcollab.problems.solver_model.check import blank_variables, check, check_variables
from xlcollab.problems.solver_model.model import (
    Constraint,
    SolverModel,
    SolverOptions,
    positions,
    start,
    variable_cells,
)
from xlcollab.problems.solver_model.names import NoModelError, find_models, read_model, read_models
from xlcollab.problems.solver_model.saved import (
    SavedModel,
    find_saved,
    read_saved,
    saved_formulas,
    stored_or_saved,
)
from xlcollab.problems.solver_model.texts import (
    home_sheet,
    model_from_texts,
    with_restrictions,
)
from xlcollab.problems.solver_model.words import ENGINES, Engine
from xlcollab.problems.solver_model.writing import model_names, solver_names
from xlcollab.problems.varied import Case, parameters, scenarios

__all__ = [
    "ENGINES",
    "Bounds",
    "Case",
    "Constraint",
    "Engine",
    "NoModelError",
    "SavedModel",
    "SolverModel",
    "SolverOptions",
    "blank_variables",
    "bounds",
    "check",
    "check_variables",
    "disjoint",
    "find_models",
    "find_saved",
    "home_sheet",
    "model_from_texts",
    "model_names",
    "parameters",
    "positions",
    "read_model",
    "read_models",
    "read_saved",
    "resolve_areas",
    "resolve_cell",
    "saved_formulas",
    "scenarios",
    "solver_names",
    "start",
    "stored_or_saved",
    "variable_cells",
    "with_restrictions",
]
