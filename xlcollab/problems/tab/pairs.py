"""Copy pairs: by which cells the end of an epoch feeds the start of the next.

They come from the command line, else from the names that the lesson's macros used, else from the
structure: what the row after the last would read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xlcollab.errors import ModelError, UsageError, XlcollabError
from xlcollab.problems.tab.feedback import Feedback, Outside
from xlcollab.problems.tab.formulas import SheetFormulas
from xlcollab.problems.tab.kind import Update, cell_of
from xlcollab.problems.tab.parts import MemoryKind
from xlcollab.problems.tab.rules import Role
from xlcollab.ref import CellRef, parse_area, split_list

Origin = Literal["name", "structure", "option"]

_NAMES: Mapping[Role, tuple[tuple[str, str], ...]] = {
    "weight": (("slope", "lastslope"), ("const", "lastconst")),
    "mean": (("momtarget", "momlast"),),
    "square": (("gradtarget", "ms_last"),),
    "count": (("counttarget", "countlast"),),
    "norm": (("gradtarget", "histgrad"),),
}
"""(target, source) names, by what they carry; all but those of counts are the lesson's."""
_ROLES: Mapping[MemoryKind, Role] = {
    "mean": "mean",
    "square": "square",
    "count": "count",
    "other": "mean",
}
_ARROW = re.compile(r"->|→")


@dataclass(frozen=True, slots=True)
class CopyPair:
    """`target` takes the value of `source` at the end of an epoch."""

    role: Role
    target: CellRef
    source: CellRef
    origin: Origin

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


