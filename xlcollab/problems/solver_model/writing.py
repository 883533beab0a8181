"""A Solver model as the hidden names that Excel stores: the reverse of reading one.

Names and codes as in `names`; the options are Excel's own defaults.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from xlcollab.formula import parse, to_text
from xlcollab.formula.nodes import Axis, Binary, Call, Node, Reference, Unary
from xlcollab.grid import DefinedName, Workbook
from xlcollab.problems.solver_model.model import NO_LIMIT, Constraint, SolverModel
from xlcollab.problems.solver_model.words import DOMAINS, ENGINES, RELATIONS, SENSES, code_of
from xlcollab.ref import AreaRef, absolute_name

_WITH_PARTS = (Reference, Binary, Call, Unary)
_DEFAULTS = {
    "drv": "2",
    "est": "1",
    "mip": str(NO_LIMIT),
    "mni": "30",
    "mrt": "0.075",
    "msl": "2",
    "nod": str(NO_LIMIT),
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
        "cvg": number_text(options.convergence),
        "eng": str(code_of(ENGINES, options.engine)),
        "itr": str(options.iterations or NO_LIMIT),
        "neg": "1" if model.non_negative else "2",
        "pre": number_text(options.precision),
        "rlx": "1" if options.ignore_integers else "2",
        "tim": str(options.seconds or NO_LIMIT),
        "tol": number_text(options.integer_tolerance),
        "typ": str(code_of(SENSES, "minimize" if model.sense == "satisfy" else model.sense)),
        "val": number_text(model.target),
        "msl": "1" if options.multistart else "2",
        "rsd": str(options.seed),
        "nod": str(options.nodes or NO_LIMIT),
        "mip": str(options.solutions or NO_LIMIT),
    }
    if model.objective is not None:
        texts["opt"] = absolute_name(model.objective.area)
    chosen = {"ssz": options.population, "mrt": options.mutation, "mni": options.patience}
    texts |= {key: number_text(float(value)) for key, value in chosen.items() if value is not None}
    lines = [*(_line(one, model.sheet) for one in model.constraints), *_domains(model)]
    texts["num"] = str(len(lines))
    for number, (left, code, right) in enumerate(lines, 1):
        texts |= {f"lhs{number}": left, f"rel{number}": str(code), f"rhs{number}": right}
    return {f"solver_{key}": texts[key] for key in sorted(texts)}


def model_names(workbook: Workbook, model: SolverModel) -> list[DefinedName]:
    """The names that store `model` in a workbook, and those of an older model that go."""
    texts = solver_names(model)
    scope = model.sheet.casefold()
    gone = [
        replace(name, text="")
        for name in workbook.names
        if name.name.casefold().startswith("solver_")
        and (name.sheet or "").casefold() == scope
        and name.name.casefold() not in texts
    ]
    new = [DefinedName(name, text, model.sheet, hidden=True) for name, text in texts.items()]
    return [*gone, *new]


def _line(constraint: Constraint, sheet: str) -> tuple[str, int, str]:
    """Left side, code of the relation, right side."""
    right = side_text(constraint, sheet)
    return absolute_name(constraint.left), code_of(RELATIONS, constraint.relation), right


def side_text(constraint: Constraint, sheet: str) -> str:
    """The right side of a constraint of a model of `sheet` as a text that means the same anywhere
    in the workbook."""
    right = constraint.right
    if isinstance(right, AreaRef):
        return absolute_name(right)
    return absolute_text(right, sheet) if isinstance(right, str) else number_text(right)


def _domains(model: SolverModel) -> list[tuple[str, int, str]]:
    groups = {4: model.integer, 5: model.binary, 6: model.alldifferent}
    return [
        (absolute_name(area), code, DOMAINS[code])
        for code, areas in groups.items()
        for area in areas
    ]


def number_text(number: float) -> str:
    """The shortest text that reads back as the same number, powers of ten as formulas have them."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return repr(number).upper()


def absolute_text(formula: str, sheet: str) -> str:
    """A formula as typed in A1 of `sheet`, with every reference absolute and with its sheet."""
    return to_text(_absolute(parse(formula, 0, 0), sheet), 0, 0)


def _absolute(node: Node, sheet: str) -> Node:
    if isinstance(node, Reference):
        top, left, bottom, right = (
            Axis(edge.at(0), absolute=True)
            for edge in (node.top, node.left, node.bottom, node.right)
        )
        own = node.sheet or sheet
        return Reference(top, left, bottom, right, own, node.last_sheet, node.book)
    changed: dict[str, Any] = {
        field.name: _part(getattr(node, field.name), sheet) for field in fields(node)
    }
    return replace(node, **changed)


def _part(part: Any, sheet: str) -> Any:
    if isinstance(part, tuple):
        return tuple(_part(one, sheet) for one in part)
    return _absolute(part, sheet) if isinstance(part, _WITH_PARTS) else part
