"""Families that feed one another cell by cell, cut into waves that do not.

A filled-down column in which each row reads the row above is one family that needs itself. Cut
into waves (all cells whose inputs are done, then the next), it is evaluated row by row, and
columns that step together stay together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.plan.components import find_cycle
from xlcollab.plan.families import Family
from xlcollab.plan.rectangles import cover
from xlcollab.plan.regions import references_read
from xlcollab.ref import CellRef, Rect


def waves(families: Sequence[Family]) -> tuple[list[Family], list[Family], list[CellRef]]:
    """(ordered, stuck, cycle) for the families of one component.

    `ordered` are their pieces, each after those it reads. `stuck` are the pieces that depend on a
    true cycle, and `cycle` the cells of one; both are empty in a sound sheet.
    """
    copies = _Copies(families)
    needs = copies.edges()
    levels = _levels(needs, len(copies.place))
    ordered = [families[i].part(rect) for level in levels for i, rect in copies.pieces(level)]
    rest = set(range(len(copies.place))).difference(*levels)
    stuck = [families[i].part(rect) for i, rect in copies.pieces(sorted(rest))]
    cycle = [copies.reference(i) for i in find_cycle(needs, rest)] if rest else []
    return ordered, stuck, cycle


class _Copies:
    """Every single copy of the formulas of some families, numbered."""

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = families
        self.place: list[tuple[int, int, int]] = []
        self._number: dict[tuple[str, int, int], int] = {}
        for index, family in enumerate(families):
            height, width = family.step
            for row in range(family.rect.top, family.rect.bottom, height):
                for column in range(family.rect.left, family.rect.right, width):
                    number = len(self.place)
                    self.place.append((index, row, column))
                    for r, c in Rect(row, column, height, width).cells():
                        self._number[family.sheet, r, c] = number

    def reference(self, number: int) -> CellRef:
        index, row, column = self.place[number]
        return CellRef(self.families[index].sheet, row, column)

    def edges(self) -> list[list[int]]:
        """Per copy, the copies it reads."""
        extents = self._extents()
        return [self._reads(number, extents) for number in range(len(self.place))]

    def _extents(self) -> dict[str, Rect]:
        extents: dict[str, Rect] = {}
        for family in self.families:
            known = extents.get(family.sheet, family.rect)
            extents[family.sheet] = known.union(family.rect)
        return extents

    def _reads(self, number: int, extents: dict[str, Rect]) -> list[int]:
        index, row, column = self.place[number]
        found: set[int] = set()
        for reference in references_read(self.families[index].node):
            sheet = reference.sheet or ""
            rect = _corners(
                (reference.top.at(row), reference.left.at(column)),
                (reference.bottom.at(row), reference.right.at(column)),
            )
            inside = rect.intersection(extents[sheet]) if sheet in extents else None
            for r, c in inside.cells() if inside else ():
                other = self._number.get((sheet, r, c))
                if other is not None:
                    found.add(other)
        return sorted(found)

    def pieces(self, level: list[int]) -> list[tuple[int, Rect]]:
        """(family, Rect) of the copies in one wave."""
        by_family: dict[int, list[tuple[int, int]]] = {}
        for number in level:
            index, row, column = self.place[number]
            by_family.setdefault(index, []).append((row, column))
        return [
            (index, rect)
            for index, corners in by_family.items()
            for rect in self._rects(index, corners)
        ]

    def _rects(self, index: int, corners: list[tuple[int, int]]) -> list[Rect]:
        height, width = self.families[index].step
        if (height, width) == (1, 1):
            return cover(corners)
        return [Rect(row, column, height, width) for row, column in corners]


def _corners(first: tuple[int, int], last: tuple[int, int]) -> Rect:
    top, left = min(first[0], last[0]), min(first[1], last[1])
    return Rect(top, left, abs(first[0] - last[0]) + 1, abs(first[1] - last[1]) + 1)


def _levels(needs: list[list[int]], count: int) -> list[list[int]]:
    """Kahn's algorithm: the copies that can be evaluated together, wave after wave."""
    missing: NDArray[np.int64] = np.array([len(n) for n in needs])
    users: list[list[int]] = [[] for _ in range(count)]
    for number, wanted in enumerate(needs):
        for target in wanted:
            users[target].append(number)
    wave = np.flatnonzero(missing == 0).tolist()
    result = []
    while wave:
        result.append(wave)
        following = []
        for number in wave:
            for user in users[number]:
                missing[user] -= 1
                if missing[user] == 0:
                    following.append(user)
        wave = sorted(following)
    return result
