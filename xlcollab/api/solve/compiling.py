"""From a Solver model to the functions an optimiser wants."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.api.look.checking import refresh
from xlcollab.api.look.reach import Reach
from xlcollab.api.look.roles import roles_of
from xlcollab.api.solve.constraints import ConstraintLines, constraint_lines
from xlcollab.api.solve.goal import any_point, as_equation, as_squares, judged
from xlcollab.api.solve.linearising import linear_form
from xlcollab.api.solve.machine import (
    Run,
    Within,
    formulas_of,
    has_time,
    program_of_many,
    rows_of_many,
    with_machine,
)
from xlcollab.api.solve.refusing import (
    culprit,
    missing_at_start,
    refuse_broken,
    refuse_constant,
    refuse_non_number,
    start_with_values,
)
from xlcollab.errors import DataError, MovingReferenceError, UnsupportedError
from xlcollab.grid import Workbook
from xlcollab.history import cell_names, variable_names
from xlcollab.interrupts import in_time
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.trace.recalculating import RecalculatingCompiler
from xlcollab.kernels.values.tape import Value
from xlcollab.optim import (
    LinearModel,
    Native,
    NativeRows,
    Objective,
    Settings,
    Shape,
    Solution,
    gradient_of,
)
from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.plan import Plan
from xlcollab.problems import (
    Bounds,
    Constraint,
    SolverModel,
    blank_variables,
    bounds,
    check,
    start,
    variable_cells,
)
from xlcollab.ref import AreaRef, CellRef, absolute_name
from xlcollab.settings.counting import counted
from xlcollab.settings.methods import METHODS

if TYPE_CHECKING:
    from xlcollab.api.session.devices import Place
    from xlcollab.api.session.session import Session

_NAMED_AT_MOST = 8
"""Cells that a sentence names; it has to be read."""
_log = logging.getLogger("xlcollab")


@dataclass(frozen=True)
class Compiled:
    """A model with its functions. `residuals` is given when the objective is a sum of squares."""

    book: Session
    model: SolverModel
    compiler: Compiler
    cell: SheetFunction
    residuals: SheetFunction | None
    limits: Bounds
    constraints: ConstraintLines | None
    linear: LinearModel | None
    warnings: tuple[str, ...]
    run: Run = field(default_factory=lambda: Run(Settings()))
    shape: Shape = "smooth"
    roots: bool = False
    differentiable: bool = True

    @property
    def start(self) -> Tensor:
        """What the variable cells hold, (n,)."""
        return self.compiler.start

    @cached_property
    def cells(self) -> list[CellRef]:
        """The variable cells in order."""
        return variable_cells(self.model)

    def names(self) -> list[str]:
        """What a person calls each variable cell, as far as the sheet's labels tell."""
        workbook, model = self.book.workbook, self.model
        parts = roles_of(self.book.plan, model.sheet).named()
        inside = {
            area: role
            for area, role in parts.items()
            if any(_contains(one, area) for one in model.variables)
        }
        names = variable_names(workbook, model.variables, inside)
        if all(names):
            return names
        labels = cell_names(workbook, self.cells)
        return [name or label for name, label in zip(names, labels, strict=True)]

    @property
    def size(self) -> int:
        """How many constants one evaluation reads: a measure of the work."""
        return sum(block.number.numel() for block in self.cell.constants())

    def objective(self, place: Place) -> Objective:
        """What the optimiser is given, on a device and in a precision."""
        cell = self.cell.to(place.device, place.dtype)
        function: Callable[[Tensor], Tensor] = cell.scalar
        residuals: Callable[[Tensor], Tensor] | None = None
        if self.residuals is not None and self.model.sense == "minimize":
            residuals = self.residuals.to(place.device, place.dtype)
        lines = self.constraints

        def tensor(values: NDArray[np.float64]) -> Tensor:
            return torch.as_tensor(values, device=place.device, dtype=place.dtype)

        limits = self.limits
        bounded = bool(np.isfinite([limits.lower, limits.upper]).any())
        programs = place.is_reference and not isinstance(self.compiler, RecalculatingCompiler)
        descends = programs and self.linear is None
        found = Objective(
            function=function,
            maximize=self.model.sense == "maximize",
            residuals=residuals,
            lower=tensor(self.limits.lower) if bounded else None,
            upper=tensor(self.limits.upper) if bounded else None,
            constraints=lines.function(place) if lines else None,
            constraint_lower=tensor(lines.lower) if lines else None,
            constraint_upper=tensor(lines.upper) if lines else None,
            integer=torch.as_tensor(self.limits.integer) if self.limits.integer.any() else None,
            linear=self.linear,
            alldifferent=self.limits.alldifferent,
            shape=self.shape,
            roots=self.roots,
            differentiable=self.differentiable,
            machine=self._machine if programs else None,
            machine_rows=self._machine_rows if programs else None,
            formulas=self._formulas if programs else None,
            culprit=self._culprit,
            fan_in=tensor(_fan_in(self.model)),
        )
        if self.model.sense == "value":
            exactly = METHODS[self.run.settings.method].takes_equations and self.linear is None
            found = (as_equation if exactly else as_squares)(found, self.model.target)
        return with_machine(found, self._inside, self.run) if descends else found

    @cached_property
    def _inside(self) -> Tensor:
        """The start within the bounds, (n,), where programs are recorded: outside there may be no
        value, and no program."""
        limits = self.limits
        return torch.as_tensor(np.clip(self.start.numpy(), limits.lower, limits.upper))

    def _machine(self, function: Callable[[Tensor], Tensor]) -> Native | None:
        return program_of_many(function, self._inside, self.run)

    def _machine_rows(self, function: Callable[[Tensor], Tensor]) -> NativeRows | None:
        return rows_of_many(function, self._inside, self.run)

    def _formulas(self, function: Callable[[Tensor], Tensor]) -> Algebra | None:
        asked = self.run.settings.method == "global"  # which can do nothing without them
        if not asked and not has_time(function, self.start, self.run):
            return None
        seconds = math.inf if asked else self.run.share
        return in_time(seconds, lambda: formulas_of(function, self.start, self._within(asked)))

    def _within(self, asked: bool) -> Within:
        """Where the variables may be. Whole numbers count as such for an engine that never leaves
        them; others look at the relaxation, too."""
        limits = self.limits
        lower, upper, whole = limits.lower.copy(), limits.upper.copy(), limits.integer.copy()
        for group in limits.alldifferent:
            lower[group], upper[group], whole[group] = 1.0, float(len(group)), True
        return Within(lower, upper, whole if asked else np.zeros_like(whole))

    def _culprit(self, forms: frozenset[str]) -> str:
        goal = self.model.objective
        results = [*([goal.area] if goal else []), *_areas(self.limits.general)]
        return culprit(self.book.plan, self.model, self.compiler, results, forms)

    def in_its_own_units(self, solution: Solution) -> Solution:
        """For "value of": the cell's value, where the optimiser saw an equation or a square; for a
        model without an objective: any point that is allowed is what was asked for."""
        if self.model.objective is None:
            return any_point(solution)
        if self.model.sense != "value":
            return solution
        rows = 0 if self.constraints is None else self.constraints.count
        return judged(solution, self.cell.scalar, self.start, self.model.target, rows)


