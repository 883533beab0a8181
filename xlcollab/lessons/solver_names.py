"""A Solver model as the hidden names that Excel stores: the reverse of reading one.

Names and codes as in `problems.solver_model_names`; the options are Excel's own defaults.
"""

from __future__ import annotations

from xlcollab.problems import Constraint, SolverModel
from xlcollab.ref import AreaRef, absolute_name

_SENSES = {"maximize": 1, "minimize": 2, "value": 3}
_RELATIONS = {"<=": 1, "=": 2, ">=": 3}
_ENGINES = {"grg": 1, "simplex": 2, "evolutionary": 3}
_NO_LIMIT = 2_147_483_647
_DEFAULTS = {
    "drv": "2",
    "est": "1",
    "mip": str(_NO_LIMIT),
    "mni": "30",
    "mrt": "0.075",
    "msl": "2",
    "nod": str(_NO_LIMIT),
    "nwt": "1",
    "rbv": "1",
    "rsd": "0",
    "scl": "1",
    "sho": "2",
    "ssz": "100",
    "ver": "3",
}


def solver_names(model: SolverModel) -> dict[str, str]:
    """{name: text} to store, hidden, in the scope of the model's sheet."""
    options = model.options
    texts = dict(_DEFAULTS) | {
        "adj": ",".join(absolute_name(area) for area in model.variables),
        "cvg": f"{options.convergence:g}",
        "eng": str(_ENGINES[options.engine]),
        "itr": str(options.iterations or _NO_LIMIT),
        "neg": "1" if model.non_negative else "2",
        "num": str(len(model.constraints)),
        "opt": absolute_name(model.objective.area),
        "pre": f"{options.precision:g}",
        "rlx": "1" if options.ignore_integers else "2",
        "tim": str(options.seconds or _NO_LIMIT),
        "tol": f"{options.integer_tolerance:g}",
        "typ": str(_SENSES[model.sense]),
        "val": f"{model.target:g}",
    }
    chosen = {"ssz": options.population, "mrt": options.mutation, "mni": options.patience}
    texts |= {key: f"{value:g}" for key, value in chosen.items() if value is not None}
    for number, constraint in enumerate(model.constraints, 1):
        texts |= _constraint(number, constraint)
    return {f"solver_{key}": texts[key] for key in sorted(texts)}


def _constraint(number: int, constraint: Constraint) -> dict[str, str]:
    right = constraint.right
    text = absolute_name(right) if isinstance(right, AreaRef) else str(right)
    return {
        f"lhs{number}": absolute_name(constraint.left),
        f"rel{number}": str(_RELATIONS[constraint.relation]),
        f"rhs{number}": text,
    }
