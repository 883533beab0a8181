"""Chains: families that feed one another row by row (or column by column), found as such.

A filled-down column in which each row reads the row above needs itself only as a family, not cell
by cell. Where every family of a component can be worked out in one pass over the rows (or columns,
forwards or backwards), the pass is one instruction, however many rows there are; `plan.waves` cuts
the rest. Areas that grow with the row, `SUM(A$1:A9)`, are worked out by such a pass too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.formula.nodes import Axis, Reference
from xlcollab.plan.families import Family
from xlcollab.plan.regions import bounding, references_read

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a pass goes: down or up the rows, or (`across`) along the columns."""

    across: bool
    backwards: bool

    @property
    def sign(self) -> int:
        return -1 if self.backwards else 1

    def lines(self, family: Family) -> Places:
        """The rows (or columns) of the family's copies, ascending."""
        rect = family.rect
        return np.arange(rect.left, rect.right) if self.across else np.arange(rect.top, rect.bottom)

    def cross(self, family: Family) -> Places:
        """The columns (or rows) of the family's copies, ascending."""
        return Direction(not self.across, False).lines(family)

    def span(self, reference: Reference, lines: Places) -> tuple[Places, Places]:
        """The first and last row (or column) that copies in `lines` read."""
        ends = (
            (reference.left, reference.right) if self.across else (reference.top, reference.bottom)
        )
        first, last = (_at(axis, lines) for axis in ends)
        return np.minimum(first, last), np.maximum(first, last)


DIRECTIONS = tuple(
    Direction(across, backwards) for across in (False, True) for backwards in (False, True)
)


def _at(axis: Axis, lines: Places) -> Places:
    return np.full_like(lines, axis.value) if axis.absolute else lines + axis.value


@dataclass(frozen=True, slots=True)
class Pass:
    """How the families of a chain are worked out in one pass.

    `order` are their positions in the order within a step; family i works on line l at the step
    `sign · l + delays[i]`, and where `turned[i]` its cells within a step from the last to the
    first.
    """

    direction: Direction
    order: tuple[int, ...]
    delays: tuple[int, ...]
    turned: tuple[bool, ...]


_MOST = 200
"""Families that are looked at together: each is compared with each."""


def one_pass(families: Sequence[Family]) -> Pass | None:
    """A pass that works out all families of a component, each cell after those it reads; None where
    it takes more than one, or where array formulas or places that only a look-up tells are among
    them."""
    if len(families) > _MOST or any(one.array or one.step != (1, 1) for one in families):
        return None
    readings = list(_readings(families))
    for direction in DIRECTIONS:
        if all(_grows_along(family, direction) for family in families):
            found = _in_direction(families, readings, direction)
            if found is not None:
                return found
    return None


def growing(family: Family) -> Iterator[Reference]:
    """The references whose areas differ in size from copy to copy."""
    for reference in references_read(family.node):
        for first, last, count in (
            (reference.top, reference.bottom, family.rows),
            (reference.left, reference.right, family.columns),
        ):
            if first.absolute != last.absolute and count > 1:
                yield reference
                break


def _grows_along(family: Family, direction: Direction) -> bool:
    """Whether the areas that grow do so by a line a step, and not across."""
    lines, cross = direction.lines(family), direction.cross(family)
    other = Direction(not direction.across, False)
    for reference in growing(family):
        low, high = other.span(reference, cross)
        if (high - low != high[0] - low[0]).any():
            return False
        low, high = direction.span(reference, lines)
        fixed, moving = (high, low) if direction.backwards else (low, high)
        if (fixed != fixed[0]).any() or (np.diff(moving) != 1).any():
            return False
    return True


_Reading = tuple[int, int, Reference]
"""(reader, target, the reference of one that falls on cells of the other)"""


def _readings(families: Sequence[Family]) -> Iterator[_Reading]:
    for reader, family in enumerate(families):
        for reference in references_read(family.node):
            rect = bounding(reference, family)
            for target, other in enumerate(families):
                if rect and reference.sheet == other.sheet and rect.intersection(other.rect):
                    yield reader, target, reference


@dataclass(frozen=True, slots=True)
class _Edge:
    """Family `reader` reads `target` up to `ahead` lines further on (negative: behind)."""

    reader: int
    target: int
    ahead: int
    reference: Reference


def _in_direction(
    families: Sequence[Family], readings: Sequence[_Reading], direction: Direction
) -> Pass | None:
    edges = [edge for one in readings if (edge := _edge(families, one, direction))]
    delays = _delays(len(families), edges)
    if delays is None:
        return None
    together = [e for e in edges if delays[e.target] + e.ahead == delays[e.reader]]
    order = _order(len(families), {(e.reader, e.target) for e in together})
    turned = [
        _turned(family, direction, [e for e in together if e.reader == e.target == number])
        for number, family in enumerate(families)
    ]
    known = [turn for turn in turned if turn is not None]
    if order is None or len(known) < len(turned):
        return None
    return Pass(direction, tuple(order), tuple(delays), tuple(known))


def _edge(families: Sequence[Family], reading: _Reading, direction: Direction) -> _Edge | None:
    reader, target, reference = reading
    lines, own = direction.lines(families[reader]), direction.lines(families[target])
    low, high = direction.span(reference, lines)
    first, last = np.maximum(low, own[0]), np.minimum(high, own[-1])
    read = first <= last
    if not read.any():
        return None
    ahead = lines - first if direction.backwards else last - lines
    return _Edge(reader, target, int(ahead[read].max()), reference)


def _delays(count: int, edges: Sequence[_Edge]) -> list[int] | None:
    """The least delays that let each family read only what is there (Bellman and Ford); None where
    families wait for one another."""
    delays = [0] * count
    for _ in range(count + 1):
        changed = False
        for edge in edges:
            least = delays[edge.target] + edge.ahead
            if edge.reader != edge.target and least > delays[edge.reader]:
                delays[edge.reader] = least
                changed = True
            elif edge.reader == edge.target and edge.ahead > 0:
                return None
        if not changed:
            return delays
    return None


def _order(count: int, before: set[tuple[int, int]]) -> list[int] | None:
    """The families, each after those it reads in the same step; None if they cannot."""
    waiting = {(reader, target) for reader, target in before if reader != target}
    order: list[int] = []
    left = set(range(count))
    while left:
        free = sorted(left - {reader for reader, target in waiting if target in left})
        if not free:
            return None
        order += free
        left.difference_update(free)
    return order


def _turned(family: Family, direction: Direction, edges: Sequence[_Edge]) -> bool | None:
    """Whether the cells of one step are worked out from the last to the first; None where neither
    way does."""
    across = Direction(not direction.across, False)
    cross = direction.cross(family)
    ways = {False, True}
    for edge in edges:
        low, high = across.span(edge.reference, cross)
        low, high = np.maximum(low, cross[0]), np.minimum(high, cross[-1])
        read = low <= high
        if (high[read] >= cross[read]).any():
            ways.discard(False)
        if (low[read] <= cross[read]).any():
            ways.discard(True)
    return min(ways) if ways else None
