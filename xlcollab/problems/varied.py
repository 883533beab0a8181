"""Cells that a sweep varies, and what they hold in each run: by parameters or by scenarios."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlcollab.errors import DataError, ModelError, UsageError
from xlcollab.grid import ErrorCode, Scalar, Workbook, describe_cell
from xlcollab.problems.solver_model.areas import resolve_cell
from xlcollab.problems.solver_model.cells import FormulaCells
from xlcollab.problems.solver_model.model import SolverModel, variable_cells
from xlcollab.ref import CellRef, cell_name

_MOST_RUNS = 10_000
"""A grid is a product and soon without end; each run is a row of the table, too."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run: its name, "" where it has none, and what its cells hold."""

    name: str
    values: tuple[float, ...]


def parameters(
    workbook: Workbook, model: SolverModel, texts: Sequence[str]
) -> tuple[list[CellRef], list[Case]]:
    """The cells of texts such as "S!B3=1:10:10" or "price=1,2,5", and every pair of their values.

    A cell without a sheet is the model's. Raises UsageError on texts that name no values,
    ModelError on cells that do not exist or are no constants.
    """
    pairs = [_parameter(workbook, model, text) for text in texts]
    cells = [cell for cell, _ in pairs]
    _refuse_wrong(workbook, model, cells)
    cases = [Case("", values) for values in itertools.product(*(values for _, values in pairs))]
    if len(cases) > _MOST_RUNS:
        raise UsageError(f"{len(cases)} runs are asked for; at most {_MOST_RUNS} can be made")
    return cells, cases


def _parameter(
    workbook: Workbook, model: SolverModel, text: str
) -> tuple[CellRef, tuple[float, ...]]:
    cell, _, values = text.rpartition("=")
    if not cell.strip():
        raise _no_values(text)
    found = _values(text, values)
    return resolve_cell(workbook, cell, model.sheet, "the parameter"), tuple(dict.fromkeys(found))


def _values(text: str, values: str) -> list[float]:
    """Those of "1:10:10" (first, last, count) or "1,2,5"."""
    try:
        if ":" in values:
            first, last, count = values.split(":")
            found = [float(one) for one in np.linspace(float(first), float(last), int(count))]
        else:
            found = [float(value) for value in values.split(",")]
    except ValueError:
        raise _no_values(text) from None
    if not found or not all(math.isfinite(value) for value in found):
        raise _no_values(text)
    return found


def _no_values(text: str) -> UsageError:
    return UsageError(
        f"--parameter {text!r}: a cell and its values were expected, such as 'S!B3=1:10:10'"
        " (first:last:count) or 'S!B3=1,2,5'"
    )


def scenarios(
    workbook: Workbook, model: SolverModel, name: str
) -> tuple[list[CellRef], list[Case]]:
    """Named scenarios from a sheet: A1 is free, the rest of row 1 names cells, those without a
    sheet the model's; below it a name and values a row.

    Raises DataError and ModelError by cell.
    """
    sheet = workbook.sheet(name)
    heads = [sheet.value(0, column) for column in range(1, sheet.width)]
    heads = heads[: next((i for i, head in enumerate(heads) if head is None), len(heads))]
    cells = [
        resolve_cell(workbook, str(head), model.sheet, _where(sheet.name, 0, column))
        for column, head in enumerate(heads, 1)
        if isinstance(head, str)
    ]
    cases = [] if len(cells) < len(heads) else list(_cases(workbook, sheet.name, len(cells)))
    if not cells or not cases:
        raise DataError(
            f"sheet {sheet.name} holds no scenarios: addresses such as S!B3 were expected from B1"
            " on, and below them a name and values a row"
        )
    _refuse_wrong(workbook, model, cells)
    return cells, cases


def _where(sheet: str, row: int, column: int) -> str:
    return f"the cell to vary in {sheet}!{cell_name(row, column)}"


def _cases(workbook: Workbook, name: str, count: int) -> list[Case]:
    sheet, found = workbook.sheet(name), []
    for row in range(1, sheet.height):
        values = [sheet.value(row, column) for column in range(1, 1 + count)]
        if all(value is None for value in values):
            continue
        wrong = [column for column, value in enumerate(values, 1) if not isinstance(value, float)]
        if wrong:
            raise DataError(
                f"the scenario in row {row + 1} of sheet {name} needs numbers only:"
                f" {describe_cell(sheet, row, wrong[0])}"
            )
        label = sheet.value(row, 0)
        found.append(Case(_label(label) or f"row {row + 1}", tuple(map(_number, values))))
    return found


def _label(value: Scalar) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value.text if isinstance(value, ErrorCode) else str(value or "")


def _number(value: Scalar) -> float:
    assert isinstance(value, float)
    return value


def _refuse_wrong(workbook: Workbook, model: SolverModel, cells: Sequence[CellRef]) -> None:
    """Raises where a cell is named twice, is no constant number, or is a variable of the model."""
    variables, formulas = set(variable_cells(model)), FormulaCells(workbook)
    for place, cell in enumerate(cells):
        if cell in cells[:place]:
            raise UsageError(f"{cell} is named twice; it cannot hold two values at once")
        if cell in variables:
            raise DataError(
                f"{cell} is a variable of the model, which each run sets itself; sweep a constant,"
                " or take it out of the variables"
            )
        if formulas.mask(cell.area)[0, 0]:
            raise DataError(f"{cell} holds a formula; a parameter must be a constant")
        if isinstance(workbook.value(cell), str | ErrorCode):
            found = describe_cell(workbook.sheet(cell.sheet), cell.row, cell.column)
            raise ModelError(f"a parameter must be a number, but on sheet {cell.sheet} {found}")