class PairFinder:
    """Finds the pairs of one tab and notes what is odd about its names."""

    def __init__(
        self,
        formulas: SheetFormulas,
        outside: Outside,
        updates: Sequence[Update],
        feedback: Feedback,
        last: int,
    ) -> None:
        self.formulas, self.outside = formulas, outside
        self.updates, self.feedback, self.last = updates, feedback, last
        self.oddities: list[str] = []

    def pairs(self, given: Sequence[CopyPair] = ()) -> list[CopyPair]:
        """All pairs, `given` ones first: each takes the place of a pair with the same target.

        Raises ModelError for a weight whose start is fed by nothing.
        """
        found = [*self._weights(given), *self._memories(), *self._norms(), *self._eve()]
        roles = {pair.target: pair.role for pair in found}
        chosen = [replace(pair, role=roles.get(pair.target, pair.role)) for pair in given]
        taken = {pair.target for pair in given}
        return [*chosen, *(pair for pair in found if pair.target not in taken)]

    def start(self, weight: int) -> CellRef | None:
        """The number cell that the first row takes a weight from."""
        return self._entry(self.outside.parts.chain.top, weight)

    def _entry(self, row: int, column: int) -> CellRef | None:
        """Follow plain references from a cell until a number is found."""
        cell: CellRef | None = self.formulas.cell(row, column)
        for _ in range(8):
            if cell is None or self.formulas.is_number(cell):
                return cell
            node = self.formulas.node(cell.row, cell.column)
            cell = None if node is None else cell_of(self.formulas, node, cell)
        return None

    def _weights(self, given: Sequence[CopyPair]) -> list[CopyPair]:
        named = self._named("weight")
        found = []
        for update in self.updates:
            start = self.start(update.link.weight)
            if start is None:
                if not given:
                    raise self._missing(update)
                continue
            source = self.formulas.cell(self.last, update.link.update)
            found.append(self._chosen("weight", start, source, named))
        return found

    def _missing(self, update: Update) -> ModelError:
        first = self.formulas.cell(self.outside.parts.chain.top, update.link.weight)
        source = self.formulas.cell(self.last, update.link.update)
        return ModelError(
            f"{first} should take its start from a cell with a number, so that an epoch can put "
            f"{source} there, and it does not; type a number in it or in a cell it refers to, or "
            f"name the pairs, such as --copy '{_short(source)}->C1'"
        )

    def _memories(self) -> list[CopyPair]:
        found = []
        top = self.outside.parts.chain.top
        for memory in self.outside.parts.memories:
            start = self._entry(top - 1, memory.column)
            if start is not None and start.row not in self.outside.parts.chain.rows:
                role = _ROLES[memory.kind]
                source = self.formulas.cell(self.last, memory.column)
                found.append(self._chosen(role, start, source, self._named(role)))
        return found

    def _norms(self) -> list[CopyPair]:
        if self.feedback.kind not in ("adagrad", "adagrad_ann"):
            return []
        found = []
        for update in self.updates:
            summary = self.outside.summary_of(self.outside.parts.gradient(update.link))
            if update.norm_cell is not None and summary is not None:
                named = self._named("norm")
                found.append(self._chosen("norm", update.norm_cell, summary, named))
        return found

    def _eve(self) -> list[CopyPair]:
        loss, divisor = self.feedback.cells.get("loss"), self.updates[0].extra_divisor
        if self.feedback.eve is None or loss is None or divisor is None:
            return []
        first, second, before = self.feedback.eve
        return [
            CopyPair("loss before that", second, first, "structure"),
            CopyPair("loss before", first, loss, "structure"),
            CopyPair("divisor", before, divisor, "structure"),
        ]

    def _named(self, role: Role) -> dict[CellRef, tuple[CellRef, str]]:
        """{target: (source, source's name)} of the lesson's names that stand for cells here."""
        found = {}
        for target_name, source_name in _NAMES[role]:
            target = self.formulas.named_area(target_name)
            source = self.formulas.named_area(source_name)
            if target is None or source is None or target.rect.size != source.rect.size:
                continue
            for one, other in zip(target.cells(), source.cells(), strict=True):
                found[one] = other, source_name
        return found

    def _chosen(
        self,
        role: Role,
        target: CellRef,
        source: CellRef,
        named: Mapping[CellRef, tuple[CellRef, str]],
    ) -> CopyPair:
        """The named source where there is one that holds a number; `source` else."""
        if target not in named:
            return CopyPair(role, target, source, "structure")
        cell, name = named[target]
        if not isinstance(self.formulas.value(cell), float):
            self.oddities.append(
                f"the name {name} stands for {cell}, which holds no number; "
                f"{source} is copied to {target} instead"
            )
            return CopyPair(role, target, source, "structure")
        if cell != source:
            self.oddities.append(self._stale(name, cell, source, target))
        return CopyPair(role, target, cell, "name")

    def _stale(self, name: str, cell: CellRef, source: CellRef, target: CellRef) -> str:
        what = "in the middle of the rows" if cell.row < self.last else "not the last result"
        if cell.row == self.last and cell.column in self.outside.parts.weights:
            what = "the last row's input, so the update of that row is lost"
        return f"the name {name} stands for {cell}, {what}; {source} would feed {target} on"


def _short(cell: CellRef) -> str:
    return str(cell.area.rect)


def given_pairs(formulas: SheetFormulas, text: str | None) -> list[CopyPair]:
    """The pairs of a text such as 'N32->C1,M32->C2' (cells or areas of equal size).

    Raises UsageError when the text is no list of pairs, or a target holds no number.
    """
    found: list[CopyPair] = []
    for part in split_list(text) if text else ():
        sides = _ARROW.split(part)
        if len(sides) != 2:
            raise UsageError(f"--copy {part!r} is no pair of cells such as N32->C1")
        try:
            source, target = (parse_area(side, formulas.sheet.name) for side in sides)
        except XlcollabError as error:
            raise UsageError(f"--copy {part!r}: {error}") from None
        if source.rect.size != target.rect.size:
            raise UsageError(f"--copy {part!r}: {source} and {target} differ in size")
        for one, other in zip(target.cells(), source.cells(), strict=True):
            if not formulas.is_number(one):
                raise UsageError(f"--copy {part!r}: {one} must hold a number to be copied over")
            found.append(CopyPair("weight", one, other, "option"))
    return found
