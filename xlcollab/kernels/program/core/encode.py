"""A schedule as numbers: where each buffer lies in the arena, and the rows the machine reads.

`code` has one row per item, `micro` the steps of the groups, tile by tile; see `machine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.banding import BandWriter, Tables
from xlcollab.kernels.program.core.codes import (
    ADD,
    CODE_WIDTH,
    CONTRACT,
    CUMULATE,
    DROP,
    EMPTY,
    FIRST_OP,
    GATHER,
    GROUP,
    LINE,
    LOAD,
    MICRO_WIDTH,
    MODES,
    ORDER,
    PICK,
    ROUTINE,
    SCATTER,
    SEARCH,
    SPREAD,
    STORE,
    lined,
)
from xlcollab.kernels.program.core.graph import Graph, Node, NotLoweredError, Placed, View
from xlcollab.kernels.program.core.ops import OPS
from xlcollab.kernels.program.core.schedule import LARGE_SPACE, Band, Group, Schedule
from xlcollab.kernels.program.core.strides import Dims, merged, refined, row_major, split

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A program as the machine reads it. `offsets` says where a node's buffer lies."""

    code: Whole
    micro: Whole
    index: Whole
    arena: NDArray[np.float64]
    cleared: Whole
    """(k, 2): areas of the arena to be filled before a run, and in `fills` with what."""
    fills: NDArray[np.float64]
    registers: int
    offsets: dict[int, int]
    main: int
    """Rows of `code` that are run in order; those behind them belong to bands."""
    bands: Tables


def encode(graph: Graph, plan: Schedule) -> Encoded:
    """The rows and the arena. Raises NotLoweredError for a space of too many axes."""
    return _Encoder(graph, plan).encoded()


@dataclass(slots=True)
class _Encoder:
    graph: Graph
    plan: Schedule
    offsets: dict[int, int] = field(default_factory=dict)
    size: int = 0
    micro: list[list[int]] = field(default_factory=list)
    index: list[Whole] = field(default_factory=list)
    indexed: int = 0
    registers: int = 1
    inside: BandWriter | None = None
    """What writes the band whose items are being written."""
    _covered: dict[int, bool] = field(default_factory=dict)

    def encoded(self) -> Encoded:
        bands = {
            i: BandWriter(self, band)
            for i, band in enumerate(self.plan.items)
            if isinstance(band, Band)
        }
        cleared, fills = self._lay_out({n for band in bands.values() for n in band.summed})
        tables = Tables()
        main: list[list[int]] = []
        inner: list[list[int]] = []
        for at, item in enumerate(self.plan.items):
            if isinstance(item, Band):
                self.inside = bands[at]
                main.append(self.inside.written(tables, inner, len(self.plan.items)))
                self.inside = None
            else:
                main.append(self.row(item))
        arena = np.zeros(self.size)
        for number, offset in self.offsets.items():
            node = self.graph[number]
            if node.op == "constant":
                assert node.data is not None
                arena[offset : offset + node.size] = node.data
        return Encoded(
            code=_table([*main, *inner], CODE_WIDTH),
            micro=_table(self.micro, MICRO_WIDTH),
            index=np.concatenate([*self.index, np.zeros(1, np.int64)]),
            arena=arena,
            cleared=_table(cleared, 2),
            fills=np.array(fills, np.float64),
            registers=self.registers,
            offsets=self.offsets,
            main=len(main),
            bands=tables,
        )

    def _lay_out(self, summed: set[int]) -> tuple[list[list[int]], list[float]]:
        """Gives every stored node its area; those that are added into lie side by side."""
        cleared: list[list[int]] = []
        fills: list[float] = []
        local = {n for band in self.plan.items if isinstance(band, Band) for n in band.local}
        stored = sorted(self.plan.stored - local)
        modes = {number: self.graph[number].mode for number in stored}
        for number in sorted(stored, key=lambda number: (modes[number], number)):
            node, end = self.graph[number], self.size
            self.size = lined(end) if node.size >= LINE else end
            self.offsets[number] = self.size
            if number in summed or (node.op == "place" and not self.overwritten(number)):
                empty = EMPTY[node.mode or "add"] if node.op == "place" else 0.0
                last = cleared[-1] if cleared else [0, -1]
                if fills and fills[-1] == empty and sum(last) == end:
                    last[1] = self.size + node.size - last[0]
                else:
                    cleared.append([self.size, node.size])
                    fills.append(empty)
            self.size += node.size
        return cleared, fills

    def place(self, number: int) -> int:
        """Where a node's buffer begins."""
        own = None if self.inside is None else self.inside.place(number)
        return self.offsets[number] if own is None else own

    def row(self, item: Group | int) -> list[int]:
        """The row of `code` of an item; the steps of a group go to `micro`."""
        if isinstance(item, Group):
            return self._group(item)
        return self._instruction(item, self.graph[item])

    def overwritten(self, number: int) -> bool:
        """Whether the parts of a `place` cover it without touching one another."""
        if number not in self._covered:
            self._covered[number] = _is_covered(self.graph[number])
        return self._covered[number]

    def _instruction(self, number: int, node: Node) -> list[int]:
        places = [self.place(view.node) + view.offset for view in node.operands]
        out = self.place(number)
        if node.op == "contract":
            a, c = node.operands
            row = [CONTRACT, *node.shape, out, places[0], *a.strides, places[1], *c.strides, 0]
        elif node.op in ("gather", "scatter"):
            assert node.index is not None
            kind = GATHER if node.op == "gather" else SCATTER
            width = side_by_side(node.index, 1 if self.inside is None else self.inside.rows)
            firsts = node.index[::width]
            row = [kind, len(firsts), out, places[0], self._pool(firsts), node.size, width]
        elif node.op in ("pick", "drop"):
            source, index = node.operands
            count, size = self.graph[index.node].size, self.graph[source.node].size
            kind, most = (PICK, size) if node.op == "pick" else (DROP, node.size)
            row = [kind, count, out, places[0], places[1], most]
        elif node.op == "order":
            row = [ORDER, *node.shape, out, places[0], int(node.mode == "falling")]
        elif node.op == "search":
            row = [SEARCH, *node.shape, out, *places, int(node.mode == "upto")]
        elif node.routine is not None:
            table, (first, *second) = self._pool(node.routine.table), places
            row = [ROUTINE, out, first, *(second or [first]), table, node.routine.address]
        else:
            row = [CUMULATE, *node.shape, out, places[0], int(node.mode == "back")]
        return row

    def _pool(self, index: Whole) -> int:
        at = self.indexed
        self.index.append(index)
        self.indexed += len(index)
        return at

    def _group(self, group: Group) -> list[int]:
        writer = _GroupWriter(self, group)
        rows, shape, registers = writer.written()
        first = len(self.micro)
        self.micro.extend(rows)
        self.registers = max(self.registers, registers)
        padded = (1,) * (LARGE_SPACE - len(shape)) + shape
        return [GROUP, *padded, first, len(self.micro)]


