"""Circular references worked out again and again, where the workbook asks for it (18.2.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from xlcollab.grid import Iteration, Kind, Sheet, Workbook
from xlcollab.kernels.trace.evaluation import Evaluation
from xlcollab.kernels.values.store import NotReadyError
from xlcollab.plan import Family, Plan


def with_own_values(plan: Plan, numbers: Collection[int]) -> Plan:
    """The plan over a workbook whose stored values of these families may be changed."""
    changing = {plan.families[number].sheet for number in numbers}
    workbook = plan.workbook
    sheets = [_copied(sheet) if sheet.name in changing else sheet for sheet in workbook]
    return replace(plan, workbook=replace(workbook, sheets=sheets))


def _copied(sheet: Sheet) -> Sheet:
    return replace(sheet, kinds=sheet.kinds.copy(), numbers=sheet.numbers.copy())


def iterate(evaluation: Evaluation, numbers: Collection[int], how: Iteration) -> None:
    """Work out families that need one another, as Excel does: sheet by sheet, row by row, each with
    the latest values of the others, `how.count` times or until none changes by `how.delta`.

    The workbook's stored values are where it begins, and they are changed. Raises ModelError for a
    cell that cannot be evaluated.
    """
    plan = evaluation.plan
    order = in_order(plan.workbook, [plan.families[number] for number in numbers])
    for _ in range(how.count):
        changes = [again(evaluation, family) for family in order]
        if max(changes) < how.delta:
            return


def in_order(workbook: Workbook, families: Sequence[Family]) -> list[Family]:
    """The order in which Excel works out cells that need one another."""
    places = {sheet.name: place for place, sheet in enumerate(workbook)}
    return sorted(families, key=lambda f: (places[f.sheet], f.rect.top, f.rect.left))


def again(evaluation: Evaluation, family: Family, *, relative: bool = False) -> float:
    """Work out a family once more; how much its values changed, `relative` to them if asked."""
    evaluation.forget()
    while True:
        try:
            block = evaluation.tracer.family(family).block
            break
        except NotReadyError as missing:
            evaluation.need(missing.families)
    sheet = evaluation.plan.workbook.sheet(family.sheet)
    rect = family.rect
    kinds, numbers = block.arrays()
    old_kinds, old = sheet.block(rect)
    sheet.kinds[rect.rows, rect.columns] = kinds
    sheet.numbers[rect.rows, rect.columns] = numbers
    blank_before = (old_kinds == Kind.BLANK) & (kinds == Kind.NUMBER)
    same = (old_kinds == kinds) | blank_before
    size = np.abs(numbers) + np.abs(old) if relative else np.ones_like(numbers)
    change = np.abs(numbers - old) / np.where(size > 0, size, 1.0)
    return float(np.where(same, change, np.inf).max())
