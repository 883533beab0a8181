"""Whether a Solver model can be optimised at all, and if not, a sentence that says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, ModelError
from xlcollab.grid import Kind, Workbook, describe_cell
from xlcollab.problems.solver_model.bounds import bounds
from xlcollab.problems.solver_model.cells import FormulaCells, listed, marked_cells
from xlcollab.problems.solver_model.model import SolverModel, positions
from xlcollab.ref import AreaRef, CellRef, Rect


def check(model: SolverModel, workbook: Workbook) -> None:
    """Raise what hinders an optimisation of `model`; return when nothing does. Blank variables
    are 0; whether the objective is a number is asked of its formulas, and not of what is stored.

    Raises ModelError on an objective or variables of the wrong sort and on contradictory bounds,
    DataError on values that cannot be used.
    """
    formulas = FormulaCells(workbook)
    _check_objective(model, workbook, formulas)
    _check_variables(model, workbook, formulas)
    bounds(model, workbook)


def _check_objective(model: SolverModel, workbook: Workbook, formulas: FormulaCells) -> None:
    cell = model.objective
    if cell is None:
        return
    if (positions(model, cell.area) >= 0).any():
        if model.constraints:
            return  # such as the bound t of "minimise t with every loss at most t"
        raise ModelError(
            f"the objective {cell} is itself a variable cell and nothing constrains it; the"
            " objective must be a formula that depends on the variables"
        )
    if not formulas.mask(cell.area)[0, 0]:
        found = describe_cell(workbook.sheet(cell.sheet), cell.row, cell.column)
        raise ModelError(
            f"the objective on sheet {cell.sheet} is no formula: {found}; name the cell whose"
            " formula depends on the variables"
        )


@dataclass(frozen=True, slots=True)
class _Variables:
    """One area of variable cells with all that its checks look at."""

    area: AreaRef
    kinds: NDArray[np.uint8]
    formulas: NDArray[np.bool_]
    covered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Fault:
    """What makes a variable cell unusable, and what to do about it."""

    error: type[ModelError]
    found: str
    advice: str
    cells: Callable[[_Variables], NDArray[np.bool_]]


_FAULTS = (
    _Fault(
        ModelError,
        "formulas",
        "a variable must hold a number that may be overwritten; paste it as a value, or vary the"
        " cells the formula depends on",
        lambda variables: variables.formulas,
    ),
    _Fault(
        ModelError,
        "cells hidden behind a merged cell",
        "vary the first cell of the merged area only",
        lambda variables: variables.covered,
    ),
    _Fault(
        DataError,
        "texts",
        "a variable must hold a number; clear the cell, or leave headings out of the variables",
        lambda variables: variables.kinds == Kind.TEXT,
    ),
    _Fault(
        DataError,
        "TRUE or FALSE",
        "a variable must hold a number; write 1 or 0 and make it binary",
        lambda variables: variables.kinds == Kind.BOOLEAN,
    ),
    _Fault(
        DataError,
        "error values",
        "a variable must hold a number",
        lambda variables: variables.kinds == Kind.ERROR,
    ),
)
_BLANK = _Fault(
    DataError,
    "blanks",
    "fill in start values, or let them be drawn (--init uniform)",
    lambda variables: variables.kinds == Kind.BLANK,
)


def _check_variables(model: SolverModel, workbook: Workbook, formulas: FormulaCells) -> None:
    if not model.variables:
        raise ModelError(f"the Solver model of sheet {model.sheet} has no variable cells")
    _refuse_faults(workbook, formulas, model.variables, _FAULTS, f"sheet {model.sheet}")


def blank_variables(model: SolverModel, workbook: Workbook) -> list[CellRef]:
    """The variable cells that hold nothing."""
    blocks = ((area, workbook.sheet(area.sheet).block(area.rect)[0]) for area in model.variables)
    return [cell for area, kinds in blocks for cell in marked_cells(area, kinds == Kind.BLANK)]


def check_variables(workbook: Workbook, areas: Sequence[AreaRef]) -> None:
    """Raises ModelError or DataError where a cell that is to change holds no number of its own."""
    where = ", ".join(sorted({area.sheet for area in areas}))
    faults = (*_FAULTS, _BLANK)
    _refuse_faults(workbook, FormulaCells(workbook), areas, faults, f"sheet {where}")


def _refuse_faults(
    workbook: Workbook,
    formulas: FormulaCells,
    areas: Sequence[AreaRef],
    faults: Sequence[_Fault],
    where: str,
) -> None:
    blocks = [_variables(workbook, formulas, area) for area in areas]
    size = sum(area.rect.size for area in areas)
    for fault in faults:
        cells = [cell for block in blocks for cell in marked_cells(block.area, fault.cells(block))]
        if cells:
            raise fault.error(
                f"{len(cells)} of {size} variable cells of {where} are"
                f" {fault.found}: {listed(cells)}; {fault.advice}"
            )


def _variables(workbook: Workbook, formulas: FormulaCells, area: AreaRef) -> _Variables:
    sheet = workbook.sheet(area.sheet)
    kinds, _ = sheet.block(area.rect)
    return _Variables(area, kinds, formulas.mask(area), _covered(area, sheet.merged))


def _covered(area: AreaRef, merged: list[Rect]) -> NDArray[np.bool_]:
    """True where a cell lies in a merged area and is not its first cell."""
    mask = np.zeros((area.rect.height, area.rect.width), np.bool_)
    for rect in merged:
        shared = rect.intersection(area.rect)
        if shared is None:
            continue
        there = shared.shifted(-area.rect.top, -area.rect.left)
        mask[there.rows, there.columns] = True
        if area.rect.contains(rect.top, rect.left):
            mask[rect.top - area.rect.top, rect.left - area.rect.left] = False
    return mask
