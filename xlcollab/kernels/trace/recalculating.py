"""A sheet whose look-ups move with the variables: evaluated anew at every point, without slopes.

OFFSET and INDIRECT settle where a formula looks; where that depends on the variables there is no
program of the sheet, so each point is worked out as Excel's own recalculation does, unless `places`
has one for where its formulas look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import ModelError, UnsupportedError
from xlcollab.formula import parse
from xlcollab.formula.nodes import Number
from xlcollab.grid import CellEdit, Sheet
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.trace.compiler import Compiler, Dependents, SheetFunction, edit_of, flat
from xlcollab.kernels.trace.draws import is_random
from xlcollab.kernels.trace.evaluation import Evaluation, keeps_stored, moves, reached_by
from xlcollab.kernels.trace.places import Asked, Places
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.tape import Program, Value
from xlcollab.plan import Family, Plan
from xlcollab.plan.resolve import resolve
from xlcollab.ref import AreaRef, Rect


def with_edit(sheet: Sheet, edit: CellEdit) -> Sheet:
    """The sheet with the numbers of an edit; the old one stays as it is."""
    rect = edit.area.rect
    height, width = max(sheet.height, rect.bottom), max(sheet.width, rect.right)
    kinds, numbers = sheet.block(Rect(0, 0, height, width))
    kinds[rect.rows, rect.columns] = edit.kinds
    numbers[rect.rows, rect.columns] = edit.numbers
    return replace(sheet, kinds=kinds, numbers=numbers)


_NO_PROGRAM = Program((), (), 0)


class RecalculatingCompiler(Compiler):
    """Like a compiler, but its functions recalculate what is asked at each point."""

    def __init__(
        self,
        plan: Plan,
        variables: Sequence[AreaRef],
        start: NDArray[np.float64],
        *,
        seed: int = 0,
    ) -> None:
        plan = plan.unrolled()
        self.plan, self.variables = plan, tuple(variables)
        self.start = torch.as_tensor(start, dtype=torch.float64)
        self.settled = []
        self._seed = seed
        families = plan.families
        drawn = any(is_random(one.node) for one in families)
        self._repeats = not drawn and plan.workbook.iteration is None
        self._stored = {
            n for n, one in enumerate(families) if is_random(one.node) and keeps_stored(plan, one)
        }
        moving = [n for n, one in enumerate(families) if moves(one)]
        self._reached = sorted(reached_by(plan, self.variables, moving))
        self._first = self.at(self.start)
        self._asked: list[Asked] = []

    @property
    def kept(self) -> list[tuple[AreaRef, str]]:
        return []

    def at(self, x: Tensor) -> Evaluation:
        """The sheet with its variables at x, nothing evaluated yet."""
        workbook, place = self.plan.workbook, 0
        numbers = x.detach().cpu().double().numpy()
        for area in self.variables:
            block = numbers[place : place + area.rect.size]
            shape = (area.rect.height, area.rect.width)
            edit = CellEdit.of_numbers(area, block.reshape(shape))
            sheets = [
                with_edit(sheet, edit) if sheet.name == area.sheet else sheet for sheet in workbook
            ]
            workbook = replace(workbook, sheets=sheets)
            place += area.rect.size
        plan = replace(self.plan, workbook=workbook)
        return Evaluation(plan, {*self._stored}, seed=self._seed)

    def cells(self, area: AreaRef) -> Value:
        return self._told(area, self._first.cells(area).block)

    def expression(self, text: str, sheet: str) -> Value:
        home = Family(sheet, Rect(0, 0), Number(0.0))
        node = resolve(parse(text, 0, 0), self.plan.workbook, sheet, home.rect)
        return self._told((node, home), self._first.expression(node, home).block)

    def _told(self, asked: Asked, block: Block) -> Value:
        self._asked.append(asked)
        return Value(block, len(self._asked))

    def function(self, values: Sequence[Value]) -> SheetFunction:
        asked = tuple(self._asked[value.slot - 1] for value in values if value.slot is not None)
        places = None
        if self._repeats:  # what is drawn, or iterated, is what a recalculation makes of it
            places = Places(self.plan, self.variables, asked, self._seed)
        return RecalculatedFunction(_NO_PROGRAM, self._first.fast, self, asked, places)

    def residuals(self, value: Value) -> SheetFunction | None:
        return None

    def dependents(self) -> Dependents:
        families = tuple(self.plan.families[number] for number in self._reached)
        return RecalculatedDependents(_NO_PROGRAM, families, self._first.exact, (), self)


@dataclass(frozen=True, slots=True, eq=False)
class RecalculatedFunction(SheetFunction):
    """x ↦ the values of some cells, each time by a recalculation; no slopes."""

    sheet: RecalculatingCompiler
    asked: tuple[Asked, ...]
    places: Places | None

    def __call__(self, x: Tensor) -> Tensor:
        """The values, flat. Raises UnsupportedError where a derivative is wanted."""
        return torch.cat(self.parts(x))

    def parts(self, x: Tensor) -> list[Tensor]:
        """The outputs apart, each of shape (cells,). Raises UnsupportedError where a derivative is
        wanted."""
        if x.requires_grad and torch.is_grad_enabled():
            raise UnsupportedError("where a formula looks depends on the variables: no derivative")
        found = None if self.places is None else self.places.values(self.context, x)
        if found is None:
            evaluation = self.sheet.at(x)
            found = [_values(evaluation, asked) for asked in self.asked]
        return [one.to(x) for one in found]

    def to(self, device: torch.device, dtype: torch.dtype) -> SheetFunction:
        return self

    def exactly(self) -> SheetFunction:
        return replace(self, context=self.context.exactly())

    @property
    def smooth(self) -> bool:
        return False

    @property
    def roots(self) -> bool:
        return False

    @property
    def steps(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class RecalculatedDependents(Dependents):
    """Every formula cell that depends on the variables, by a recalculation."""

    sheet: RecalculatingCompiler

    def results(self, x: Tensor) -> list[CellEdit]:
        evaluation = self.sheet.at(x)
        found = []
        for family in self.families:
            try:
                found.append(edit_of(family.area, evaluation.cells(family.area).block))
            except ModelError:
                continue  # it keeps its stored value; nothing that was asked reads it
        return found


def _values(evaluation: Evaluation, asked: Asked) -> Tensor:
    value = evaluation.cells(asked) if isinstance(asked, AreaRef) else evaluation.expression(*asked)
    return flat(evaluation.exact, value.block)
