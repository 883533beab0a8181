"""Cells that are watched while a model is solved, such as the sheet's own test error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from xlcollab.api.solve.machine import has_time
from xlcollab.errors import ModelError, UsageError
from xlcollab.grid import Kind, Sheet, Workbook
from xlcollab.history import Record
from xlcollab.kernels.program.lower import values_now
from xlcollab.kernels.trace.recalculating import RecalculatingCompiler
from xlcollab.problems import SolverModel, resolve_areas
from xlcollab.ref import AreaRef, Rect

if TYPE_CHECKING:
    from xlcollab.api.solve.compiling import Compiled

_FEW = 50
"""So many rows are not worth preparing the machine for."""
MOST_ROWS = 500
"""Iterations at which watched cells are evaluated, evenly; a longer record is thinned to these."""
_TEST_ERROR = re.compile(
    r"\b(test|valid\w*|held.?out)\b.*\b(rmse|mse|mae|error|loss)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Watched:
    """What watched cells said: by name, (before, after)."""

    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    columns: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """By name a number per row of the record, NaN where the cell has none."""
    unmoved: tuple[str, ...] = ()
    """A sentence for each cell that was named and has nothing to show."""


def cells_to_watch(
    workbook: Workbook, model: SolverModel, given: Sequence[str]
) -> dict[str, AreaRef]:
    """The cells named by `given`, else those labelled as a test error on the model's sheet.

    Raises UsageError for an area of several cells.
    """
    if not given:
        return _labelled(workbook, model)
    found: dict[str, AreaRef] = {}
    for text in given:
        areas = resolve_areas(workbook, text, model.sheet, "the cell to watch")
        if len(areas) != 1 or areas[0].rect.size != 1:
            raise UsageError(f"--watch {text!r} is no single cell; name one cell for each --watch")
        name = _label(workbook.sheet(areas[0].sheet), areas[0].rect) or str(areas[0])
        found[name if name not in found else str(areas[0])] = areas[0]
    return found


def watched(compiled: Compiled, record: Record, cells: Mapping[str, AreaRef]) -> Watched:
    """The cells at the weights of each row of `record`; those that the weights do not move are
    left out, and so are those that cannot be compiled."""
    ends, columns = {}, {}
    for name, area in cells.items():
        values = _values(compiled, record, area)
        if values is not None and len(values):
            columns[name] = values
            ends[name] = float(values[0]), float(values[-1])
    return Watched(ends, columns)


def unmoved(cells: Mapping[str, AreaRef], seen: Watched) -> tuple[str, ...]:
    """A sentence for each cell that is not among those seen."""
    return tuple(
        f"{area}, which was to be watched, holds no number that the variable cells move"
        for name, area in cells.items()
        if name not in seen.ends
    )


def thinned(record: Record) -> Record:
    """The record with as many rows as cells are watched at."""
    return record.thinned(math.ceil(len(record) / MOST_ROWS) or 1)


def _values(compiled: Compiled, record: Record, area: AreaRef) -> NDArray[np.float64] | None:
    try:
        value = compiled.compiler.cells(area)
        if value.constant:
            return None
        function = compiled.compiler.function([value])
    except ModelError:
        return None
    found = np.full(len(record), np.nan)
    many = len(record) > _FEW and has_time(function.scalar, compiled.start, compiled.run)
    if many and not isinstance(compiled.compiler, RecalculatingCompiler):
        program = values_now(function.scalar, compiled.start)
        found = found if program is None else program.batch(record.weights)[0]
    ends = (0, len(record) - 1)  # which are told, whatever the time
    with torch.no_grad():
        for row in sorted(np.flatnonzero(~np.isfinite(found)), key=lambda row: row not in ends):
            if row not in ends and compiled.run.seconds <= 0.0:
                break
            found[row] = float(function.scalar(torch.as_tensor(record.weights[row]).double()))
    return found


def _labelled(workbook: Workbook, model: SolverModel) -> dict[str, AreaRef]:
    sheet = workbook.sheet(model.sheet)
    found: dict[str, AreaRef] = {}
    beside = _beside_test_errors(sheet)
    for row, column in np.argwhere(sheet.formula_mask() & beside).tolist():
        rect = Rect(row, column)
        area = AreaRef(sheet.name, rect)
        is_objective = model.objective is not None and area == model.objective.area
        if sheet.kinds[row, column] != Kind.NUMBER or is_objective:
            continue
        label = _label(sheet, rect)
        if _TEST_ERROR.search(label) and label not in found:
            found[label] = area
    return found


def _beside_test_errors(sheet: Sheet) -> NDArray[np.bool_]:
    """The cells right of a text that says test error, or below one: most formulas are not."""
    there = sheet.kinds == Kind.TEXT
    numbers = np.unique(sheet.numbers[there])
    telling = [n for n in numbers.tolist() if _TEST_ERROR.search(_one_line(sheet.texts[int(n)]))]
    said = there & np.isin(sheet.numbers, telling)
    found = np.zeros(said.shape, np.bool_)
    found[:, 1:] |= said[:, :-1]
    found[1:] |= said[:-1]
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _label(sheet: Sheet, rect: Rect) -> str:
    """The text left of a cell or above it."""
    for row, column in ((rect.top, rect.left - 1), (rect.top - 1, rect.left)):
        value = sheet.value(row, column) if min(row, column) >= 0 else None
        if isinstance(value, str) and value.strip():
            return _one_line(value)
    return ""