def side_by_side(index: Whole, rows: int = 1) -> int:
    """How many places follow one another everywhere: a row that is looked up whole. So many are
    within each of `rows` equal parts."""
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    return int(np.gcd.reduce(breaks, initial=max(len(index) // rows, 1)))


def _is_covered(node: Node) -> bool:
    if node.mode != "add" or sum(int(np.prod(one.shape)) for one in node.placed) != node.size:
        return False
    seen = np.zeros(node.size, np.bool_)
    for one in node.placed:
        places = np.full(one.shape, one.offset, np.int64)
        for axis, (size, step) in enumerate(zip(one.shape, one.strides, strict=True)):
            along = [1] * len(one.shape)
            along[axis] = size
            places = places + (np.arange(size) * step).reshape(along)
        seen[places.reshape(-1)] = True
    return bool(seen.all())


class _GroupWriter:
    """The micro steps of one group: [step, register, a, b, c, place, four strides]."""

    def __init__(self, encoder: _Encoder, group: Group) -> None:
        self._encoder, self._group = encoder, group
        self._graph = encoder.graph
        self._steps: list[tuple[int, int, tuple[int, ...], int, Dims]] = []
        self._held: dict[object, int] = {}
        self._values = 0

    def written(self) -> tuple[list[list[int]], Dims, int]:
        """The rows, the space with its axes joined, and how many registers they use."""
        for number in self._used():
            self._map(number)
        for number, one in self._group.stores:
            self._store(number, one)
        moves = [i for i, step in enumerate(self._steps) if step[0] < FIRST_OP]
        shape, strides = merged(self._group.shape, *(self._steps[i][4] for i in moves))
        if len(shape) > LARGE_SPACE:
            raise NotLoweredError("a space of too many axes")
        spaced = dict(zip(moves, strides, strict=True))
        return (*_registered(self._steps, spaced, shape),)

    def _used(self) -> list[int]:
        """The nodes that the group stores, adds or needs for that, each after its operands."""
        group, graph = self._group, self._graph
        wanted = {one.source.node for _, one in group.stores}
        kept = self._encoder.plan.stored
        wanted |= {n for n in group.nodes if n in kept and n not in group.again}
        for number in sorted(group.nodes, reverse=True):
            if number in wanted:
                wanted.update(view.node for view in graph[number].operands)
        return sorted(wanted & set(group.nodes))

    def _map(self, number: int) -> None:
        node = self._graph[number]
        operands = tuple(self._read(view, node.shape) for view in node.operands)
        value = self._new(FIRST_OP + OPS[node.op].code, operands)
        self._held[number] = value
        if number in self._encoder.plan.stored and number not in self._group.again:
            strides = self._spaced(node.shape, row_major(node.shape))
            self._steps.append((STORE, -1, (value,), self._encoder.place(number), strides))

    def _new(self, step: int, operands: tuple[int, ...], place: int = 0, strides: Dims = ()) -> int:
        self._values += 1
        self._steps.append((step, self._values - 1, operands, place, strides))
        return self._values - 1

    def _spaced(self, shape: Dims, strides: Dims) -> Dims:
        """Strides along the group's space."""
        if refined(shape, self._group.shape) != self._group.shape:
            raise NotLoweredError("spaces that do not nest")
        return split(shape, strides, self._group.shape)

    def _read(self, view: View, shape: Dims) -> int:
        """The value that holds what a view sees."""
        if view.node in self._held and self._graph.is_whole(view, shape):
            return self._held[view.node]
        strides = self._spaced(shape, view.strides)
        place = self._encoder.place(view.node) + view.offset
        key = (place, strides)
        if key not in self._held:
            step = LOAD if any(strides) else SPREAD
            self._held[key] = self._new(step, (), place, strides)
        return self._held[key]

    def _store(self, number: int, one: Placed) -> None:
        value = self._read(one.source, one.shape)
        node = self._graph[number]
        place = self._encoder.place(number) + one.offset
        step = MODES[node.mode]
        if step == ADD and self._encoder.overwritten(number):
            step = STORE
        strides = self._spaced(one.shape, one.strides)
        self._steps.append((step, -1, (value,), place, strides))


def _registered(
    steps: Sequence[tuple[int, int, tuple[int, ...], int, Dims]],
    spaced: dict[int, Dims],
    shape: Dims,
) -> tuple[list[list[int]], Dims, int]:
    """Values become registers that are used again; spread numbers keep theirs.

    An operation's result never takes the register of one of its operands: the machine's loops
    are quicker where the two do not overlap. A result that is to be stored in order is written to
    its place at once, which then is its register.
    """
    at_once = _written_at_once(steps, spaced, shape)
    spread = {step[1] for step in steps if step[0] == SPREAD}
    done = set(at_once.values())
    last = {value: at for at, step in enumerate(steps) if at not in done for value in step[2]}
    free: list[int] = []
    register: dict[int, int] = {}
    count = 0
    rows: list[list[int]] = []
    first_rows: list[list[int]] = []
    for at, (step, value, operands, place, _) in enumerate(steps):
        if at in done:
            continue
        own = -1
        if value >= 0:
            if step != SPREAD and free:
                own = free.pop()
            else:
                own, count = count, count + 1
            register[value] = own
        used = [register[operand] for operand in operands]
        home = at_once.get(value, at)
        place, padded = steps[home][3], _padded(spaced.get(home, ()))
        row = [step, own if value >= 0 else used[0], *_three(used), place, *padded]
        (first_rows if step == SPREAD else rows).append(row)
        for operand in set(operands):
            if last[operand] == at and operand not in spread:
                free.append(register[operand])
        if value >= 0 and value not in last and step != SPREAD:
            free.append(own)
    return first_rows + rows, shape, count


def _written_at_once(
    steps: Sequence[tuple[int, int, tuple[int, ...], int, Dims]],
    spaced: dict[int, Dims],
    shape: Dims,
) -> dict[int, int]:
    """By operations' results the step that stores each in the order in which it is made."""
    made = {step[1] for step in steps if step[0] >= FIRST_OP}
    found: dict[int, int] = {}
    *_, rows, inner = (1,) * LARGE_SPACE + tuple(shape)
    for at, (step, _, operands, _, _) in enumerate(steps):
        if step != STORE or operands[0] not in made or operands[0] in found:
            continue
        *_, by_row, along = _padded(spaced[at])
        if along == 1 and (rows == 1 or by_row == inner):
            found[operands[0]] = at
    return found


def _padded(strides: Dims) -> Dims:
    return (0,) * (LARGE_SPACE - len(strides)) + tuple(strides)


def _three(used: Sequence[int]) -> list[int]:
    return [*used, 0, 0, 0][:3]


def _table(rows: Sequence[Sequence[int]], width: int) -> Whole:
    table = np.zeros((len(rows), width), np.int64)
    for at, row in enumerate(rows):
        table[at, : len(row)] = row
    return table
