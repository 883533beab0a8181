"""Which constraints are mere bounds of variables, and what those bounds are.

Solver's rule (solver.com, "Bounds on variables"): variable cells on the left and a constant on the
right make a bound; a formula on the right, even 2+2, or one that depends on variables, makes a
general constraint. The zero lower bound of "make unconstrained variables non-negative" goes only to
variables without an explicit lower bound: those left of >= or = in a constraint whose left side
holds only variables and whose right side is a number or cells (opensolver.org, on Excel 2010), each
variable by its own cell: one that depends on the variables is no bound and leaves the 0 in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, ModelError
from xlcollab.grid import Kind, Workbook, describe_cell
from xlcollab.problems.solver_model.cells import FormulaCells, listed, marked_cells
from xlcollab.problems.solver_model.model import (
    Constraint,
    SolverModel,
    positions,
    variable_cells,
)
from xlcollab.problems.solver_model.words import Relation
from xlcollab.ref import AreaRef


@dataclass(frozen=True, slots=True)
class Bounds:
    """`lower`, `upper` (float64, ±inf where free) and `integer` (bool) per variable, in order.

    `general` are the constraints that are no bounds. An integer variable that is binary has the
    bounds 0 and 1. `warnings` are sentences about bounds that do less than they seem to.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    general: tuple[Constraint, ...]
    warnings: tuple[str, ...] = ()
    alldifferent: tuple[NDArray[np.int64], ...] = ()
    """The variables of each group that is a permutation of 1 … its number."""


Moving = Callable[[AreaRef], NDArray[np.bool_]]
"""Which cells of an area depend on the variables, (height, width)."""


def bounds(model: SolverModel, workbook: Workbook, moving: Moving | None = None) -> Bounds:
    """Split the constraints of `model` into bounds of variables and general constraints.

    `moving` tells which cells depend on the variables; unless it is given, only the variables
    themselves count as such.

    Raises ModelError when bounds contradict each other or a domain is put on a cell that is no
    variable, DataError when a bound is taken from a cell that holds no number.
    """
    box = _Box(model.size)
    formulas = FormulaCells(workbook)
    general = []
    for constraint in model.constraints:
        where = positions(model, constraint.left)
        only_variables = bool((where >= 0).all())
        limit = _limit(model, workbook, formulas, constraint.right) if only_variables else None
        if limit is None:
            general.append(constraint)
        else:
            box.narrow(where, constraint.relation, limit)
        if only_variables and constraint.relation != "<=":
            box.explicit[where] |= _lifts(model, constraint, moving)
    groups = () if model.options.ignore_integers else _groups(model)
    for group in groups:
        box.narrow(group, ">=", 1.0)
        box.narrow(group, "<=", float(len(group)))
        box.explicit[group] = True
    binary = _members(model, model.binary, "binary")
    box.narrow(binary, ">=", 0.0)
    box.narrow(binary, "<=", 1.0)
    if model.non_negative:
        box.narrow(np.flatnonzero(~box.explicit), ">=", 0.0)
    _check_order(model, box)
    if not model.options.ignore_integers:
        box.integer[binary] = True
        box.integer[_members(model, model.integer, "integer")] = True
        for group in groups:
            box.integer[group] = True
    warnings = tuple(_warnings(model, general))
    return Bounds(box.lower, box.upper, box.integer, tuple(general), warnings, groups)


class _Box:
    """The bounds while they are being narrowed; `explicit` marks lower bounds the user typed."""

    def __init__(self, size: int) -> None:
        self.lower = np.full(size, -np.inf)
        self.upper = np.full(size, np.inf)
        self.integer = np.zeros(size, np.bool_)
        self.explicit = np.zeros(size, np.bool_)

    def narrow(
        self, where: NDArray[np.int64], relation: Relation, limit: float | NDArray[np.float64]
    ) -> None:
        if relation != "<=":
            self.lower[where] = np.maximum(self.lower[where], limit)
        if relation != ">=":
            self.upper[where] = np.minimum(self.upper[where], limit)


def _limit(
    model: SolverModel, workbook: Workbook, formulas: FormulaCells, right: float | AreaRef | str
) -> float | NDArray[np.float64] | None:
    """The right side as a constant, or None when it is none."""
    if isinstance(right, str):
        return None
    if not isinstance(right, AreaRef):
        return right
    if (positions(model, right) >= 0).any() or formulas.mask(right).any():
        return None
    sheet = workbook.sheet(right.sheet)
    kinds, numbers = sheet.block(right.rect)
    wrong = marked_cells(right, (kinds != Kind.NUMBER) & (kinds != Kind.BLANK))
    if wrong:
        raise DataError(
            f"a bound of the Solver model of sheet {model.sheet} is taken from {right.sheet}, where"
            f" {describe_cell(sheet, wrong[0].row, wrong[0].column)}; put a number there"
        )
    return numbers


def _lifts(
    model: SolverModel, constraint: Constraint, moving: Moving | None
) -> bool | NDArray[np.bool_]:
    """Where a lower limit stands instead of the implied 0, (height, width) of the left side.

    Only a limit that stays where it is does: a cell that depends on the variables is no bound.
    """
    right = constraint.right
    if not isinstance(right, AreaRef):
        return not isinstance(right, str)
    variables = positions(model, right) >= 0
    return ~variables if moving is None else ~(variables | moving(right))


def _warnings(model: SolverModel, general: Sequence[Constraint]) -> Iterator[str]:
    """Constraints that bound variables together with other cells."""
    for constraint in general:
        where = positions(model, constraint.left)
        strangers = marked_cells(constraint.left, where < 0)
        if not (where >= 0).any() or not strangers:
            continue
        zero = (
            "; such a limit does not take the place of the implied 0 of its variables"
            if model.non_negative and constraint.relation != "<="
            else ""
        )
        yield f"{constraint} covers cells that are no variables, {listed(strangers)}{zero}"


def _members(model: SolverModel, areas: Sequence[AreaRef], domain: str) -> NDArray[np.int64]:
    """The places of the cells of `areas`, which must all be variables."""
    places = [np.empty(0, np.int64)]
    for area in areas:
        where = positions(model, area)
        strangers = marked_cells(area, where < 0)
        if strangers:
            raise ModelError(
                f"the Solver model of sheet {model.sheet} wants {listed(strangers)} {domain}, but"
                " only variable cells can be; drop that constraint or add them to the variables"
            )
        places.append(where.ravel())
    return np.concatenate(places)


def _groups(model: SolverModel) -> tuple[NDArray[np.int64], ...]:
    """Each area of variables that must be all different."""
    return tuple(_members(model, [area], "all different") for area in model.alldifferent)


def _check_order(model: SolverModel, box: _Box) -> None:
    crossed = np.flatnonzero(box.lower > box.upper)
    if not crossed.size:
        return
    cells = variable_cells(model)
    first = crossed[0]
    zero = " (variables without a lower bound are taken as non-negative)"
    reason = zero if model.non_negative and not box.explicit[first] else ""
    raise ModelError(
        f"the bounds of {listed(cells[place] for place in crossed)} contradict each other:"
        f" {cells[first]} should be at least {box.lower[first]:g} and at most"
        f" {box.upper[first]:g}{reason}; correct the constraints"
    )