def compile_model(
    book: Session, model: SolverModel, settings: Settings, until: float = math.inf
) -> Compiled:
    """Check a model and compile it for a run that has to end at `until` (perf_counter).

    Where it has no value at the start, such as a quotient by blank variables, it is compiled for a
    start at which it has one. Raises ModelError, UnsupportedError and DataError by cell.
    """
    refreshed = refresh(book)
    check(model, book.workbook)
    run = Run(settings, until)
    found = _compiled(book, model, run, start(model, book.workbook))
    if found.linear is None:  # else HiGHS needs no start
        found = _with_values(found)
    told = (*_blank(model, book.workbook), *_refreshed(refreshed), *found.warnings)
    return replace(found, warnings=(*model.warnings, *found.limits.warnings, *told))


def _with_values(found: Compiled) -> Compiled:
    """The model with a start at which everything has a value. Raises DataError without one."""
    parts = found.cell, found.constraints, found.limits
    missing = missing_at_start(found.model, *parts, found.compiler)
    if not missing:
        return found
    x = start_with_values(found.model, *parts, found.start)
    if x is None:
        raise DataError(
            f"{missing}, and was nowhere else found to have one. Mend that formula, or start from"
            " values where everything can be computed"
        )
    other = _compiled(found.book, found.model, found.run, x.numpy())
    held = zip(other.cells, found.start.tolist(), x.tolist(), strict=True)
    moved = [f"{cell} = {new:.6g}" for cell, old, new in held if new != old]
    text = f"{missing}. The run began elsewhere: {_listed(moved)}"
    return replace(other, warnings=(text, *other.warnings))


