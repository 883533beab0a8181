"""Items that go through the same rows, one block of rows after the other.

Where a schedule fills buffers too large for the caches, an item writes to memory what the next one
reads back. A band runs all its items on a few rows before it goes on to the next: what lives only
inside stays in the cache, and parts of the rows can be left to other threads. What is summed over
rows is summed by part, and the parts are added in order, so that a result does not depend on how
many threads there were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from xlcollab.kernels.program.core.graph import Graph, Node, View
from xlcollab.kernels.program.core.schedule import LARGE_SPACE, Band, Group, Item, Schedule
from xlcollab.kernels.program.core.strides import Dims, refined, split

LARGE = 60_000
"""Numbers that the items of a schedule fill: fewer stay in the caches anyhow."""
_FEWEST_ROWS = 64
"""Fewer rows leave no parts that are worth going through one after the other."""
_ROUNDS = 4
"""Bands that are looked for in one schedule."""


def banded(graph: Graph, plan: Schedule, kept: Sequence[int], large: int = LARGE) -> Schedule:
    """The schedule with bands in it; the buffers of `kept` are read after a run."""
    given = ("variables", "constant")
    filled = sum(graph[number].size for number in plan.stored if graph[number].op not in given)
    if filled < large:
        return plan
    items = list(plan.items)
    for _ in range(_ROUNDS):
        found = max(_candidates(graph, items, plan), key=lambda one: one.work, default=None)
        if found is None or found.work < large:
            break
        items = [*found.before, Band(found.rows, tuple(found.inside)), *found.after]
    finder = _Locals(graph, plan, kept)
    items = [finder.closed(item, items) if isinstance(item, Band) else item for item in items]
    return replace(plan, items=tuple(items))


def _candidates(graph: Graph, items: Sequence[Item], plan: Schedule) -> Iterator[_Splitting]:
    counts = {rows for item in items for rows in _rows_of(graph, item)}
    for rows in sorted(counts):
        if rows >= _FEWEST_ROWS:
            splitting = _Splitting(graph, plan, rows)
            for item in items:
                splitting.take(item)
            if len(splitting.inside) > 1:
                yield splitting


def _rows_of(graph: Graph, item: Item) -> Iterator[int]:
    """Into how many rows an item could be split."""
    if isinstance(item, Group):
        size = 1
        for n in item.shape:
            size *= n
            yield size
    elif isinstance(item, int):
        node = graph[item]
        if node.op == "contract":
            yield from node.shape
        elif node.op in ("gather", "scatter", "pick", "cumulate"):
            yield node.shape[0]


@dataclass(slots=True)
class _Splitting:
    """Items before, inside and after a band of `rows` rows, taken in order."""

    graph: Graph
    plan: Schedule
    rows: int
    before: list[Item] = field(default_factory=list)
    inside: list[Group | int] = field(default_factory=list)
    after: list[Item] = field(default_factory=list)
    work: int = 0
    """How many numbers the items inside go through."""
    _by_rows: set[int] = field(default_factory=set)
    """Nodes whose rows the band fills one by one."""
    _late: set[int] = field(default_factory=set)
    """Nodes that are not complete before the band's end."""

    def take(self, item: Item) -> None:
        """Find an item its place."""
        reads = set() if isinstance(item, Band) else set(_read_by(self.graph, item))
        if isinstance(item, Band):
            for one in item.items:
                reads.update(_read_by(self.graph, one))
        depends = bool(reads & (self._by_rows | self._late))
        if not isinstance(item, Band) and not reads & self._late and self._put_inside(item):
            return
        if depends or self._adds_to_late(item):
            self.after.append(item)
            self._late |= set(_filled_by(self.plan, item))
        else:
            self.before.append(item)

    def _put_inside(self, item: Group | int) -> bool:
        made = self._split(item)
        if made is None:
            return False
        by_rows, late = made
        self.inside.append(item)
        self._by_rows |= by_rows - self._late
        self._late |= late
        self.work += work_of(self.graph, item)
        return True

    def _adds_to_late(self, item: Item) -> bool:
        return bool(set(_filled_by(self.plan, item)) & (self._late | self._by_rows))

    def _split(self, item: Group | int) -> tuple[set[int], set[int]] | None:
        """The nodes that the item fills by rows, and those complete at the end only; None where
        it cannot run by rows."""
        if isinstance(item, Group):
            return self._split_group(item)
        node = self.graph[item]
        if node.op == "contract":
            axis = contracted_rows(node, self.rows)
            if axis is None or not all(
                self._reads(view, shape, at) for view, shape, at in _factors(node, axis)
            ):
                return None
            return (set(), {item}) if axis == "k" else ({item}, set())
        return self._split_moved(item, node)

    def _split_moved(self, item: int, node: Node) -> tuple[set[int], set[int]] | None:
        operands = list(node.operands)
        if node.op in ("gather", "pick"):
            if operands.pop(0).node in self._by_rows or node.size % self.rows:
                return None
        elif node.op == "cumulate":
            if node.shape[0] != self.rows:
                return None
        elif node.op != "scatter" or node.index is None or len(node.index) % self.rows:
            return None
        for view in operands:
            size = self.graph[view.node].size
            if view.node in self._by_rows and (view.offset or size % self.rows):
                return None
        return (set(), {item}) if node.op == "scatter" else ({item}, set())

    def _split_group(self, group: Group) -> tuple[set[int], set[int]] | None:
        space = rows_first(group.shape, self.rows)
        if space is None:
            return None
        own = set(group.nodes)
        for number in group.nodes:
            node = self.graph[number]
            for view in node.operands:
                inline = view.node in own and self.graph.is_whole(view, node.shape)
                if not inline and not self._reads_along(view, node.shape, space):
                    return None
        by_rows = {n for n in group.nodes if n in self.plan.stored and n not in group.again}
        late: set[int] = set()
        for number, one in group.stores:
            source = one.source
            inline = source.node in own and self.graph.is_whole(source, one.shape)
            if not inline and not self._reads_along(source, one.shape, space):
                return None
            whole = self._is_row(number, one.offset, split(one.shape, one.strides, space), space)
            (by_rows if whole and number not in late else late).add(number)
        return by_rows - late, late

    def _reads_along(self, view: View, shape: Dims, space: Dims) -> bool:
        if view.node not in self._by_rows:
            return True
        return self._is_row(view.node, view.offset, split(shape, view.strides, space), space)

    def _reads(self, view: View, shape: Dims, axis: int | None) -> bool:
        """Whether an operand of a product is read by the rows that are there."""
        if view.node not in self._by_rows:
            return True
        if axis is None:
            return False
        order = [axis, *(i for i in range(len(shape)) if i != axis)]
        strides, space = (tuple(one[i] for i in order) for one in (view.strides, shape))
        return self._is_row(view.node, view.offset, strides, space)

    def _is_row(self, number: int, offset: int, strides: Dims, space: Dims) -> bool:
        """Whether a row of the space falls on the same row of a buffer."""
        width, rest = divmod(self.graph[number].size, self.rows)
        if rest or not strides or strides[0] != width or min(strides) < 0:
            return False
        inner = zip(space[1:], strides[1:], strict=True)
        return offset + sum((n - 1) * step for n, step in inner) < width


