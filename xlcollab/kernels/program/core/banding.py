"""A band's rows, and the tables by which the machine moves them from block to block.

Every row of a band is written for its first block. To run another one, the places that stand in it
are set anew, and so are the lengths that count rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.bands import contracted_rows, rows_first, work_of
from xlcollab.kernels.program.core.codes import (
    BAND,
    CODE_WIDTH,
    CONTRACT,
    CUMULATE,
    FIRST_OP,
    GATHER,
    JOIN_WIDTH,
    LINE,
    LOCAL,
    MICRO_WIDTH,
    MODES,
    OWN,
    PICK,
    REF_WIDTH,
    SCATTER,
    SIZE_WIDTH,
    SUMMED,
    lined,
)
from xlcollab.kernels.program.core.graph import Graph, Placed
from xlcollab.kernels.program.core.schedule import LARGE_SPACE, Band, Group
from xlcollab.kernels.program.core.strides import split

Whole = NDArray[np.int64]

_BLOCK = 8192
"""Numbers that a block fills or goes through side by side: with what is read besides, they stay in
the second cache."""
_PARTS = 16
"""Most parts of a band: no more threads can share it."""

Ref = tuple[int, int, int, int, int]
"""(0 for `code`, 1 for `micro`; the place's number there; place; step of a row; space)"""


@dataclass(slots=True)
class Tables:
    """The tables of all bands of a program, and the spaces that they need."""

    refs: list[Ref] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    joins: list[tuple[int, int, int, int]] = field(default_factory=list)
    local: int = 0
    """Numbers of a thread's own space."""
    sums: int = 0
    """Numbers of all parts' sums."""

    def refs_at(self, code: int, micro: int) -> Whole:
        """The references, by where `code` and `micro` begin; (k, REF_WIDTH)."""
        rows = [(at + (micro if table else code), *rest) for table, at, *rest in self.refs]
        return np.array(rows, np.int64).reshape(-1, REF_WIDTH)

    def sizes_at(self, code: int) -> Whole:
        """The lengths, by where `code` begins; (k, SIZE_WIDTH)."""
        rows = [(at + code, unit) for at, unit in self.sizes]
        return np.array(rows, np.int64).reshape(-1, SIZE_WIDTH)

    def joins_table(self) -> Whole:
        """(k, JOIN_WIDTH)"""
        return np.array(self.joins, np.int64).reshape(-1, JOIN_WIDTH)


class Encoder(Protocol):
    """Who writes a program's rows."""

    graph: Graph
    offsets: dict[int, int]
    micro: list[list[int]]

    def row(self, item: Group | int) -> list[int]:
        """The row of `code` of an item."""
        ...

    def overwritten(self, number: int) -> bool:
        """Whether the parts of a `place` cover it without touching one another."""
        ...


class BandWriter:
    """Writes one band."""

    def __init__(self, encoder: Encoder, band: Band) -> None:
        self.rows = band.rows
        self._encoder, self._band = encoder, band
        self.summed = self._summed()
        self._local: dict[int, int] = {}
        widths = {number: encoder.graph[number].size // band.rows for number in band.local}
        self._block = self._rows_of_a_block(widths)
        size = 0
        for number, width in sorted(widths.items()):
            self._local[number] = size
            size += lined(width * self._block)
        self.size = size

    def _rows_of_a_block(self, widths: dict[int, int]) -> int:
        widest = max([1, *widths.values()])
        for item in self._band.items:
            if isinstance(item, Group):
                widest = max(widest, prod(item.shape) // self.rows)
        return min(self.rows, max(LINE, _BLOCK // widest // LINE * LINE))

    def _summed(self) -> dict[int, int]:
        """The nodes that rows add to, and where each lies among a part's sums."""
        found: dict[int, int] = {}
        size, graph = 0, self._encoder.graph
        for item in self._band.items:
            for number in self._sums_of(item):
                if number not in found:
                    found[number] = size
                    size += lined(graph[number].size)
        self._sums = size
        return found

    def _sums_of(self, item: Group | int) -> list[int]:
        graph = self._encoder.graph
        if isinstance(item, int):
            node = graph[item]
            by_k = node.op == "contract" and contracted_rows(node, self.rows) == "k"
            return [item] if by_k or node.op == "scatter" else []
        return [
            number
            for number, one in item.stores
            if not self._encoder.overwritten(number) and not self._is_apart(item, number, one)
        ]

    def _is_apart(self, group: Group, number: int, one: Placed) -> bool:
        """Whether different rows fall on different places."""
        space = rows_first(group.shape, self.rows)
        assert space is not None
        steps = split(one.shape, one.strides, space)
        width, rest = divmod(self._encoder.graph[number].size, self.rows)
        inner = sum((n - 1) * step for n, step in zip(space[1:], steps[1:], strict=True))
        return not rest and steps[0] == width and one.offset + inner < width

    def place(self, number: int) -> int | None:
        """Where a node lies within the band, with its space; None where it lies as elsewhere."""
        if number in self._local:
            return LOCAL + self._local[number]
        return SUMMED + self.summed[number] if number in self.summed else None

    def written(self, tables: Tables, inner: list[list[int]], first: int) -> list[int]:
        """The band's own row. Those of its items, the first of which is row `first` of `code` if
        `inner` is empty, are added to `inner`."""
        begin = first + len(inner)
        tops = [len(tables.refs), len(tables.sizes), len(tables.joins)]
        for item in self._band.items:
            start = len(self._encoder.micro)
            row = self._encoder.row(item)
            self._moving(tables, item, row, (first + len(inner)) * CODE_WIDTH, start)
            inner.append([*row])
        graph, offsets = self._encoder.graph, self._encoder.offsets
        for number, at in self.summed.items():
            node = graph[number]
            mode = MODES[node.mode if node.op == "place" else "add"]
            tables.joins.append((offsets[number], node.size, mode, at))
        parts = self._parts()
        tables.local = max(tables.local, self.size)
        tables.sums = max(tables.sums, self._sums * parts)
        ends = [len(tables.refs), len(tables.sizes), len(tables.joins)]
        bounds = [n for pair in zip(tops, ends, strict=True) for n in pair]
        each = -(-self.rows // parts)
        each = -(-each // LINE) * LINE
        last, work = first + len(inner), self._work()
        return [BAND, self.rows, self._block, each, begin, last, *bounds, self._sums, work]

    def _work(self) -> int:
        """How many numbers the band goes through."""
        return sum(work_of(self._encoder.graph, item) for item in self._band.items)

    def _parts(self) -> int:
        """Into how many parts the rows are cut: few where adding up their sums would cost."""
        worth = self._work() // (4 * max(1, self._sums))
        return max(1, min(_PARTS, worth, self.rows // self._block))

    def _moving(
        self, tables: Tables, item: Group | int, row: list[int], at: int, micro: int
    ) -> None:
        """What of an item's rows changes from block to block; their places lose their space."""
        if isinstance(item, Group):
            self._moving_group(tables, row, at, micro)
            return
        node = self._encoder.graph[item]
        if row[0] == CONTRACT:
            axis = contracted_rows(node, self.rows)
            assert axis is not None
            of_size, steps = _PRODUCT[axis](row)
            row[14] = int(axis == "k")
            tables.sizes.append((at + of_size, 1))
        else:
            unit = row[1] // self.rows
            steps = _moved_steps(row, unit)
            tables.sizes.append((at + 1, unit))
            if row[0] == SCATTER:
                row[5] = 0
        for column, step in steps.items():
            index = row[0] in (GATHER, SCATTER) and column == 4
            tables.refs.append(_reference(0, at + column, row, column, step, held=index))

    def _moving_group(self, tables: Tables, row: list[int], at: int, start: int) -> None:
        dims = row[1 : 1 + LARGE_SPACE]
        axis = next(i for i, n in enumerate(dims) if n > 1)
        unit = dims[axis] // self.rows
        tables.sizes.append((at + 1 + axis, unit))
        for number in range(start, len(self._encoder.micro)):
            step = self._encoder.micro[number]
            if step[0] < FIRST_OP or step[9] == 1:
                lead = step[6 + axis] * unit
                tables.refs.append(_reference(1, number * MICRO_WIDTH + 5, step, 5, lead))


_PRODUCT: Mapping[str, Callable[[Sequence[int]], tuple[int, dict[int, int]]]] = {
    "b": lambda row: (1, {5: row[2] * row[3], 6: row[7], 10: row[11]}),
    "m": lambda row: (2, {5: row[3], 6: row[8], 10: 0}),
    "n": lambda row: (3, {5: 1, 6: 0, 10: row[12]}),
    "k": lambda row: (4, {5: 0, 6: row[9], 10: row[13]}),
}
"""Of a product: which length counts the rows, and how much each row moves result and operands."""


def _moved_steps(row: Sequence[int], unit: int) -> dict[int, int]:
    """By how much each row moves the places of what gathers, scatters or cumulates."""
    kind = row[0]
    if kind == GATHER:
        return {2: unit * row[6], 3: 0, 4: unit}
    if kind == SCATTER:
        return {2: 0, 3: unit * row[6], 4: unit}
    if kind == PICK:
        return {2: unit, 3: 0, 4: unit}
    assert kind == CUMULATE
    return {3: row[2], 4: row[2]}


def _reference(
    table: int, where: int, row: list[int], column: int, step: int, *, held: bool = False
) -> Ref:
    """A place that moves; in the row it loses the space, which is told apart."""
    place = row[column]
    space = 0 if held else place // LOCAL
    row[column] = place & OWN
    return (table, where, row[column], 0 if space == 1 else step, space)