def _compiled(book: Session, model: SolverModel, run: Run, begin: NDArray[np.float64]) -> Compiled:
    limits = bounds(model, book.workbook, Reach(book.plan, model.variables).mask)
    compiler = _compiler(book, model, limits, run.settings, begin)
    goal = [] if model.objective is None else [model.objective.area]
    read = [*goal, *_areas(limits.general)]
    refuse_broken(book.plan, read)
    value = _objective(compiler, model)
    refuse_constant(value, model)
    cell = compiler.function([value])
    lines = constraint_lines(compiler, model, limits.general) if limits.general else None
    linear = in_time(
        2 * run.share,  # for it decides on the engine, and a linear one needs no other program
        lambda: _linear(compiler, model, value, lines, limits, run.settings),
    )
    if linear is None:
        refuse_non_number(value, model)
    functions = _functions(cell, lines)
    slopes = _slopes(compiler, cell, lines, needed=METHODS[run.settings.method].follows_slopes)
    told = _of_compiling(compiler, model)
    lost = () if slopes is None else _unreached(book.plan, read, compiler, cell, lines, slopes)
    return Compiled(
        book=book,
        model=model,
        compiler=compiler,
        cell=cell,
        residuals=compiler.residuals(value),
        limits=limits,
        constraints=lines,
        linear=linear,
        run=run,
        shape=shape_of(functions),
        roots=any(function.roots for function in functions),
        differentiable=slopes is not None,
        warnings=(*told, *lost),
    )


def _linear(
    compiler: Compiler,
    model: SolverModel,
    value: Value,
    lines: ConstraintLines | None,
    limits: Bounds,
    settings: Settings,
) -> LinearModel | None:
    if limits.alldifferent or isinstance(compiler, RecalculatingCompiler):
        return None
    return linear_form(compiler, model, value, lines, limits, settings)


def _functions(cell: SheetFunction, lines: ConstraintLines | None) -> list[SheetFunction]:
    """The objective's and the constraints'."""
    return [cell, *([lines.sheet_function] if lines else [])]


def _of_compiling(compiler: Compiler, model: SolverModel) -> Iterator[str]:
    """What compiling left as it stands."""
    yield from _frozen(compiler, model)
    yield from _kept(compiler)
    yield from map(str, compiler.settled)
    if isinstance(compiler, RecalculatingCompiler):
        yield (
            "where OFFSET, INDIRECT or a range to INDEX look depends on the variables: points are"
            " recalculated one by one, without slopes"
        )


def _compiler(
    book: Session,
    model: SolverModel,
    limits: Bounds,
    settings: Settings,
    begin: NDArray[np.float64],
) -> Compiler:
    """The compiler; one that recalculates where look-ups move with the variables."""
    asked = (book.plan, model.variables, begin)
    compiler = Compiler(*asked, seed=settings.seed)
    try:
        _objective(compiler, model)
        for area in _areas(limits.general):
            compiler.cells(area)
    except MovingReferenceError as error:
        _log.info("%s: every point is recalculated", error)
        return RecalculatingCompiler(*asked, seed=settings.seed)
    return compiler


def _objective(compiler: Compiler, model: SolverModel) -> Value:
    """The objective; 0 times a variable where there is none and any point will do."""
    if model.objective is not None:
        return compiler.cells(model.objective.area)
    return compiler.expression(f"0*{absolute_name(model.variables[0].first.area)}", model.sheet)


def _areas(constraints: Sequence[Constraint]) -> list[AreaRef]:
    sides = [side for one in constraints for side in (one.left, one.right)]
    return [side for side in sides if isinstance(side, AreaRef)]


def _fan_in(model: SolverModel) -> NDArray[np.float64]:
    """For Kaiming's rule: in a block of factors as many products are added as it is narrow."""
    sizes = [
        np.full(area.rect.size, float(min(area.rect.height, area.rect.width)))
        for area in model.variables
    ]
    return np.concatenate(sizes)


