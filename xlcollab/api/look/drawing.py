"""What cells are in each of many draws of a workbook's random functions.

The formulas are recorded once, with the random numbers as variables, and run for all draws
together. What cannot be recorded so is evaluated draw by draw: where random numbers decide which
others are drawn, or which cells are read. Both ways take the same numbers for a seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.api.session.session import Session
from xlcollab.errors import XlcollabError
from xlcollab.formula import parse
from xlcollab.formula.nodes import Call, Node, Number, walk
from xlcollab.interrupts import raise_if_stopped
from xlcollab.kernels.program.lower import TOLERANCE
from xlcollab.kernels.program.together import Together, together
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import SheetFunction, flat
from xlcollab.kernels.trace.draws import Draws, is_random
from xlcollab.kernels.trace.evaluation import Evaluation
from xlcollab.kernels.trace.passes import scannable, with_passes
from xlcollab.kernels.values.tape import Value, program
from xlcollab.plan import Family, Plan
from xlcollab.plan.resolve import resolve
from xlcollab.problems import Constraint
from xlcollab.ref import AreaRef, CellRef, Rect

LEAST = 2
"""Draws that are made however late it is: they tell whether anything is random."""
_FEW = 16
"""Draws that are sooner made one by one than together."""
_Numbers = NDArray[np.float64]
Asked = Sequence[tuple[CellRef, str, Constraint | None]]
"""Cells, each with its constraint as text and itself, if it is one's."""


def drawn(book: Session, asked: Asked, home: str, seeds: range, deadline: float) -> _Numbers:
    """The value of each cell and its limit, side by side, in each draw: (draws, 2 × cells), NaN for
    errors and where there is no limit. A limit that is a formula stands on the sheet `home`. Fewer
    than there are seeds where the deadline (perf_counter) or an interruption comes before; raises
    KeyboardInterrupt where it comes before `LEAST`."""
    parts: list[_Numbers] = []
    count = 0
    ways = _parts(scannable(book.plan), _Cells(asked, home), seeds)
    while count < len(seeds) and (count < LEAST or time.perf_counter() < deadline):
        try:
            raise_if_stopped()
            parts.append(next(ways))
            count += len(parts[-1])
        except KeyboardInterrupt:
            if count < LEAST:
                raise
            break
    return np.vstack(parts)


@dataclass(frozen=True, slots=True)
class _Cells:
    """What is asked, and the sheet that formulas as limits mean."""

    asked: Asked
    home: str


def _parts(plan: Plan, asked: _Cells, seeds: range) -> Iterator[_Numbers]:
    """The draws of the seeds in order, a few or many at once."""
    first = LEAST if len(seeds) > _FEW else len(seeds)
    known: list[_Evaluated] = []
    for seed in seeds[:first]:
        known.append(_evaluated(plan, asked, seed))
        yield known[-1].numbers[None]
    rest = seeds[first:]
    recorded = _recorded(plan, asked, known, seeds[:first]) if rest else None
    if recorded is not None:
        yield from recorded.parts(rest)
        return
    for seed in rest:
        yield _evaluated(plan, asked, seed).numbers[None]


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What one draw came to."""

    evaluation: Evaluation
    draws: Draws
    values: list[Value]
    """Of each cell, and its limit."""

    @property
    def numbers(self) -> _Numbers:
        """The values, NaN for errors."""
        context = self.evaluation.exact
        return np.array([float(flat(context, one.block)[0]) for one in self.values])


def _evaluated(plan: Plan, cells: _Cells, seed: int, *, varied: bool = False) -> _Evaluated:
    def work(plan: Plan) -> _Evaluated:
        draws = Draws(seed, varied=varied)
        evaluation = Evaluation(plan, set(), draws=draws)
        values: list[Value] = []
        for cell, _, constraint in cells.asked:
            limit = _limit(evaluation, cell, constraint, cells.home)
            values += [evaluation.cells(cell.area), limit]
        return _Evaluated(evaluation, draws, values)

    return with_passes(plan, work)[1]


def _limit(
    evaluation: Evaluation, cell: CellRef, constraint: Constraint | None, home: str
) -> Value:
    if constraint is None:
        return Value(evaluation.exact.scalar(math.nan))
    if isinstance(constraint.right, str):
        corner = Family(home, Rect(0, 0), Number(0.0))
        node = resolve(parse(constraint.right, 0, 0), evaluation.plan.workbook, home, corner.rect)
        value = evaluation.expression(node, corner)
        single = value.block.shape.numel() == 1
        return value if single else Value(evaluation.exact.scalar(math.nan))
    if not isinstance(constraint.right, AreaRef):
        return Value(evaluation.exact.scalar(float(constraint.right)))
    cells, left = list(constraint.right.cells()), constraint.left.rect
    place = (cell.row - left.top) * left.width + cell.column - left.left
    return evaluation.cells(cells[place if len(cells) > 1 else 0].area)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The formulas as a function of the numbers that are drawn."""

    draws: Draws
    function: SheetFunction
    together: Together | None
    fixed: _Numbers
    """The values of one draw."""
    moving: NDArray[np.intp]
    """The places of those that another draw changes."""

    def parts(self, seeds: range) -> Iterator[_Numbers]:
        """The draws of the seeds in order, as many at once as memory is quick for."""
        most = 1 if self.together is None else min(self.together.most, _MOST)
        for first in range(0, len(seeds), most):
            points = torch.stack([self.draws.of_seed(seed) for seed in seeds[first : first + most]])
            values = np.tile(self.fixed, (len(points), 1))
            values[:, self.moving] = self._moving(points)
            yield values

    def _moving(self, points: Tensor) -> _Numbers:
        if self.together is None:
            return self.function(points[0]).numpy()[None]
        found = self.together(points.numpy())
        for place in np.flatnonzero(np.isnan(found).any(axis=1)):  # an error, or another course
            found[place] = self.function(points[place]).numpy()
        return found


_MOST = 4096
"""Draws together, after which a time limit is looked at."""


def _recorded(
    plan: Plan, asked: _Cells, known: Sequence[_Evaluated], seeds: range
) -> _Recorded | None:
    """The formulas, recorded; None where that may not be, or says otherwise than the `known` draws
    of these seeds."""
    if any(_decides_draws(family.node) for family in plan.families):
        return None
    try:
        found = _evaluated(plan, asked, seeds[0], varied=True)
    except XlcollabError:
        return None
    moving = [place for place, one in enumerate(found.values) if one.slot is not None]
    if not moving or any(one.draws.shapes != found.draws.shapes for one in known):
        return None
    made = program(found.evaluation.tape, [found.values[place] for place in moving])
    function = SheetFunction(made, found.evaluation.exact)
    start = found.draws.of_seed(seeds[0])
    try:
        recorded = _Recorded(
            found.draws, function, together(function.parts, start), found.numbers, np.array(moving)
        )
        again = np.vstack(list(recorded.parts(seeds)))
    except XlcollabError:
        return None
    wanted = np.array([one.numbers for one in known])
    return recorded if np.allclose(again, wanted, TOLERANCE, 0.0, equal_nan=True) else None


def _decides_draws(node: Node) -> bool:
    """Whether a call that may leave some of its arguments alone has a random one in them."""
    calls = (one for one in walk(node) if isinstance(one, Call))
    return any(
        is_random(argument)
        for call in calls
        if call.name not in RECORDS or (RECORDS[call.name].form and not RECORDS[call.name].random)
        for argument in call.arguments[1 if call.name == "IF" else 0 :]
    )
