"""Why an objective cannot be optimised, found once it is compiled: sentences that name the cell."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.api.solve.constraints import ConstraintLines
from xlcollab.errors import DataError, FormulaSyntaxError, ModelError, XlcollabError
from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.program.formulas import guarded
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.trace.evaluation import reached_by
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.tape import Value
from xlcollab.optim.algebra.formulas import plain
from xlcollab.optim.evolution.domain import Domain
from xlcollab.optim.starts import PLAIN, plain_points
from xlcollab.plan import Plan, reads
from xlcollab.problems import Bounds, SolverModel
from xlcollab.ref import AreaRef, CellRef


def refuse_broken(plan: Plan, areas: Iterable[AreaRef]) -> None:
    """Raises FormulaSyntaxError if one of the areas reads a formula that cannot be parsed.

    Nobody knows whether it depends on the variables, so its stored value is not taken for granted.
    """
    if not plan.broken:
        return
    for area in _read_by(plan, areas):
        for broken in plan.broken:
            cell = broken.cell
            if area.sheet == cell.sheet and area.rect.contains(cell.row, cell.column):
                raise FormulaSyntaxError(
                    f"{cell} lies on the path to the objective and cannot be read: {broken.line}. "
                    "If it does not depend on the variable cells, paste it as a value"
                )


def _read_by(plan: Plan, areas: Iterable[AreaRef]) -> Iterator[AreaRef]:
    """The areas, and all that they read directly or through other formulas."""
    pending = []
    for area in areas:
        yield area
        pending += plan.index.overlapping(area.sheet, area.rect)
    seen: set[int] = set()
    while pending:
        number = pending.pop()
        if number not in seen:
            seen.add(number)
            yield from reads(plan.families[number])
            pending += plan.needs[number]


def refuse_constant(value: Value, model: SolverModel) -> None:
    """Raises ModelError if the objective depends on no variable."""
    if value.constant:
        raise ModelError(
            f"the objective {model.objective} does not depend on the variable cells "
            f"{', '.join(map(str, model.variables))}: changing them changes nothing. Check the "
            "formulas between them"
        )


def refuse_non_number(value: Value, model: SolverModel) -> None:
    """Raises DataError if the objective is a text or TRUE at the start."""
    if value.block.kinds().item() in (Kind.TEXT, Kind.BOOLEAN):
        raise DataError(f"the objective {model.objective} is no number; choose a cell that is")


def missing_at_start(
    model: SolverModel,
    cell: SheetFunction,
    lines: ConstraintLines | None,
    limits: Bounds,
    compiler: Compiler,
) -> str:
    """What has no value at the start, within the bounds, with the cell that is an error there; ""
    where all have one."""
    x = torch.as_tensor(np.clip(compiler.start.numpy(), limits.lower, limits.upper))
    if not _is_number(cell, x):
        first = _first_error(compiler, x)
        cause = f"{first[0]} is {first[1].text} there" if first else "it is no finite number"
        return f"the objective {model.objective} has no value at the start: {cause}"
    wrong = np.zeros(0, np.int64) if lines is None else _without_value(lines, x)
    if lines is None or not wrong.size:
        return ""
    constraint, place = lines.lines()[wrong[0]]
    first = _first_error(compiler, x)
    cause = f": {first[0]} is {first[1].text} there" if first else ""
    return f"the constraint {constraint} has no value at {place} at the start{cause}"


def start_with_values(
    model: SolverModel,
    cell: SheetFunction,
    lines: ConstraintLines | None,
    limits: Bounds,
    x: Tensor,
) -> Tensor | None:
    """Where to begin instead of x, (n,): the best of plain points within the bounds at which the
    objective and all constraints have a value, or else of a few drawn ones; None without."""
    until = time.perf_counter() + _SECONDS
    domain = _domain(limits)
    sign = -1.0 if model.sense == "maximize" else 1.0
    best: tuple[tuple[float, float], Tensor] | None = None
    most: float = math.inf
    points = plain_points(x.numpy(), limits.lower, limits.upper)
    for number, point in enumerate(points):
        if number >= most or time.perf_counter() > until:
            break
        there = torch.as_tensor(domain.settled(point[None])[0])
        if not _is_number(cell, there) or (lines and _without_value(lines, there).size):
            continue
        with torch.no_grad():
            value = sign * float(cell.scalar(there))
        missed = 0.0 if lines is None else lines.missed(there)
        if best is None:
            most = number + _MORE if number >= PLAIN else PLAIN
        if best is None or (missed, value) < best[0]:
            best = (missed, value), there
    return None if best is None else best[1]


_MORE = 10
"""Draws after the first that has a value: its own may be 1E+170, where no slope is a number."""
_SECONDS = 3.0
"""For looking: a formula that is wrong wherever the variables are is told soon."""


def _domain(limits: Bounds) -> Domain:
    """Where points may be: within the bounds, whole or all different where the model says so."""
    n = len(limits.lower)
    never = np.zeros(n, np.bool_)
    groups = tuple(limits.alldifferent)
    return Domain(limits.lower, limits.upper, limits.integer, groups, never, never)


def _is_number(cell: SheetFunction, x: Tensor) -> bool:
    with torch.no_grad():
        return bool(torch.isfinite(cell.scalar(x)))


def _without_value(lines: ConstraintLines, x: Tensor) -> NDArray[np.int64]:
    left, right = lines.sides(x)
    return np.flatnonzero(~np.isfinite(left) | ~np.isfinite(right))


def _first_error(compiler: Compiler, x: Tensor) -> tuple[CellRef, ErrorCode] | None:
    """The first cell, in the order of evaluation, that is an error at x."""
    for edit in compiler.dependents().results(x):
        for row, column in np.argwhere(edit.kinds == Kind.ERROR):
            top, left = edit.area.rect.top, edit.area.rect.left
            cell = CellRef(edit.area.sheet, int(top + row), int(left + column))
            return cell, ErrorCode(int(edit.numbers[row, column]))
    return None


def culprit(
    plan: Plan,
    model: SolverModel,
    compiler: Compiler,
    results: Sequence[AreaRef],
    forms: Collection[str],
) -> str:
    """The first formula between the variables and the results, in order of evaluation, that holds
    an operation that is none of `forms`, told by its functions and its cell; else the first whose
    course the variables decide, and "" if there is none."""
    reached = reached_by(plan, model.variables)
    between = sorted(reached & _numbers_read_by(plan, results))
    for unguarded in (False, True):
        for family in (plan.families[number] for number in between):
            if not _is_taken(compiler, family.first.area, forms, unguarded=unguarded):
                return f"{_functions(family.node)} in {family.first}"
    return ""


def _numbers_read_by(plan: Plan, areas: Sequence[AreaRef]) -> set[int]:
    pending = [n for area in areas for n in plan.index.overlapping(area.sheet, area.rect)]
    found: set[int] = set()
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending += plan.needs[number]
    return found


def _is_taken(
    compiler: Compiler, cell: AreaRef, forms: Collection[str], *, unguarded: bool
) -> bool:
    """Whether a formula has a form; `unguarded`: one wherever the variables are."""
    try:
        function = compiler.function([compiler.cells(cell)])
        found = guarded(lambda x: function(x).reshape(-1), compiler.start)
    except XlcollabError:
        return False
    if found is None:
        return False
    if unguarded and found.guards:
        return False
    return all(node.op in forms for node in plain(*found.formulas).nodes)


def _functions(node: Node) -> str:
    names = list(dict.fromkeys(one.name for one in walk(node) if isinstance(one, Call)))
    blamed = [name for name in names if not _is_elementary(name)] or names
    return " or ".join(blamed) if blamed else "the formula"


def _is_elementary(name: str) -> bool:
    """Whether a few plain operations make up the function: others are blamed before it."""
    record = RECORDS.get(name)
    return record is not None and (
        bool(record.signature.scalar) or record.facts.shape is Shape.AFFINE
    )
