"""One side of a summary: the rows of the data grouped by their keys, level by level.

Keys are one and the same where SORT finds them equal: case does not matter, a blank is not the
empty text. They sort numbers, texts, booleans, errors, and blanks last whichever way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.operators import sort_key

Key = tuple[int, float]
"""(rank of the type, place within it)."""
Path = tuple[Key, ...]
"""The keys of a group from the first level on; () are all rows."""
_BLANK = 9
"""The rank of a blank: last."""

TOTAL, GRAND_TOTAL = "Total", "Grand Total"


@dataclass(frozen=True, slots=True)
class Order:
    """How groups are sorted: by `columns` of keys, each with whether it descends; then by the
    result `result` of each group, if there is one."""

    columns: tuple[tuple[int, bool], ...]
    result: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the data that are summed up in one line, and for each of its levels the row whose
    key is shown."""

    path: Path
    rows: tuple[int, ...]
    spelled: tuple[int, ...]


class Axis:
    """The groups of some rows by their keys.

    `keys` holds a path for each row of the data, `kept` are the rows that count. `totals` is
    `total_depth`: 0 none, 1 the grand total, 2 and more subtotals too, negative ones first; `flat`
    where keys are no hierarchy, whose rows are sorted one by one.
    Raises ArgumentIsError for more subtotals than there are levels above the last.
    """

    def __init__(
        self,
        keys: Sequence[Path],
        kept: Sequence[int],
        order: Order,
        totals: int,
        *,
        flat: bool = False,
    ) -> None:
        self.levels = len(keys[0])
        self.order, self.first = order, totals < 0
        if abs(totals) > self.levels:
            raise ArgumentIsError(ErrorCode.VALUE)
        self.shown = {*range(abs(totals)), self.levels}
        self._flat, self._hidden_too = flat, True
        self._rows: dict[Path, list[int]] = {}
        for row in kept:
            for level in range(self.levels + 1):
                self._rows.setdefault(keys[row][:level], []).append(row)
        leaves = [path for path in self._rows if len(path) == self.levels]
        self._leaves = sorted(leaves, key=self._place)

    @property
    def label(self) -> str:
        """What the line of all rows is called."""
        return GRAND_TOTAL if len(self.shown) > _WITH_GRAND_TOTAL else TOTAL

    def _place(self, path: Path) -> tuple[tuple[bool, int, float], ...]:
        found = []
        for column, descending in self.order.columns:
            rank, place = path[column]
            sign = -1 if descending else 1
            found.append((rank == _BLANK, sign * rank, sign * place))
        return tuple(found)

    def rows(self, path: Path) -> tuple[int, ...]:
        """The data rows of a group; none for one that does not exist."""
        return tuple(self._rows.get(path, ()))

    def groups(
        self, weighed: Callable[[Path], Key] | None = None, *, only_shown: bool = False
    ) -> list[Group]:
        """The lines of the summary in their order; `weighed` tells a group's result where they are
        sorted by it, `only_shown` leaves levels without a line of their own in the order of keys.
        """
        self._hidden_too = not only_shown
        if self._flat:
            total = [self._group(())] if 0 in self.shown else []
            lines = self._sorted(self._leaves, weighed)
            every = [self._group(path) for path in lines]
            return total + every if self.first else every + total
        return self._below((), self._leaves, weighed)

    def _below(
        self, path: Path, leaves: Sequence[Path], weighed: Callable[[Path], Key] | None
    ) -> list[Group]:
        level = len(path)
        if level == self.levels:
            return [self._group(path)]
        children: dict[Path, list[Path]] = {}
        for leaf in leaves:
            children.setdefault(leaf[: level + 1], []).append(leaf)
        lines = [
            line
            for child in self._sorted(list(children), weighed)
            for line in self._below(child, children[child], weighed)
        ]
        own = [self._group(path)] if level in self.shown else []
        return own + lines if self.first else lines + own

    def _sorted(
        self, paths: Sequence[Path], weighed: Callable[[Path], Key] | None
    ) -> Sequence[Path]:
        if weighed is None or not (self._hidden_too or len(paths[0]) in self.shown):
            return paths
        sign = -1 if self.order.descending else 1

        def place(path: Path) -> tuple[bool, int, float]:
            rank, value = weighed(path)
            return rank == _BLANK, sign * rank, sign * value

        return sorted(paths, key=place)

    def _group(self, path: Path) -> Group:
        """The spelling of a key is that of the first row of the first leaf below it."""
        spelled = []
        for level in range(1, len(path) + 1):
            leaf = next(leaf for leaf in self._leaves if leaf[:level] == path[:level])
            spelled.append(self._rows[leaf][0])
        return Group(path, self.rows(path), tuple(spelled))


_WITH_GRAND_TOTAL = 2
"""Levels shown beside which the last line is the grand total: all rows, and the single groups."""


def paths(context: Context, block: Block) -> list[Path]:
    """The path of each row of a block of keys, shape (1, 1, rows, levels)."""
    rank, place = sort_key(context, block)
    blank = block.mask(Kind.BLANK).expand(block.shape)
    ranks = rank.expand(block.shape).masked_fill(blank, _BLANK)[0, 0].tolist()
    places = place.detach().expand(block.shape).masked_fill(blank, 0.0)[0, 0].tolist()
    return [tuple(zip(r, p, strict=True)) for r, p in zip(ranks, places, strict=True)]
