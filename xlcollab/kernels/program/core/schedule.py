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


Item = Group | int
"""A group, or the number of a node that is an instruction of its own."""


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
            if self._inline(view, node.shape) != at:
                self.stored.add(view.node)
        group.nodes.append(number)
        self._home[number] = at
        self._ready[number] = at + 1

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
