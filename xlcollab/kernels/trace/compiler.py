"""From a plan and its variable cells to differentiable functions of those cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import ModelError
from xlcollab.formula import parse
from xlcollab.formula.nodes import Number
from xlcollab.grid import CellEdit
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.pieces.cut import Cut
from xlcollab.kernels.pieces.cutting import cut
from xlcollab.kernels.pieces.hidden import hides_a_bend
from xlcollab.kernels.pieces.smoothness import is_root, is_step, is_straight
from xlcollab.kernels.trace.counters import counted
from xlcollab.kernels.trace.draws import is_random
from xlcollab.kernels.trace.evaluation import Evaluation, keeps_stored, moves, reached_by
from xlcollab.kernels.trace.loops import Settled, write_out
from xlcollab.kernels.trace.passes import scannable, with_passes
from xlcollab.kernels.trace.squares import residuals_of
from xlcollab.kernels.values.block import Block, Context, HiddenError
from xlcollab.kernels.values.tape import Program, Tape, Value, program
from xlcollab.plan import Family, Plan
from xlcollab.plan.circles import circles
from xlcollab.plan.resolve import resolve
from xlcollab.ref import AreaRef, CellRef, Rect


@dataclass(frozen=True, slots=True, eq=False)
class SheetFunction:
    """x ↦ the values of some cells: a differentiable torch function of the variable cells.

    `x` has shape (n,), one entry per variable cell in order; the result is flat, the outputs one
    after the other. Errors are NaN.
    """

    program: Program
    context: Context

    def __call__(self, x: Tensor) -> Tensor:
        parts = self.parts(x)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def parts(self, x: Tensor) -> list[Tensor]:
        """The outputs apart, each flat. The shape of each is (size of its area,)."""
        context = self.context
        try:
            blocks = self.program.run(context, x)
        except HiddenError:
            context = context.exactly()
            blocks = self.program.run(context, x)
        return [flat(context, block) for block in blocks]

    def scalar(self, x: Tensor) -> Tensor:
        """The only value of a function of one cell, shape ()."""
        return self(x).reshape(())

    def to(self, device: torch.device, dtype: torch.dtype) -> SheetFunction:
        """The same function on another device or in another precision."""
        known = self.context
        context = Context(
            known.texts,
            exact=known.exact,
            device=device,
            dtype=dtype,
            date1904=known.date1904,
            whole_pairs=known.whole_pairs,
        )
        return SheetFunction(self.program.to(context), context)

    def exactly(self) -> SheetFunction:
        """The same function, numbers compared and closed as a sheet does: in 15 digits."""
        return SheetFunction(self.program, self.context.exactly())

    def constants(self) -> list[Block]:
        """The constant blocks the function holds: a measure of its size."""
        instructions = self.program.instructions
        found = {id(a): a for i in instructions for a in i.arguments if isinstance(a, Block)}
        return list(found.values())

    @property
    def smooth(self) -> bool:
        """Whether no operation has a kink or a step that the variables could move across."""
        return all(is_straight(instruction) for instruction in self.program.instructions)

    @property
    def steps(self) -> bool:
        """Whether an operation may jump where the variables move."""
        return any(is_step(instruction) for instruction in self.program.instructions)

    @property
    def roots(self) -> bool:
        """Whether there is an operation without a slope where it is 0, and smooth elsewhere."""
        return any(is_root(instruction) for instruction in self.program.instructions)

    def hides_a_bend(self, n: int, generator: torch.Generator, *, root: bool = False) -> bool:
        """Whether an operation on the n numbers curves where samples of the whole need not show
        it; see `pieces.hidden`."""
        return hides_a_bend(self.program, self.context, n, generator, root=root)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations that depend on the variables, in order."""
        return tuple(instruction.name for instruction in self.program.instructions)


def flat(context: Context, block: Block) -> Tensor:
    """The numbers of a block in reading order, errors as NaN, shape (cells,)."""
    number, codes = context.numbers(block)
    if codes is not None:
        number = torch.where(codes > 0, torch.nan, number)
    return number.expand(block.shape).reshape(-1)


@dataclass(frozen=True, slots=True)
class Dependents:
    """Every formula cell that depends on the variables, as an exact function of them.

    `left_alone` names the areas that depend on them but cannot be evaluated, with the reason.
    """

    program: Program
    families: tuple[Family, ...]
    context: Context
    left_alone: tuple[tuple[AreaRef, str], ...]

    def results(self, x: Tensor) -> list[CellEdit]:
        """The new stored values of those cells."""
        with torch.no_grad():
            blocks = self.program.run(self.context, x)
        return [
            edit_of(family.area, block) for family, block in zip(self.families, blocks, strict=True)
        ]


def edit_of(area: AreaRef, block: Block) -> CellEdit:
    """A block as the new values of an area."""
    return CellEdit(area, *block.arrays())


