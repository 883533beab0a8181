"""Why an objective cannot be optimised, found once it is compiled: sentences that name the cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from xlcollab.api.solve.constraints import ConstraintLines
from xlcollab.errors import DataError, FormulaSyntaxError, ModelError, XlcollabError
from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.program.formulas import guarded
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.evaluation import reached_by
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.tape import Value
from xlcollab.optim.algebra.formulas import plain
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


def refuse_non_number(value: Value, model: SolverModel, compiler: Compiler) -> None:
    """Raises DataError if the objective is an error, a text or TRUE at the start."""
    kind, number = value.block.kinds().item(), float(value.block.number)
    if kind in (Kind.TEXT, Kind.BOOLEAN):
        raise DataError(f"the objective {model.objective} is no number; choose a cell that is")
    if kind == Kind.ERROR or not np.isfinite(number):
        first = _first_error(compiler)
        cause = f"{first[0]} is {first[1].text} there" if first else "it is no finite number"
        raise DataError(
            f"the objective {model.objective} has no value at the start: {cause}. Mend that "
            "formula, or start from other weights (--init uniform)"
        )


def refuse_errors(lines: ConstraintLines | None, limits: Bounds, compiler: Compiler) -> None:
    """Raises DataError if a side of a constraint is an error at the start, within the bounds."""
    if lines is None:
        return
    start = np.clip(compiler.start.numpy(), limits.lower, limits.upper)
    x = torch.as_tensor(start)
    left, right = lines.sides(x)
    wrong = np.flatnonzero(~np.isfinite(left) | ~np.isfinite(right))
    if not wrong.size:
        return
    constraint, cell = lines.lines()[wrong[0]]
    first = _first_error(compiler, x)
    cause = f": {first[0]} is {first[1].text} there" if first else ""
    raise DataError(
        f"the constraint {constraint} has no value at {cell} at the start{cause}. Mend that"
        " formula, or start from values where every constraint can be computed"
    )


def _first_error(compiler: Compiler, x: Tensor | None = None) -> tuple[CellRef, ErrorCode] | None:
    """The first cell, in the order of evaluation, that is an error at the start, or at x."""
    for edit in compiler.dependents().results(compiler.start if x is None else x):
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
