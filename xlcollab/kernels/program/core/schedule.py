"""From a graph to items in order: groups of elementwise nodes that run tile by tile, and the rest.

Elementwise nodes over spaces of one size and order share a group as far as their operands allow,
and so do the additions into `place` nodes that read them: what lives only inside a group never
reaches memory, and a chain ends in its reduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.ops import OPS
from xlcollab.kernels.program.core.strides import Dims, refined

LARGE_SPACE = 4
"""The most axes a group may have in the machine."""


@dataclass(slots=True)
class Group:
    """Elementwise nodes over one space, and what is added into `place` nodes from there."""

    shape: Dims
    nodes: list[int] = field(default_factory=list)
    stores: list[tuple[int, Placed]] = field(default_factory=list)
    """(place node, what falls where)"""
    again: set[int] = field(default_factory=set)
    """Those of `nodes` that an earlier group has computed already: cheaper than to remember."""


_CHEAP = """
    copy neg abs sign sq add sub mul div divn max min eq ne lt le where not finite
"""
DEAR = frozenset(OPS) - frozenset(_CHEAP.split())
"""Operations that cost more than to write a number and read it again."""
_QUOTIENTS = frozenset({"div", "divn"})
"""As dear as a dozen cheap ones: made again only where remembering means going to memory."""
_LARGE = 100_000
"""Numbers from which on a buffer leaves the caches."""
_MOST_STEPS = {False: 2, True: 9}
"""Steps that are made once more rather than write a buffer and read it, by whether it is large."""


def _is_dear(node: Node) -> bool:
    return node.op in DEAR or (node.op in _QUOTIENTS and node.size < _LARGE)


@dataclass(frozen=True, slots=True)
class Band:
    """Items that run on a block of rows before they go on to the next; see `bands`."""

    rows: int
    items: tuple[Group | int, ...]
    local: frozenset[int] = frozenset()
    """Nodes of which no more than a block is ever in memory."""


Item = Group | int | Band
"""A group, the number of a node that is an instruction of its own, or a band of these."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Items in order, and the nodes whose buffers are needed in memory."""

    items: tuple[Item, ...]
    stored: frozenset[int]


def needed(graph: Graph, outputs: Sequence[int]) -> list[int]:
    """The nodes that the outputs depend on, in order: dead code is left out."""
    wanted = set(outputs)
    for number in range(max(wanted, default=0), -1, -1):
        if number in wanted:
            wanted.update(view.node for view in graph[number].read())
    return sorted(wanted)


def schedule(graph: Graph, outputs: Sequence[int]) -> Schedule:
    """What to run, in order, for the buffers of `outputs`."""
    planner = _Planner(graph)
    for number in needed(graph, outputs):
        planner.take(number)
    return Schedule(tuple(planner.items), frozenset(planner.stored | set(outputs)))


@dataclass(slots=True)
class _Planner:
    graph: Graph
    items: list[Item] = field(default_factory=list)
    stored: set[int] = field(default_factory=set)
    _home: dict[int, int] = field(default_factory=dict)
    """The item in which an elementwise node is computed."""
    _ready: dict[int, int] = field(default_factory=dict)
    """The first item that may read a node's buffer."""

    def take(self, number: int) -> None:
        """Find a node its place."""
        node = self.graph[number]
        if node.op in ("variables", "constant"):
            self._ready[number] = 0
        elif node.is_map:
            self._take_map(number, node)
        elif node.op == "place":
            self._ready[number] = max(
                (self._add(number, one) + 1 for one in node.placed), default=0
            )
        else:
            self.stored.update(view.node for view in node.operands)
            self.items.append(number)
            self._ready[number] = len(self.items)

    def _inline(self, view: View, shape: Dims) -> int | None:
        """The group in which a view's node can be read without going through memory."""
        if view.node in self._home and self.graph.is_whole(view, shape):
            return self._home[view.node]
        return None

    def _take_map(self, number: int, node: Node) -> None:
        first = max((self._first(view, node.shape) for view in node.operands), default=0)
        at = self._group(first, node.shape)
        group = self.items[at]
        assert isinstance(group, Group)
        for view in node.operands:
            if self._inline(view, node.shape) != at and not self._recomputed(view, node.shape, at):
                self.stored.add(view.node)
        group.nodes.append(number)
        self._home[number] = at
        self._ready[number] = at + 1

    def _recomputed(self, view: View, shape: Dims, at: int) -> bool:
        """Whether the group at `at` computes a node once more, and takes it in if so."""
        group = self.items[at]
        assert isinstance(group, Group)
        if self._inline(view, shape) is None:
            return False
        if view.node in group.again:
            return True
        most = _MOST_STEPS[self.graph[view.node].size >= _LARGE]
        chain = self._chain(view.node, group, most)
        if chain is None:
            return False
        for number in chain:
            if number not in group.again:
                group.again.add(number)
                group.nodes.append(number)
        return True

    def _chain(self, number: int, group: Group, left: int) -> list[int] | None:
        """The steps from numbers in memory to a node, at most `left`; None if there are more."""
        if number in group.again:
            return []
        node = self.graph[number]
        if not node.is_map or _is_dear(node) or number in self.stored or left < 1:
            return None
        finer = refined(group.shape, node.shape)
        if finer != group.shape:
            return None
        steps: list[int] = []
        for view in node.operands:
            if view.node in steps or self._in_memory(view.node):
                continue
            if not self.graph.is_whole(view, node.shape):
                return None
            if _is_dear(self.graph[view.node]):
                self.stored.add(view.node)
                continue
            more = self._chain(view.node, group, left - 1 - len(steps))
            if more is None or len(steps) + len(more) >= left:
                return None
            steps += [step for step in more if step not in steps]
        return [*steps, number]

    def _in_memory(self, number: int) -> bool:
        return number in self.stored or self.graph[number].op in ("variables", "constant")

    def _first(self, view: View, shape: Dims) -> int:
        home = self._inline(view, shape)
        return self._ready[view.node] if home is None else home

    def _group(self, first: int, shape: Dims) -> int:
        """A group from item `first` on whose space is that of `shape`; a new one if need be."""
        for at in range(first, len(self.items)):
            group = self.items[at]
            if isinstance(group, Group) and prod(group.shape) == prod(shape):
                finer = refined(group.shape, shape)
                if finer is not None and len(finer) <= LARGE_SPACE:
                    group.shape = finer
                    return at
        self.items.append(Group(tuple(n for n in shape if n > 1)))
        return len(self.items) - 1

    def _add(self, number: int, one: Placed) -> int:
        """The item that adds a contribution to a `place` node."""
        home = self._inline(one.source, one.shape)
        at = self._group(self._ready[one.source.node], one.shape) if home is None else home
        group = self.items[at]
        assert isinstance(group, Group)
        if home is not None:
            finer = refined(group.shape, one.shape)
            if finer is None or len(finer) > LARGE_SPACE:
                at = self._group(self._ready[one.source.node], one.shape)
                group = self.items[at]
                assert isinstance(group, Group)
                home = None
            else:
                group.shape = finer
        if home is None:
            self.stored.add(one.source.node)
        group.stores.append((number, one))
        self.stored.add(number)
        return at
