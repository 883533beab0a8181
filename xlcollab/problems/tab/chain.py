"""Finding the chain: rows in which each weight reads the update that the row above made of it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from xlcollab.formula.nodes import Reference
from xlcollab.grid import Sheet
from xlcollab.problems.tab.formulas import Beside, SheetFormulas, place

_BARE_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+\Z")


@dataclass(frozen=True, slots=True)
class Link:
    """A weight's column and the column that holds its update."""

    weight: int
    update: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows `top` … `bottom` (inclusive): below `top`, each weight reads the update above it."""

    top: int
    bottom: int
    links: tuple[Link, ...]

    @property
    def rows(self) -> range:
        return range(self.top, self.bottom + 1)


def may_hold_chain(sheet: Sheet) -> bool:
    """A quick look: a chain needs formulas that are nothing but the address of a cell."""
    return any(_BARE_CELL.match(text.strip()) for text in sheet.formulas.texts)


def find_chain(formulas: SheetFormulas) -> Chain | None:
    """The longest chain of the sheet with the most weights; None without one."""
    chains = _chains(formulas)
    return max(chains, key=lambda one: (len(one.links), len(one.rows)), default=None)


def _chains(formulas: SheetFormulas) -> list[Chain]:
    """Chains by their rows: links over the same rows belong together."""
    links: dict[tuple[int, int], list[Link]] = defaultdict(list)
    for link, rows in _linked_rows(formulas).items():
        for top, bottom in _runs(rows):
            if _is_link(formulas, link, range(top, bottom + 1)):
                links[top - 1, bottom].append(link)
    return [
        Chain(top, bottom, tuple(sorted(found, key=lambda one: one.weight)))
        for (top, bottom), found in links.items()
    ]


def _linked_rows(formulas: SheetFormulas) -> dict[Link, list[int]]:
    """The rows in which a column reads nothing but the row above in another column."""
    rows: dict[Link, list[int]] = defaultdict(list)
    for row, column in formulas.keys:
        node = formulas.node(row, column)
        above = place(node, column) if isinstance(node, Reference) else None
        if isinstance(above, Beside) and above.offset == -1 and above.column != column:
            rows[Link(column, above.column)].append(row)
    return rows


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """(first, last) of runs; one strange row in the middle of a column does not end its run."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and row - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def _is_link(formulas: SheetFormulas, link: Link, rows: range) -> bool:
    """Whether the update reads the weight of its own row."""
    update = formulas.column(link.update, rows)
    return update is not None and link.weight in update.reads()
