"""The plan of a workbook: its families, what each needs, in an order that works."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.grid import Workbook
from xlcollab.plan.components import components
from xlcollab.plan.families import BrokenFormula, Family, families
from xlcollab.plan.regions import FamilyIndex, reads
from xlcollab.plan.waves import waves


@dataclass(slots=True)
class Plan:
    """`families` in an order in which each comes after those it reads (`needs`, by number).

    `circular` maps the families that read themselves by their references, or read such families
    only through one another, to the sentence that names the cycle; they stand at the end, each cell
    by itself. Whether such a cell really needs itself is known when it is evaluated: INDEX reads
    one cell of its area, IF one of its branches.
    Look-ups that are only known at run time (OFFSET, INDIRECT) are not in `needs`.
    """

    workbook: Workbook
    families: list[Family]
    needs: list[list[int]]
    index: FamilyIndex
    broken: list[BrokenFormula]
    circular: dict[int, str]

    def users(self) -> list[list[int]]:
        """Per family, the families that read it."""
        users: list[list[int]] = [[] for _ in self.families]
        for number, wanted in enumerate(self.needs):
            for target in wanted:
                users[target].append(number)
        return users


def build_plan(workbook: Workbook) -> Plan:
    """Read, group and order all formulas of a workbook. Never raises for a bad formula."""
    found, broken = families(workbook)
    needs = _needs(FamilyIndex(workbook, found), found)
    ordered: list[Family] = []
    stuck: list[tuple[Family, str]] = []
    for component in components(needs):
        members = [found[i] for i in sorted(component)]
        if len(component) == 1 and component[0] not in needs[component[0]]:
            ordered += members
            continue
        parts, rest, cycle = waves(members)
        ordered += parts
        if cycle:
            sentence = f"circular reference: {' → '.join(str(c) for c in [*cycle, cycle[0]])}"
            stuck += [(copy, sentence) for family in rest for copy in family.copies()]
    everything = ordered + [family for family, _ in stuck]
    index = FamilyIndex(workbook, everything)
    circular = {len(ordered) + i: sentence for i, (_, sentence) in enumerate(stuck)}
    return Plan(workbook, everything, _needs(index, everything), index, broken, circular)


def _needs(index: FamilyIndex, members: list[Family]) -> list[list[int]]:
    result = []
    for family in members:
        wanted: set[int] = set()
        for area in reads(family):
            wanted.update(index.overlapping(area.sheet, area.rect))
        result.append(sorted(wanted))
    return result
