"""The plan of a workbook: its families, what each needs, in an order that works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xlcollab import garbage
from xlcollab.grid import Workbook
from xlcollab.plan.chains import Pass, growing, one_pass
from xlcollab.plan.components import components
from xlcollab.plan.families import BrokenFormula, Family, families
from xlcollab.plan.regions import FamilyIndex, reads
from xlcollab.plan.waves import waves

FEW = 200
"""Chains of fewer cells are cut into waves: these are few, and what looks into a program (for
linear pieces, squares, proofs) sees through them."""


Cut = Callable[[Sequence[Family], Pass], bool]
"""(the families of a chain, its pass) → whether to cut it into waves"""


@dataclass(frozen=True, slots=True)
class Chain:
    """Families that one pass works out, by number, and the pass; its positions are theirs."""

    members: tuple[int, ...]
    how: Pass


@dataclass(slots=True)
class Plan:
    """`families` in an order in which each comes after those it reads (`needs`, by number).

    Those of a chain need one another: they stand side by side, and are worked out together.
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
    chains: list[Chain] = field(default_factory=list)
    chain_of: dict[int, Chain] = field(default_factory=dict)
    """Family → its chain, for those that are in one."""

    def users(self) -> list[list[int]]:
        """Per family, the families that read it."""
        users: list[list[int]] = [[] for _ in self.families]
        for number, wanted in enumerate(self.needs):
            for target in wanted:
                users[target].append(number)
        return users

    def unrolled(self, cut: Cut = lambda families, how: True) -> Plan:
        """The plan with those chains in waves of which `cut` says so."""
        if not self.chains:
            return self
        units: list[_Unit] = []
        seen: set[int] = set()
        for number in range(len(self.families)):
            if number in seen or number in self.circular:
                continue
            chain = self.chain_of.get(number)
            members = chain.members if chain else (number,)
            seen.update(members)
            found = [self.families[member] for member in members]
            if chain is None or not cut(found, chain.how):
                units.append(_Unit(found, chain.how if chain else None))
            elif number in self.needs[number] or len(members) > 1:
                units += [_Unit([part], None) for part in _in_waves(found)[0]]
            else:
                units.append(_Unit(found, None))
        return self._of(units)

    def taken_apart(self, families: Sequence[Family]) -> Plan:
        """The plan with each copy of these families by itself; they stand in no chain."""
        units: list[_Unit] = []
        for number, family in enumerate(self.families):
            chain = self.chain_of.get(number)
            if (chain is not None and number != chain.members[0]) or number in self.circular:
                continue
            if chain is not None:
                units.append(_Unit([self.families[one] for one in chain.members], chain.how))
            elif any(one is family for one in families):
                units += [_Unit([copy], None) for copy in family.copies()]
            else:
                units.append(_Unit([family], None))
        return self._of(units)

    def _of(self, units: Sequence[_Unit]) -> Plan:
        """The same cells, those that are not circular in other units."""
        stuck = [(self.families[number], sentence) for number, sentence in self.circular.items()]
        return _plan(self.workbook, units, stuck, self.broken)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Families that are worked out together, and the pass that does it if they are a chain."""

    families: list[Family]
    how: Pass | None


def build_plan(workbook: Workbook, few: int = FEW) -> Plan:
    """Read, group and order all formulas of a workbook. Never raises for a bad formula.

    Chains of fewer than `few` cells are cut into waves.
    """
    with garbage.not_now():
        return _built(workbook, few)


def _built(workbook: Workbook, few: int) -> Plan:
    found, broken = families(workbook)
    needs = _needs(FamilyIndex(workbook, found), found)
    units: list[_Unit] = []
    stuck: list[tuple[Family, str]] = []
    for component in components(needs):
        members = [found[i] for i in sorted(component)]
        single = len(component) == 1 and component[0] not in needs[component[0]]
        cells = sum(family.rect.size for family in members)
        chained = cells >= few and not (single and not any(growing(members[0])))
        how = one_pass(members) if chained else None
        if how is not None or single:
            units.append(_Unit(members, how))
            continue
        parts, circular = _in_waves(members)
        units += [_Unit([part], None) for part in parts]
        stuck += circular
    return _plan(workbook, units, stuck, broken, dict(zip(found, needs, strict=True)))


def _in_waves(members: Sequence[Family]) -> tuple[list[Family], list[tuple[Family, str]]]:
    """(pieces in order, cells that depend on a true cycle with the sentence that names it)."""
    parts, rest, cycle = waves(members)
    if not cycle:
        return parts, []
    sentence = f"circular reference: {' → '.join(str(c) for c in [*cycle, cycle[0]])}"
    return parts, [(copy, sentence) for family in rest for copy in family.copies()]


def _plan(
    workbook: Workbook,
    units: Sequence[_Unit],
    stuck: Sequence[tuple[Family, str]],
    broken: list[BrokenFormula],
    known: Mapping[Family, list[int]] | None = None,
) -> Plan:
    """`known` are the needs of families in another order."""
    ordered: list[Family] = []
    chains: list[Chain] = []
    for unit in units:
        if unit.how is not None:
            members = tuple(range(len(ordered), len(ordered) + len(unit.families)))
            chains.append(Chain(members, unit.how))
        ordered += unit.families
    everything = ordered + [family for family, _ in stuck]
    index = FamilyIndex(workbook, everything)
    circular = {len(ordered) + i: sentence for i, (_, sentence) in enumerate(stuck)}
    chain_of = {number: chain for chain in chains for number in chain.members}
    needs = _renumbered(known or {}, everything) or _needs(index, everything)
    return Plan(workbook, everything, needs, index, broken, circular, chains, chain_of)


def _renumbered(
    known: Mapping[Family, list[int]], everything: list[Family]
) -> list[list[int]] | None:
    """What each family needs, by its new numbers; None where these are not all the same ones."""
    new = {family: number for number, family in enumerate(everything)}
    if new.keys() != known.keys():
        return None
    numbers = [new[family] for family in known]
    return [sorted([numbers[old] for old in known[family]]) for family in everything]


def _needs(index: FamilyIndex, members: list[Family]) -> list[list[int]]:
    result = []
    for family in members:
        wanted: set[int] = set()
        for area in reads(family):
            wanted.update(index.overlapping(area.sheet, area.rect))
        result.append(sorted(wanted))
    return result
