"""Cells that need one another as functions of the variables: the rounds of an iterative calculation
written out, one after the other, so that values and slopes go through the fixed point.

Each round works out the cells as Excel does (`iterate`). From the point where they have settled at
the start, so many rounds are taken as it takes to settle again after a push: what is left of a
distance then is beyond the digits of a float64, and the slopes of the rounds add up to those of the
implicit function (Christianson 1994, "Reverse accumulation and attractive fixed points").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlcollab.errors import ModelError
from xlcollab.grid import Kind, Workbook
from xlcollab.kernels.trace.evaluation import Evaluation
from xlcollab.kernels.trace.iterate import again, in_order, with_own_values
from xlcollab.kernels.values.store import NotReadyError
from xlcollab.kernels.values.tape import Value
from xlcollab.plan import Family, Plan
from xlcollab.ref import AreaRef

_MOST_ROUNDS = 1000
"""Beyond, cells are taken as such that never settle."""
_MOST_WRITTEN = 300
"""Rounds that are written out at most."""
_SETTLED = 1e-14
"""A change of no more than this, relative to the value, is none."""
_FAR = 1e100
"""An iteration that has come so far has no fixed point that a workbook could show."""
_SHOWN = 3
"""Areas that a sentence names; it has to be read."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Areas that need one another, and how many rounds were written out."""

    areas: tuple[AreaRef, ...]
    rounds: int

    def __str__(self) -> str:
        return (
            f"{_listed(self.areas)} need one another: as the workbook asks, they are worked out"
            f" again and again, here {self.rounds} times, and the slopes go through every round"
        )


def write_out(evaluation: Evaluation, circle: Sequence[int]) -> Settled:
    """Give the families of a circle their values as functions of the variables.

    Raises ModelError naming the cells where they do not settle.
    """
    families = [evaluation.plan.families[number] for number in circle]
    areas = tuple(family.area for family in families)
    settled, rounds = _settled(evaluation.plan, circle)
    store = evaluation.store
    for number in circle:
        store.results[number] = Value(
            settled.store.constants(evaluation.plan.families[number].area)
        )
    order = in_order(evaluation.plan.workbook, families)
    numbers = {id(evaluation.plan.families[number]): number for number in circle}
    for _ in range(rounds):
        for family in order:
            evaluation.forget()
            store.results[numbers[id(family)]] = _worked_out(evaluation, family)
    evaluation.forget()
    return Settled(areas, rounds)


def _worked_out(evaluation: Evaluation, family: Family) -> Value:
    while True:
        try:
            return evaluation.tracer.family(family)
        except NotReadyError as missing:
            evaluation.need(missing.families)


def _settled(plan: Plan, circle: Sequence[int]) -> tuple[Evaluation, int]:
    """(an evaluation over a workbook where the circle has settled, the rounds it takes to do so
    again after a push)."""
    own = with_own_values(plan, circle)
    everything = set(range(len(plan.families)))
    others = {number for number in everything if number not in circle and number in plan.circular}
    evaluation = Evaluation(own, {*circle, *others}, replaceable=everything)
    families = [plan.families[number] for number in circle]
    _rounds(evaluation, families)
    for family in families:
        _push(own, family.area)
    return evaluation, min(_rounds(evaluation, families) + 2, _MOST_WRITTEN)


def _rounds(evaluation: Evaluation, families: Sequence[Family]) -> int:
    """Work them out until nothing changes; how often."""
    workbook = evaluation.plan.workbook
    order = in_order(workbook, families)
    for round_ in range(_MOST_ROUNDS):
        change = max(again(evaluation, family, relative=True) for family in order)
        if change <= _SETTLED:
            return round_ + 1
        if _runs_away(workbook, families):
            break
    raise ModelError(
        f"{_listed([family.area for family in families])} need one another and do not settle:"
        f" in round {round_ + 1} they still change by {change:.1%}. Mend the circle, or leave it"
        " out of the model"
    )


def _runs_away(workbook: Workbook, families: Sequence[Family]) -> bool:
    """Whether a number has left all sense."""
    blocks = (workbook.sheet(family.sheet).block(family.rect) for family in families)
    return any(
        bool((np.abs(numbers[kinds == Kind.NUMBER]) > _FAR).any()) for kinds, numbers in blocks
    )


def _push(plan: Plan, area: AreaRef) -> None:
    """Move the numbers of an area away from where they settled."""
    sheet = plan.workbook.sheet(area.sheet)
    rows, columns = area.rect.rows, area.rect.columns
    numbers = sheet.kinds[rows, columns] == Kind.NUMBER
    values = sheet.numbers[rows, columns]
    sheet.numbers[rows, columns] = np.where(numbers, values * 1.5 + 1e-3, values)


def _listed(areas: Sequence[AreaRef]) -> str:
    shown = ", ".join(str(area) for area in areas[:_SHOWN])
    return shown if len(areas) <= _SHOWN else f"{shown} and {len(areas) - _SHOWN} more"