@dataclass(slots=True)
class _Locals:
    """Tells which buffers live inside a band only."""

    graph: Graph
    plan: Schedule
    kept: Sequence[int]

    def closed(self, band: Band, items: Sequence[Item]) -> Band:
        """The band with its local nodes and those that it sums."""
        elsewhere = set(self.kept)
        for item in items:
            if item is not band:
                for one in item.items if isinstance(item, Band) else [item]:
                    elsewhere.update(_read_by(self.graph, one))
        filled = {number for item in band.items for number in self._made(item)}
        within = {number for number in filled if self._is_local(number, band, elsewhere)}
        return replace(band, local=frozenset(within))

    def _made(self, item: Group | int) -> list[int]:
        if isinstance(item, int):
            return [item]
        return [n for n in item.nodes if n in self.plan.stored and n not in item.again]

    def _is_local(self, number: int, band: Band, elsewhere: set[int]) -> bool:
        node = self.graph[number]
        if number in elsewhere or node.size % band.rows:
            return False
        return node.op != "scatter" and not (
            node.op == "contract" and contracted_rows(node, band.rows) == "k"
        )


def rows_first(shape: Dims, rows: int) -> Dims | None:
    """A group's space with an axis of `rows` first; None where it has none."""
    size = prod(shape)
    if size % rows:
        return None
    found = refined(shape, (rows, size // rows))
    if found is None or found[0] != rows or len(found) > LARGE_SPACE:
        return None
    return found


def contracted_rows(node: Node, rows: int) -> str | None:
    """Along which axis a product goes through the rows: b, m, n or k."""
    b, m, n, k = node.shape
    if b == rows:
        return "b"
    if b > 1:
        return None
    if m == rows:
        return "m"
    if n == rows and m == 1:
        return "n"
    return "k" if k == rows else None


def _factors(node: Node, axis: str) -> list[tuple[View, Dims, int | None]]:
    """The operands of a product, their shapes, and where in them the rows are."""
    b, m, n, k = node.shape
    left, right = node.operands
    of_left = {"b": 0, "m": 1, "k": 2}.get(axis)
    of_right = {"b": 0, "n": 1, "k": 2}.get(axis)
    return [(left, (b, m, k), of_left), (right, (b, n, k), of_right)]


def _read_by(graph: Graph, item: Group | int) -> Iterator[int]:
    """The buffers that an item reads."""
    if isinstance(item, int):
        yield from (view.node for view in graph[item].operands)
        return
    own = set(item.nodes)
    for number in item.nodes:
        node = graph[number]
        for view in node.operands:
            if view.node not in own or not graph.is_whole(view, node.shape):
                yield view.node
    for _, one in item.stores:
        if one.source.node not in own or not graph.is_whole(one.source, one.shape):
            yield one.source.node


def _filled_by(plan: Schedule, item: Item) -> Iterator[int]:
    """The buffers that an item fills, or adds to."""
    if isinstance(item, Band):
        for one in item.items:
            yield from _filled_by(plan, one)
    elif isinstance(item, int):
        yield item
    else:
        yield from (number for number in item.nodes if number in plan.stored)
        yield from (number for number, _ in item.stores)


def work_of(graph: Graph, item: Group | int) -> int:
    """How many numbers an item goes through."""
    if isinstance(item, Group):
        return prod(item.shape) * (len(item.nodes) + len(item.stores))
    node = graph[item]
    return prod(node.shape) if node.op == "contract" else node.size
