"""Evaluating every formula of a workbook exactly, as Excel's own recalculation does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xlcollab.errors import ModelError
from xlcollab.kernels.trace.draws import is_random
from xlcollab.kernels.trace.evaluation import Evaluation, keeps_stored, undrawn
from xlcollab.kernels.trace.iterate import iterate, with_own_values
from xlcollab.kernels.trace.passes import scannable, with_passes
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.store import Slice
from xlcollab.plan import Family, Plan
from xlcollab.plan.circles import circles
from xlcollab.ref import AreaRef, CellRef


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Formula cells that could not be evaluated, and why; their stored values were used instead."""

    area: AreaRef
    reason: str


@dataclass(frozen=True, slots=True)
class Recalculation:
    """`results` hold a block of shape (1, 1, height, width) per family. `volatile` families call a
    random function or the clock and keep their stored values."""

    results: tuple[tuple[Family, Block], ...]
    unsupported: tuple[Unsupported, ...]
    volatile: tuple[Family, ...]
    iterated: frozenset[AreaRef] = frozenset()
    """Areas that need themselves and were worked out by iteration, up to `delta`."""
    delta: float = 0.0


def recalculate(plan: Plan, seed: int = 0, *, draw: bool = False) -> Recalculation:
    """Evaluate all formulas. A formula that cannot be evaluated is reported, never guessed.

    With `draw`, random functions whose stored values are all 0 are drawn: no one has yet.
    """
    _, done = with_passes(scannable(plan), lambda one: _recalculated(one, seed, draw=draw))
    return done


def _recalculated(plan: Plan, seed: int, *, draw: bool) -> Recalculation:
    families = plan.families
    volatile = [
        number
        for number, family in enumerate(families)
        if is_random(family.node)
        and keeps_stored(plan, family)
        and not (draw and undrawn(plan, family))
    ]
    evaluation = _evaluated(plan, set(volatile), seed)
    refused = [Unsupported(_one(broken.cell), broken.line) for broken in plan.broken]
    for number in sorted(evaluation.replaced):
        refused += [Unsupported(area, reason) for area, reason in evaluation.replaced[number]]
    done = sorted({*evaluation.store.results, *evaluation.iterated})
    results = tuple(part for number in done for part in _parts(evaluation, number))
    iterated = frozenset(families[number].area for number in evaluation.iterated)
    delta = plan.workbook.iteration.delta if plan.workbook.iteration else 0.0
    kept = tuple(families[n] for n in volatile)
    return Recalculation(results, tuple(refused), kept, iterated, delta)


def _evaluated(plan: Plan, volatile: set[int], seed: int) -> Evaluation:
    """Everything evaluated; cells that need one another by iteration, if the workbook says so."""
    everything = set(range(len(plan.families)))
    evaluation = Evaluation(plan, {*volatile}, replaceable=everything, seed=seed)
    evaluation.apart = True
    evaluation.need(sorted(plan.circular))
    together, how = circles(plan), plan.workbook.iteration
    cyclic = {one for number in evaluation.cyclic for one in together.get(number, (number,))}
    if cyclic and how:
        own = with_own_values(plan, cyclic)
        evaluation = Evaluation(own, volatile | cyclic, replaceable=everything, seed=seed)
        try:
            iterate(evaluation, cyclic, how)
            evaluation.iterated = cyclic
        except ModelError as error:
            evaluation.replaced.update({n: [(plan.families[n].area, str(error))] for n in cyclic})
        evaluation.forget()
    evaluation.need(reversed(range(len(plan.families))))
    return evaluation


def _parts(evaluation: Evaluation, number: int) -> Iterator[tuple[Family, Block]]:
    """A family with its values; of one that was evaluated in part, those parts."""
    family = evaluation.plan.families[number]
    if number in evaluation.iterated:
        yield family, evaluation.store.constants(family.area)
        return
    block = evaluation.store.results[number].block
    if number not in evaluation.parts:
        yield family, block
    for rect in evaluation.parts.get(number, ()):
        inside = Slice(rect.shifted(-family.rect.top, -family.rect.left))
        yield family.part(rect), inside(evaluation.exact, block)


def _one(cell: CellRef) -> AreaRef:
    return cell.area
