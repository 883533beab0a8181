"""Evaluating every formula of a workbook exactly, as Excel's own recalculation does."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.errors import ModelError
from xlcollab.kernels.trace.evaluation import Evaluation, is_random, keeps_stored, undrawn
from xlcollab.kernels.values.block import Block
from xlcollab.plan import Family, Plan
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


def recalculate(plan: Plan, seed: int = 0, *, draw: bool = False) -> Recalculation:
    """Evaluate all formulas. A formula that cannot be evaluated is reported, never guessed.

    With `draw`, random functions whose stored values are all 0 are drawn: no one has yet.
    """
    families = plan.families
    volatile = [
        number
        for number, family in enumerate(families)
        if is_random(family) and keeps_stored(plan, family) and not (draw and undrawn(plan, family))
    ]
    evaluation = Evaluation(plan, set(volatile), seed=seed)
    refused = [Unsupported(_one(broken.cell), broken.line) for broken in plan.broken]
    for number, sentence in plan.circular.items():
        evaluation.store.stored.add(number)
        refused.append(Unsupported(families[number].area, sentence))
    for number, family in enumerate(families):
        reason = _attempt(evaluation, number)
        if reason:
            refused.append(Unsupported(family.area, reason))
    results = tuple(
        (families[n], value.block) for n, value in sorted(evaluation.store.results.items())
    )
    return Recalculation(results, tuple(refused), tuple(families[n] for n in volatile))


def _attempt(evaluation: Evaluation, number: int) -> str | None:
    """Evaluate a family; families that fail keep their stored values for those who read them."""
    try:
        evaluation.need([number])
    except ModelError as error:
        evaluation.store.stored.add(number)
        return str(error)
    return None


def _one(cell: CellRef) -> AreaRef:
    return cell.area
