"""A graph written anew with what only shows once it is whole: the passes before the adjoint.

Every needed node is made again in order, by the same constructors, on operands that may have become
others meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from xlcollab.kernels.program.core.contracting import of_chain, of_sum
from xlcollab.kernels.program.core.forwarding import forwarded
from xlcollab.kernels.program.core.gathering import Rows, looked_up_together, one_of_rows
from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.core.stacking import stacked
from xlcollab.kernels.program.core.strides import Dims, row_major

_LINKS = ("add", "sub")
"""What chains of terms are made of."""
_LONG_CHAIN = 64
"""Terms of a link beyond which only its whole chain is looked through: each link would be once more
for every link behind it, and 5,000 terms take half a minute."""


def rewritten(graph: Graph, wanted: Sequence[int]) -> tuple[Graph, dict[int, int]]:
    """The graph anew, and the new numbers of the `wanted` nodes, whose buffers are the same."""
    graph, now = _Rewriter(graph).run(wanted)
    for _ in range(_ROUNDS):
        found = stacked(graph, list(now.values()))
        if found is None:
            break
        joined, after = found
        graph, again = _Rewriter(joined).run(list(after.values()))
        now = {one: again[after[number]] for one, number in now.items()}
    return graph, now


_ROUNDS = 12
"""Layers of a net that was typed column by column: each shows when the one before is joined."""


@dataclass(slots=True)
class _Rewriter:
    old: Graph
    new: Graph = field(init=False)
    number: dict[int, int] = field(default_factory=lambda: {0: 0})
    uses: Counter[int] = field(default_factory=Counter)
    links: dict[int, int] = field(default_factory=dict)
    """Terms of the chains that are but links of a longer one, by node."""
    rows: dict[int, Rows] = field(default_factory=dict)
    """What a look-up shares with others, by node."""

    def __post_init__(self) -> None:
        self.new = Graph(self.old[0].size, self.old.simplify)

    def run(self, wanted: Sequence[int]) -> tuple[Graph, dict[int, int]]:
        order = needed(self.old, [*wanted, 0])
        for at in order:
            self.uses.update(view.node for view in self.old[at].read())
        self.uses.update(wanted)
        self._link(order)
        self.rows = looked_up_together(self.old, order)
        for at in order:
            if at:
                self.number[at] = self._made(at)
        return self.new, {at: self.number[at] for at in wanted}

    def _link(self, order: Sequence[int]) -> None:
        """Find the links of chains of additions and subtractions, and how long each is."""
        lengths: dict[int, int] = {}
        for at in order:
            node = self.old[at]
            if node.op in _LINKS:
                inner = [view.node for view in node.operands if self._is_link(view, node)]
                lengths[at] = 2 + sum(lengths[one] - 1 for one in inner)
                self.links.update((one, lengths[one]) for one in inner)

    def _is_link(self, view: View, node: Node) -> bool:
        """Whether an operand of a chain's link is one itself and used nowhere else."""
        inner = self.old[view.node]
        return (
            inner.op in _LINKS
            and not view.held
            and self.uses[view.node] == 1
            and inner.shape == node.shape
            and self.old.is_whole(view, node.shape)
        )

    def _view(self, view: View, shape: Dims) -> View:
        """The same view in the new graph, through assembled buffers where that goes."""
        found = View(self.number[view.node], view.offset, view.strides, view.held)
        through = forwarded(self.new[found.node], found, shape)
        return found if through is None else through

    def _made(self, at: int) -> int:
        new, node = self.new, self.old[at]
        if node.op == "constant":
            assert node.data is not None
            return new.constant(node.data)
        if node.is_map:
            return self._map(node, self.links.get(at, 0) > _LONG_CHAIN)
        if node.op == "place":
            return self._place(node)
        if node.op == "contract":
            b, m, n, k = node.shape
            a, c = node.operands
            left, right = self._view(a, (b, m, k)), self._view(c, (b, n, k))
            return new.contract_as(node.shape, left, right).node
        if at in self.rows:
            return one_of_rows(new, self.rows[at], at, self._view)
        operands = tuple(
            View(self.number[v.node], v.offset, v.strides, v.held) for v in node.operands
        )
        if node.routine is not None:
            return new.routine(node.routine, *operands)
        again = Node(node.op, node.shape, node.size, operands, index=node.index, mode=node.mode)
        key = (node.op, node.shape, node.size, operands, node.mode)
        place = () if node.index is None else (node.index.tobytes(),)
        return new.add(again, (*key, *place))

    def _map(self, node: Node, is_link: bool) -> int:
        if node.op in _LINKS and not is_link:
            total = of_chain(self.new, node.shape, *self._terms(node))
            if total is not None:
                return self.new.dense(total, node.shape)
        operands = [self._view(view, node.shape) for view in node.operands]
        return self.new.dense(self.new.map(node.op, node.shape, *operands), node.shape)

    def _terms(self, node: Node) -> tuple[list[View], list[View]]:
        """What a chain adds up and what it takes away, where its links are used nowhere else."""
        terms: tuple[list[View], list[View]] = ([], [])
        pending = [(node, False)]
        while pending:
            link, negative = pending.pop()
            for view, second in zip(link.operands, (False, link.op == "sub"), strict=True):
                turned = negative != second
                if self._is_link(view, node):
                    pending.append((self.old[view.node], turned))
                else:
                    terms[turned].append(self._view(view, node.shape))
        return terms

    def _place(self, node: Node) -> int:
        parts = tuple(
            Placed(self._view(one.source, one.shape), one.shape, one.offset, one.strides)
            for one in node.placed
        )
        again = Node("place", node.shape, node.size, placed=parts, mode=node.mode)
        found = of_sum(self.new, again) or _larger_of_two(self.new, again)
        if found is not None:
            return self.new.dense(found, (node.size,))
        return self.new.place(node.size, parts, node.mode)


def _larger_of_two(graph: Graph, node: Node) -> View | None:
    """The extreme of two numbers each, as an elementwise operation."""
    if node.mode == "add" or len(node.placed) != 1:
        return None
    (part,) = node.placed
    pair = [axis for axis, step in enumerate(part.strides) if step == 0]
    if len(pair) != 1 or part.shape[pair[0]] != 2 or part.offset:
        return None
    rest = [axis for axis in range(len(part.shape)) if axis != pair[0]]
    rest.sort(key=lambda axis: -part.strides[axis])
    shape = tuple(part.shape[axis] for axis in rest)
    if tuple(part.strides[axis] for axis in rest) != row_major(shape):
        return None
    source = part.source
    strides = tuple(source.strides[axis] for axis in rest)
    both = [
        View(source.node, source.offset + i * source.strides[pair[0]], strides, source.held)
        for i in (0, 1)
    ]
    found = graph.map(node.mode, shape, *(_through(graph, view, shape) for view in both))
    return graph.seen(found, shape, (node.size,))


def _through(graph: Graph, view: View, shape: Dims) -> View:
    found = forwarded(graph[view.node], view, shape)
    return view if found is None else found