class Compiler:
    """Compiles what depends on some variable cells.

    Formulas that depend on no variable are evaluated once, exactly, and are constants from then on.
    Those that cannot be evaluated keep the value in the file, and so do random functions.
    """

    takes_places_for_granted = False
    """Whether formulas may look where the variables say, by their values at the start."""

    def __init__(
        self,
        plan: Plan,
        variables: Sequence[AreaRef],
        start: NDArray[np.float64],
        *,
        seed: int = 0,
    ) -> None:
        self.variables = tuple(variables)
        self.start = torch.as_tensor(start, dtype=torch.float64)
        self.settled: list[Settled] = []
        """Circles of cells that are worked out by iteration, as the workbook asks."""
        self._seed = seed
        passable = scannable(plan, bent=False, variables=self.variables)
        self.plan, self._evaluation = with_passes(passable, self._prepared)

    def _prepared(self, plan: Plan) -> Evaluation:
        """An evaluation of the plan, its chains worked out. Raises PassRefusedError."""
        self.settled.clear()
        families = plan.families
        moving = {n for n, family in enumerate(families) if moves(family)}
        self._empty = {n for n, family in enumerate(families) if not keeps_stored(plan, family)}
        self._candidates = reached_by(plan, self.variables, moving)
        frozen = {n for n, family in enumerate(families) if is_random(family.node)} - self._empty
        evaluation = Evaluation(
            plan,
            frozen - reached_by(plan, self.variables),
            replaceable=set(range(len(families))) - self._candidates - self._empty,
            seed=self._seed,
        )
        evaluation.set_variables(self.variables, self.start)
        if self.takes_places_for_granted:
            evaluation.tape.granted = []
        if plan.workbook.iteration is not None:
            evaluation.circles = circles(plan)
            evaluation.write_out = self._write_out
        evaluation.try_chains()
        evaluation.try_moving()
        return evaluation

    def _write_out(self, evaluation: Evaluation, circle: Sequence[int]) -> None:
        self.settled.append(write_out(evaluation, circle))

    @property
    def kept(self) -> list[tuple[AreaRef, str]]:
        """Areas that cannot be evaluated and keep the values in the file, with the reason."""
        found = self._evaluation.replaced
        return [kept for areas in found.values() for kept in areas]

    def random_cells(self, area: AreaRef) -> set[CellRef]:
        """The cells with random functions that `area` depends on: all keep their present value."""
        pending = self.plan.index.overlapping(area.sheet, area.rect)
        seen: set[int] = set()
        while pending:
            number = pending.pop()
            if number not in seen:
                seen.add(number)
                pending += self.plan.needs[number]
        families = [self.plan.families[number] for number in seen]
        return {family.first for family in families if is_random(family.node)}

    def cells(self, area: AreaRef) -> Value:
        """The values of an area. Raises ModelError naming the cell that cannot be compiled."""
        return self._evaluation.cells(area)

    def expression(self, text: str, sheet: str) -> Value:
        """The value of a formula that stands in no cell, as typed in A1 of `sheet`."""
        home = Family(sheet, Rect(0, 0), Number(0.0))
        node = resolve(parse(text, 0, 0), self.plan.workbook, sheet, home.rect)
        return self._evaluation.expression(node, home)

    def function(self, values: Sequence[Value]) -> SheetFunction:
        """The values as one function of the variables."""
        return self._function(counted(self._evaluation.tape, values), values)

    def _function(self, tape: Tape, values: Sequence[Value]) -> SheetFunction:
        made = program(tape, values)
        context = self._evaluation.fast
        if self._beside_errors(tape, made, values):
            context = context.exactly()
        return SheetFunction(made, context)

    @staticmethod
    def _beside_errors(tape: Tape, made: Program, values: Sequence[Value]) -> bool:
        """Whether something on the way is an error at the start though the values are none: another
        copy of a formula, whose not-a-number would spoil the slopes of what both read."""
        on_the_way = (tape.values[one.out].block.number for one in made.instructions)
        shown = all(bool(torch.isfinite(one.block.number).all()) for one in values)
        return shown and not all(bool(torch.isfinite(one).all()) for one in on_the_way)

    def cut(self, values: Sequence[Value], *, products: bool = False) -> Cut | None:
        """The values with the kinks between them and the variables cut out, and with `products`
        what multiplies variables; None where there is a kink that cannot be."""
        tape, n = counted(self._evaluation.tape, values), self.start.numel()
        return cut(program(tape, values), tape.values, n, self._evaluation.exact, products=products)

    def cut_function(self, found: Cut) -> SheetFunction:
        """A cut program as a function of its columns."""
        return SheetFunction(found.program, self._evaluation.fast)

    def residuals(self, value: Value) -> SheetFunction | None:
        """The roots of the squares with whose sum `value` grows, as a function; else None."""
        tape = counted(self._evaluation.tape, [value])
        found = residuals_of(tape, value)
        return self._function(tape, found) if found else None

    def dependents(self) -> Dependents:
        """All formula cells that depend on the variables, on every sheet."""
        left_alone: list[tuple[AreaRef, str]] = []
        active: list[tuple[Family, Value]] = []
        for number in sorted(self._candidates | self._empty):
            family = self.plan.families[number]
            try:
                self._evaluation.need([number])
            except ModelError as error:
                left_alone.append((family.area, str(error)))
                continue
            value = self._evaluation.store.results.get(number)
            if value is not None and (value.slot is not None or number in self._empty):
                active.append((family, value))
        values = [value for _, value in active]
        return Dependents(
            program(self._evaluation.tape, values),
            tuple(family for family, _ in active),
            self._evaluation.exact,
            tuple(left_alone),
        )
