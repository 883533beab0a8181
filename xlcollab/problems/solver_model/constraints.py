"""One constraint as typed, left side, relation and right side, → `Constraint` records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from xlcollab.errors import ModelError
from xlcollab.grid import Workbook
from xlcollab.problems.solver_model.areas import disjoint, find_name, resolve_areas
from xlcollab.problems.solver_model.model import Constraint
from xlcollab.problems.solver_model.words import Domain, Relation
from xlcollab.ref import AreaRef

_NUMBER = re.compile(r"(?P<value>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<percent>%?)\Z")


@dataclass(slots=True)
class Restrictions:
    """The constraints and domains of one model while they are being collected."""

    workbook: Workbook
    sheet: str
    constraints: list[Constraint] = field(default_factory=list)
    domains: dict[Domain, list[AreaRef]] = field(default_factory=dict)

    def constrain(self, left: str, relation: Relation, right: str, what: str) -> None:
        """Raises ModelError, as `read_constraint` does."""
        self.constraints += read_constraint(
            self.workbook, left, relation, right, sheet=self.sheet, what=what
        )

    def restrict(self, left: str, domain: Domain, what: str) -> None:
        """Raises ModelError when `left` names no cells."""
        areas = resolve_areas(self.workbook, left, self.sheet, f"{what}: the left side")
        self.domains.setdefault(domain, []).extend(areas)

    def areas(self, domain: Domain) -> tuple[AreaRef, ...]:
        return disjoint(self.domains.get(domain, ()))


def read_constraint(
    workbook: Workbook, left: str, relation: Relation, right: str, *, sheet: str, what: str
) -> list[Constraint]:
    """The constraints that `left` `relation` `right` stands for, one per pair of areas.

    A number, formula or single cell on the right serves every cell on the left. Several cells on
    the right are paired with those on the left in reading order; the shapes may differ, the counts
    may not (frontsys.com, "Constraint Left and Right Hand Sides").

    Raises ModelError, beginning with `what`, on cells that do not exist or counts that differ.
    """
    lefts = resolve_areas(workbook, left, sheet, f"{what}: the left side")
    rights = _right_side(workbook, right, sheet, what)
    if not isinstance(rights, list):
        return [Constraint(area, relation, rights) for area in disjoint(lefts)]
    if sum(area.rect.size for area in rights) == 1:
        return [Constraint(area, relation, rights[0]) for area in disjoint(lefts)]
    pairs = _paired(lefts, rights, what)
    return [Constraint(area, relation, other) for area, other in pairs]


def read_number(text: str) -> float | None:
    """The number that `text` spells, percent allowed, or None."""
    match = _NUMBER.match(text.strip().removeprefix("=").strip().strip('"'))
    if match is None:
        return None
    return float(match["value"]) / (100 if match["percent"] else 1)


def _right_side(
    workbook: Workbook, text: str, sheet: str, what: str
) -> float | str | list[AreaRef]:
    text = text.strip().removeprefix("=").strip()
    if not text or "#REF!" in text.upper():
        raise ModelError(f"{what}: the right side is {text or 'empty'}; give a number or cells")
    name = find_name(workbook, text, sheet)
    number = read_number(name.text if name else text)
    if number is not None:
        return number
    try:
        return resolve_areas(workbook, text, sheet, what)
    except ModelError:
        return text


def _paired(
    lefts: Sequence[AreaRef], rights: Sequence[AreaRef], what: str
) -> list[tuple[AreaRef, AreaRef]]:
    if [_shape(area) for area in lefts] == [_shape(area) for area in rights]:
        return list(zip(lefts, rights, strict=True))
    cells = [cell.area for area in lefts for cell in area.cells()]
    others = [cell.area for area in rights for cell in area.cells()]
    if len(cells) != len(others):
        raise ModelError(
            f"{what}: {len(cells)} cells on the left ({_listed(lefts)}) meet {len(others)} on the"
            f" right ({_listed(rights)}); give as many, or a single cell or number"
        )
    return list(zip(cells, others, strict=True))


def _shape(area: AreaRef) -> tuple[int, int]:
    return area.rect.height, area.rect.width


def _listed(areas: Sequence[AreaRef]) -> str:
    return ", ".join(map(str, areas))