def _refreshed(changed: int) -> list[str]:
    if not changed:
        return []
    old = counted(changed, "stored value", done="out of date")
    return [f"the file asks to be recalculated: {old}"]


def _blank(model: SolverModel, workbook: Workbook) -> list[str]:
    cells = blank_variables(model, workbook)
    return [f"blank variable cells are taken as 0: {_listed(cells)}"] if cells else []


def _frozen(compiler: Compiler, model: SolverModel) -> list[str]:
    read = [] if model.objective is None else [model.objective.area]
    read += _areas(model.constraints)
    cells = sorted(set().union(*(compiler.random_cells(area) for area in read)))
    if not cells:
        return []
    return [
        f"random functions are frozen at their present values while optimising: {_listed(cells)}"
    ]


def _kept(compiler: Compiler) -> list[str]:
    return [
        f"{area} keeps its stored value while optimising: {reason}"
        for area, reason in compiler.kept
    ]


def _slopes(
    compiler: Compiler, cell: SheetFunction, lines: ConstraintLines | None, *, needed: bool
) -> list[Tensor] | None:
    """The derivatives of the objective, and of the constraints' sum, at the start, (n,) each; None
    where a function of the model has none. Raises UnsupportedError where they are needed."""
    point = compiler.start.clone().requires_grad_()
    try:
        found = [gradient_of(cell.scalar(point), point)]
        if lines is not None:
            found.append(gradient_of(lines.reference(point).sum(), point))
    except UnsupportedError:
        if needed:
            raise
        return None
    return found


def shape_of(functions: Sequence[SheetFunction]) -> Shape:
    """Whether the functions are smooth, have kinks, or steps."""
    if all(function.smooth for function in functions):
        return "smooth"
    return "steps" if any(function.steps for function in functions) else "kinks"


_MOST_STILL = 200
"""Cells whose way to the objective is looked for one by one."""


def _unreached(
    plan: Plan,
    read: Sequence[AreaRef],
    compiler: Compiler,
    cell: SheetFunction,
    lines: ConstraintLines | None,
    slopes: Sequence[Tensor],
) -> list[str]:
    """Variables that no formula on the way to the objective reads, or a constraint; of smooth
    functions only, and where the derivative is 0 at the start, where they are `slopes`, and at two
    random points near it."""
    if not cell.smooth or not (lines is None or lines.sheet_function.smooth):
        return []
    generator = torch.Generator().manual_seed(1)
    reached = torch.zeros(compiler.start.numel(), dtype=torch.bool)
    for slope in slopes:
        reached |= torch.nan_to_num(slope) != 0
    for _ in range(0 if bool(reached.all()) else 2):
        noise = torch.randn(reached.numel(), generator=generator, dtype=torch.float64)
        point = (compiler.start + 0.1 * (1 + compiler.start.abs()) * noise).requires_grad_()
        total = cell.scalar(point)
        if lines is not None:
            values = lines.reference(point)
            total = total + (values * torch.rand(values.shape, generator=generator)).sum()
        reached |= gradient_of(total, point) != 0
        if bool(reached.all()):
            return []
    cells = [ref for area in compiler.variables for ref in area.cells()]
    still = [ref for ref, hit in zip(cells, reached.tolist(), strict=True) if not hit]
    if len(still) > _MOST_STILL or not bool(reached.any()):
        return []
    # No slope at two points is none: EXP(-A1^2) is flat far away, and yet it reads A1.
    lost = [ref for ref in still if not any(map(Reach(plan, [ref.area]).holds, read))]
    if not lost:
        return []
    do, their = ("does", "its") if len(lost) == 1 else ("do", "their")
    same = f"one value within {their} limits is as good as another"
    return [f"{_listed(lost)} {do} not reach the objective; {same}"]


def _listed(cells: Sequence[object]) -> str:
    shown = ", ".join(str(cell) for cell in cells[:_NAMED_AT_MOST])
    more = len(cells) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown


def _contains(outer: AreaRef, inner: AreaRef) -> bool:
    one, other = outer.rect, inner.rect
    return (
        outer.sheet == inner.sheet
        and one.top <= other.top
        and one.left <= other.left
        and one.bottom >= other.bottom
        and one.right >= other.right
    )
