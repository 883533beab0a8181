"""From the registers of a tab back to cells: the tab as the button would leave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.record import Recorder
from xlcollab.grid import CellEdit, Kind, Workbook
from xlcollab.plan import Plan, cover
from xlcollab.problems.tab.tab import GraddescTab, LossList
from xlcollab.ref import AreaRef, CellRef, Rect


def input_edits(epochs: Epochs) -> list[CellEdit]:
    """The number cells that the epochs wrote: weights, memory cells, learning rate."""
    return [
        _number_edit(cell, value)
        for cell, value in zip(epochs.inputs, epochs.input_values, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Results:
    """New stored values; `left_alone` are areas that cannot be evaluated, with the reason."""

    edits: list[CellEdit]
    left_alone: tuple[tuple[AreaRef, str], ...] = ()


def results_of(epochs: Epochs, plan: Plan) -> Results:
    """Every formula that depends on the cells written, on every sheet.

    They are the registers of the program. Where it refused a formula, or one is an error, the
    tensor engine evaluates all: it has every function, and Excel's errors by name.
    """
    program, registers = epochs.program, epochs.registers
    values = {cell: registers[program.cells[cell]] for cell in program.formulas}
    if program.refused or not all(np.isfinite(value) for value in values.values()):
        return _exact_results(epochs, plan)
    return Results(_number_edits(epochs, plan, values))


def _number_edits(
    epochs: Epochs, plan: Plan, values: Mapping[CellRef, np.float64]
) -> list[CellEdit]:
    edits: list[CellEdit] = []
    for sheet in plan.workbook:
        cells = [cell for cell in values if cell.sheet == sheet.name]
        kinds = np.full((sheet.height, sheet.width), Kind.NUMBER, np.uint8)
        numbers = np.zeros(kinds.shape)
        for cell in cells:
            numbers[cell.row, cell.column] = values[cell]
            if cell in epochs.program.booleans:
                kinds[cell.row, cell.column] = Kind.BOOLEAN
        for rect in cover([(cell.row, cell.column) for cell in cells]):
            area = AreaRef(sheet.name, rect)
            edits.append(
                CellEdit(area, kinds[rect.rows, rect.columns], numbers[rect.rows, rect.columns])
            )
    return edits


def _exact_results(epochs: Epochs, plan: Plan) -> Results:
    import torch

    from xlcollab.kernels.trace.compiler import Compiler

    values = epochs.input_values
    compiler = Compiler(plan, [cell.area for cell in epochs.inputs], values)
    dependents = compiler.dependents()
    return Results(dependents.results(torch.as_tensor(values)), dependents.left_alone)


def _number_edit(cell: CellRef, value: float) -> CellEdit:
    return CellEdit.of_numbers(cell.area, np.array([[value]]))


def cleared_list(workbook: Workbook, losses: LossList | None) -> list[CellEdit]:
    """The pasted losses taken away, as `reset` does."""
    if losses is None or losses.area is None:
        return []
    return [_blank(cell) for cell in losses.area.cells() if workbook.value(cell) is not None]


def appended_losses(
    workbook: Workbook, losses: LossList | None, values: Sequence[float], *, cleared: bool
) -> list[CellEdit]:
    """The losses that `run` pastes below the list's first free cell, one per epoch."""
    if losses is None or not len(values):
        return []
    gone = set(losses.area.cells()) if cleared and losses.area is not None else set[CellRef]()
    start = losses.start
    row = start.row + 1
    while _is_filled(workbook, CellRef(start.sheet, row, start.column), gone):
        row += 1
    area = AreaRef(start.sheet, Rect(row, start.column, len(values), 1))
    return [CellEdit.of_numbers(area, np.array(values).reshape(-1, 1))]


def _is_filled(workbook: Workbook, cell: CellRef, gone: Iterable[CellRef]) -> bool:
    return cell not in gone and workbook.value(cell) is not None


def _blank(cell: CellRef) -> CellEdit:
    return CellEdit(cell.area, np.full((1, 1), Kind.BLANK, np.uint8), np.zeros((1, 1)))


def weight_edits(tab: GraddescTab, recorder: Recorder) -> list[CellEdit]:
    """The weights of the last row that was recorded, in the cells where epochs start."""
    starts = [weight.start for weight in tab.weights]
    values = recorder.epochs[-1].weights.tolist()
    return [
        _number_edit(cell, value)
        for cell, value in zip(starts, values, strict=True)
        if cell is not None
    ]
