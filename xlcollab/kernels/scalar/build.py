"""From a plan to a scalar program of all that depends on some cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xlcollab.errors import ModelError, UnsupportedError
from xlcollab.formula import parse
from xlcollab.kernels.scalar.lower import Lowering
from xlcollab.kernels.scalar.program import ScalarProgram
from xlcollab.plan import Family, Plan, cover, reads
from xlcollab.plan.resolve import resolve
from xlcollab.ref import CellRef, Rect


def build_program(
    plan: Plan, inputs: Sequence[CellRef], extra: Mapping[str, tuple[str, str]] | None = None
) -> ScalarProgram:
    """The program of every formula cell that depends on `inputs`, and of all that those read.

    An input that holds a formula is a number all the same: its formula is not computed. `extra`
    are formulas that stand in no cell: {label: (sheet, text without "=")}. A formula cell
    that cannot be lowered is in the program's `refused`; so are those that read it.

    Raises UnsupportedError when an extra formula cannot be lowered.
    """
    plan = plan.unrolled()
    parsed = {label: _parsed(plan, *where) for label, where in (extra or {}).items()}
    lowering = Lowering(plan.workbook, inputs)
    dependents = _dependents(plan, inputs)
    for number in _needed(plan, dependents, parsed.values()):
        _lower_family(lowering, plan, number, stored=number not in dependents)
    labels = {label: _lower_extra(lowering, label, family) for label, family in parsed.items()}
    return lowering.program(labels)


def _parsed(plan: Plan, sheet: str, text: str) -> Family:
    node = resolve(parse(text, 0, 0), plan.workbook, sheet, Rect(0, 0))
    return Family(sheet, Rect(0, 0), node)


def _dependents(plan: Plan, inputs: Sequence[CellRef]) -> set[int]:
    """The families that depend on `inputs`, directly or through others."""
    areas = _areas(inputs)
    readers = [n for n, family in enumerate(plan.families) if _reads_any(family, areas)]
    return _closure(readers, plan.users())


def _needed(plan: Plan, dependents: set[int], extra: Iterable[Family]) -> list[int]:
    """The dependents, what `extra` reads, and all that those read, in the plan's order."""
    wanted = set(dependents)
    for family in extra:
        for area in reads(family):
            wanted.update(plan.index.overlapping(area.sheet, area.rect))
    return sorted(_closure(wanted, plan.needs))


def _areas(cells: Sequence[CellRef]) -> dict[str, list[Rect]]:
    """The cells as few rectangles, by sheet."""
    by_sheet: dict[str, list[tuple[int, int]]] = {}
    for cell in cells:
        by_sheet.setdefault(cell.sheet, []).append((cell.row, cell.column))
    return {sheet: cover(places) for sheet, places in by_sheet.items()}


def _reads_any(family: Family, areas: Mapping[str, list[Rect]]) -> bool:
    return any(
        read.rect.intersection(rect) for read in reads(family) for rect in areas.get(read.sheet, ())
    )


def _closure(start: Iterable[int], edges: Sequence[Sequence[int]]) -> set[int]:
    pending, found = list(start), set[int]()
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending.extend(edges[number])
    return found


def _lower_family(lowering: Lowering, plan: Plan, number: int, *, stored: bool) -> None:
    family = plan.families[number]
    for cell in family.area.cells():
        if number in plan.circular:
            lowering.refuse(cell, plan.circular[number])
        elif family.array:
            lowering.refuse(cell, "it is an array formula")
        else:
            lowering.formula(cell, family.node, closing=family.closing, stored=stored)


def _lower_extra(lowering: Lowering, label: str, family: Family) -> int:
    lowering.begin(family.node)
    try:
        return lowering.register_of(lowering.expression(family.node, family.first))
    except ModelError as error:
        raise UnsupportedError(
            f"the {label} of {family.sheet} cannot be computed: {error}"
        ) from None
