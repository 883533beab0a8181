"""The reports that Solver offers beside the answer, from sensitivity to population."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.api.solve.contradicting import contradicting, spared
from xlcollab.grid import NewSheet, Scalar
from xlcollab.history import cell_names
from xlcollab.history.report import Report, Section, cell_value, report_sheet
from xlcollab.optim import Status
from xlcollab.ref import CellRef, cell_name

if TYPE_CHECKING:
    from xlcollab.api.solve.compiling import Compiled
    from xlcollab.api.solve.solved import Solved

Array = NDArray[np.float64]

_WITHHELD = (
    "This report has no meaning for a model with whole numbers, be they variables or choices of a"
    " formula: a small change may change nothing, or everything."
)

_NO_GAIN = (
    "This report has no meaning for a model without an objective that is made least or greatest: of"
    " points that are all as good, none is worth more where a limit moves."
)

_NOT_LEARNED = (
    "The run by {method} ended without learning what the limits of the constraints are worth."
)


def added_reports(
    compiled: Compiled, solved: Solved, asked: Sequence[str], taken: Sequence[str]
) -> tuple[NewSheet, ...]:
    """The sheets of the reports asked for that this outcome has."""
    found = []
    for name in dict.fromkeys(asked):
        make = _REPORTS.get(name)
        report = make(compiled, solved) if make is not None else None
        if report is not None:
            found.append(report_sheet(report, existing_names=taken))
    return tuple(found)


def _report(solved: Solved, word: str, sections: Sequence[Section], *notes: str) -> Report:
    model = solved.model
    sentence = f"{word} of {model.label}, {str(solved.status).replace('_', ' ')}"
    return Report(model.sheet, word, f"{word.capitalize()} report", sentence, sections, notes)


def _sensitivity(compiled: Compiled, solved: Solved) -> Report | None:
    if not solved.kept:
        return None
    if solved.model.sense in ("satisfy", "value"):
        return _report(solved, "sensitivity", (), _NO_GAIN)
    if chooses(compiled):
        return _report(solved, "sensitivity", (), _WITHHELD)
    if solved.solution.linear is not None and solved.solution.linear.ranging is not None:
        return _report(solved, "sensitivity", _of_linear(compiled, solved))
    if bool(solved.solution.multipliers.isnan().any()):
        return _report(
            solved, "sensitivity", (), _NOT_LEARNED.format(method=solved.solution.method)
        )
    return _report(solved, "sensitivity", _of_nonlinear(compiled, solved))


def chooses(compiled: Compiled) -> bool:
    """Whether the model has whole numbers, in its variables or in the rows of its kinks."""
    linear = compiled.linear
    helpers = None if linear is None else linear.helpers
    inner = helpers is not None and bool(helpers.integer.any())
    return inner or bool(compiled.limits.integer.any())


def _of_linear(compiled: Compiled, solved: Solved) -> list[Section]:
    solution = solved.solution
    assert solution.linear is not None
    assert solution.linear.ranging is not None
    ranges = solution.linear.ranging
    variables = _lines(
        compiled,
        compiled.cells,
        solved.weights,
        _numbers(solution.reduced_gradient),
        ranges.costs,
        ranges.cost_increase,
        ranges.cost_decrease,
    )
    both = ("Allowable Increase", "Allowable Decrease")
    heads = ("Cell", "Name", "Final Value")
    sections = [
        Section(
            "Variable Cells", (*heads, "Reduced Cost", "Objective Coefficient", *both), variables
        )
    ]
    if compiled.constraints is not None:
        left, right = _sides(compiled, solved)
        rows = _lines(
            compiled,
            [cell for _, cell in compiled.constraints.lines()],
            left,
            _numbers(solution.multipliers),
            right,
            ranges.limit_increase,
            ranges.limit_decrease,
        )
        headings = (*heads, "Shadow Price", "Constraint R.H. Side", *both)
        sections.append(Section("Constraints", headings, rows))
    return sections


def _of_nonlinear(compiled: Compiled, solved: Solved) -> list[Section]:
    solution = solved.solution
    reduced = _numbers(solution.reduced_gradient)
    heads = ("Cell", "Name", "Final Value")
    variables = _lines(compiled, compiled.cells, solved.weights, reduced)
    sections = [Section("Variable Cells", (*heads, "Reduced Gradient"), variables)]
    if compiled.constraints is not None:
        cells = [cell for _, cell in compiled.constraints.lines()]
        left, _ = _sides(compiled, solved)
        rows = _lines(compiled, cells, left, _numbers(solution.multipliers))
        sections.append(Section("Constraints", (*heads, "Lagrange Multiplier"), rows))
    return sections


def _sides(compiled: Compiled, solved: Solved) -> tuple[Array, Array]:
    assert compiled.constraints is not None
    return compiled.constraints.sides(solved.solution.x.detach().cpu().double())


def _lines(compiled: Compiled, cells: Sequence[CellRef], *columns: Array) -> list[list[Scalar]]:
    names = cell_names(compiled.book.workbook, cells)
    numbers = np.column_stack(columns) if cells else np.zeros((0, len(columns)))
    return [
        [_address(compiled, cell), name, *(cell_value(float(number)) for number in row)]
        for cell, name, row in zip(cells, names, numbers, strict=True)
    ]


def _address(compiled: Compiled, cell: CellRef) -> str:
    if cell.sheet != compiled.model.sheet:
        return str(cell)
    return cell_name(cell.row, cell.column, absolute=True)


def _limits(compiled: Compiled, solved: Solved) -> Report | None:
    """How far each variable alone may go, the others as they are, and the objective there."""
    if not solved.kept:
        return None
    if chooses(compiled):
        return _report(solved, "limits", (), _WITHHELD)
    x = solved.solution.x.detach().cpu().double()
    rows, until = [], time.perf_counter() + _PART * compiled.run.seconds
    for place, (cell, value) in enumerate(zip(compiled.cells, solved.weights, strict=True)):
        if time.perf_counter() > until:
            break
        ends = [_end(compiled, x, place, side) for side in (-1.0, 1.0)]
        at = [_objective_at(compiled, x, place, end) for end in ends]
        rows.append((cell, value, ends[0], at[0], ends[1], at[1]))
    numbers = np.array([row[1:] for row in rows], np.float64).reshape(-1, 5)
    lines = _lines(compiled, [row[0] for row in rows], *numbers.T)
    ends_of = ("Lower Limit", "Objective Result", "Upper Limit", "Objective Result ")
    return _report(
        solved,
        "limits",
        [
            *_objective(compiled, solved),
            Section("Variables", ("Cell", "Name", "Value", *ends_of), lines),
        ],
        *([] if len(rows) == len(compiled.cells) else [_OUT_OF_TIME]),
    )


_PART = 0.5
"""Of what a time limit has left when the report is made: what was found must be written, too."""
_OUT_OF_TIME = "The time limit left no time for the limits of other variables."


def _objective(compiled: Compiled, solved: Solved) -> list[Section]:
    cell = compiled.model.objective
    if cell is None:
        return []
    name = cell_names(compiled.book.workbook, [cell])[0]
    line: list[Scalar] = [_address(compiled, cell), name, solved.objective]
    return [Section("Objective", ("Cell", "Name", "Value"), [line])]


_FAR = 1e12
"""How far, in units of the start, a variable without a bound is followed: beyond, digits are
gone."""
_NOTHING = 1e-9
"""As a share of a variable, or of 1: a constraint that holds it so near holds it where it is."""
_DUST = 1e-14
"""The last digits of a constraint's value. It may stay as it is at the solution, which keeps it
within a tolerance: a limit is where it would get worse."""
_HALVINGS = 60
"""2⁻⁶⁰ of the interval is below the last digit of either end."""


def _end(compiled: Compiled, x: Tensor, place: int, side: float) -> float:
    """How far one variable can go to a side before a bound or a constraint holds it."""
    bound = float((compiled.limits.upper if side > 0 else compiled.limits.lower)[place])
    start = float(x[place])
    most = abs(bound - start) if np.isfinite(bound) else _FAR * (1.0 + abs(start))
    if _is_allowed(compiled, x, place, start + side * most):
        return bound
    within, beyond = 0.0, most
    reach = 1.0 + abs(start)
    while reach < beyond and _is_allowed(compiled, x, place, start + side * reach):
        within, reach = reach, 2.0 * reach
    beyond = min(beyond, reach)
    if not _is_allowed(compiled, x, place, start + side * _NOTHING * (1.0 + abs(start))):
        return start
    for _ in range(_HALVINGS):
        middle = 0.5 * (within + beyond)
        if _is_allowed(compiled, x, place, start + side * middle):
            within = middle
        else:
            beyond = middle
    return start + side * within


def _is_allowed(compiled: Compiled, x: Tensor, place: int, value: float) -> bool:
    lines = compiled.constraints
    if lines is None:
        return True
    point = x.clone()
    point[place] = value
    with torch.no_grad():
        values = lines.reference(point).numpy()
        now = lines.reference(x).numpy()
    dust = _DUST * np.abs(now)
    low, high = np.minimum(lines.lower, now) - dust, np.maximum(lines.upper, now) + dust
    return bool((values >= low).all() and (values <= high).all())


def _objective_at(compiled: Compiled, x: Tensor, place: int, value: float) -> float:
    if compiled.model.objective is None or not np.isfinite(value):
        return float("nan")
    point = x.clone()
    point[place] = value
    with torch.no_grad():
        return float(compiled.cell.scalar(point))


def _feasibility(compiled: Compiled, solved: Solved) -> Report | None:
    """The irreducible set of an infeasible model."""
    if solved.status is not Status.INFEASIBLE:
        return None
    limits = contradicting(compiled, solved.solution)
    if not limits:
        return _report(solved, "feasibility", (), "What contradicts what is not known.")
    several = len(limits) > 1
    title = "Limits that contradict each other" if several else "A limit that cannot be satisfied"
    section = Section(title, ("Limit",), [[one] for one in limits])
    notes = (spared(solved.solution),) if several else ()
    return _report(solved, "feasibility", [section], *notes)


_SPREAD = ("Best Value", "Mean Value", "Standard Deviation", "Maximum Value", "Minimum Value")


def _population(compiled: Compiled, solved: Solved) -> Report | None:
    """Where the population of an evolution stood at the end, by variable and constraint."""
    if not solved.kept:
        return None
    points = solved.solution.population
    if points is None or len(points) < _LEAST:
        note = (
            f"No population was kept: the method was {solved.solution.method}; evolutionary keeps"
            " one, where it does not try every point."
        )
        return _report(solved, "population", (), note)
    heads = ("Cell", "Name", *_SPREAD)
    variables = _spread(solved.weights, points)
    sections = [Section("Variable Cells", heads, _lines(compiled, compiled.cells, *variables))]
    if compiled.constraints is not None:
        sides = compiled.constraints.sides
        left, _ = _sides(compiled, solved)
        values = np.array([sides(torch.as_tensor(point))[0] for point in points])
        cells = [cell for _, cell in compiled.constraints.lines()]
        lines = _lines(compiled, cells, *_spread(left, values))
        sections.append(Section("Constraints", heads, lines))
    note = f"{len(points)} members; their spread tells how alike they had become."
    return _report(solved, "population", sections, note)


_LEAST = 2
"""Points that have a spread."""


def _spread(best: Array, members: Array) -> tuple[Array, ...]:
    """Best, mean, standard deviation, largest and smallest value of each column, each (n,)."""
    with np.errstate(invalid="ignore"):
        deviation = members.std(axis=0, ddof=1)
    return best, members.mean(axis=0), deviation, members.max(axis=0), members.min(axis=0)


def _numbers(values: Tensor) -> Array:
    return np.asarray(values.detach().cpu().double().numpy(), np.float64)


_REPORTS: Mapping[str, Callable[[Compiled, Solved], Report | None]] = {
    "sensitivity": _sensitivity,
    "limits": _limits,
    "feasibility": _feasibility,
    "population": _population,
}
"""Besides the answer, which every run with a history has."""
