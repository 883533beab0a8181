"""The gradient as a program: reverse mode, derived once, in the same graph.

Every node that depends on the variables collects contributions: views of nodes, each to be added
into some of its elements. A contribution to all of them, in order, is used as it stands; others
meet in a `place` node, so that spread operands, slices and look-ups need no rule of their own.

Where all of the variables act through one number, as the sum under a root, the derivatives by them
are those of that number, times one factor at the end: then what is large need not be gone through
once more when the factor is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from xlcollab.kernels.program.core.derivatives import DERIVATIVES, Expression
from xlcollab.kernels.program.core.graph import (
    WITHOUT_SLOPE,
    Graph,
    Node,
    NotLoweredError,
    Placed,
    View,
)
from xlcollab.kernels.program.core.strides import Dims, is_dense, reshaped, row_major


def gradient(graph: Graph, output: View) -> int:
    """The node that holds the derivatives of one element by the variables, (n,).

    Raises NotLoweredError where an operation has no rule.
    """
    seed = Placed(graph.scalar(1.0), (), output.offset, ())
    reverse = _Reverse(graph)
    waist = reverse.waist(output.node)
    if waist is None:
        return reverse.derived(output.node, seed, 0)
    factor = View(reverse.derived(output.node, seed, waist), 0, ())
    whole = Placed(graph.scalar(1.0), (), 0, ())
    return _Reverse(graph).derived(waist, whole, 0, factor)


@dataclass(slots=True)
class _Reverse:
    graph: Graph
    contributions: dict[int, list[Placed]] = field(default_factory=dict)
    _active: list[bool] = field(default_factory=lambda: [True])
    """Of the nodes that were asked for, and all before them."""

    def derived(self, top: int, seed: Placed, down_to: int, factor: View | None = None) -> int:
        """The derivatives of what `seed` falls on in `top` by an earlier node; times a number."""
        graph = self.graph
        self.contributions[top] = [seed]
        for number in range(top, down_to, -1):
            if number in self.contributions and self.active(number):
                self.pass_on(number)
        if factor is not None:
            parts = self.contributions.get(down_to, [])
            self.contributions[down_to] = [self._times(part, factor) for part in parts]
        shape, view = self.total(down_to, (graph[down_to].size,))
        return graph.dense(view, shape)

    def _times(self, part: Placed, factor: View) -> Placed:
        """A contribution times a number, sums made before."""
        kept = [axis for axis, step in enumerate(part.strides) if step]
        kept.sort(key=lambda axis: -part.strides[axis])  # in the order of what is filled
        shape = tuple(part.shape[axis] for axis in kept)
        source = part.source
        if prod(shape) < prod(part.shape):
            steps = dict(zip(kept, row_major(shape), strict=True))
            within = tuple(steps.get(axis, 0) for axis in range(len(part.shape)))
            summed = self.graph.place(prod(shape), [replace(part, offset=0, strides=within)])
            source = self.graph.whole(summed, shape)
        else:
            source = replace(source, strides=tuple(source.strides[axis] for axis in kept))
        spread = replace(factor, strides=(0,) * len(shape))
        product = self.graph.map("mul", shape, source, spread)
        return Placed(product, shape, part.offset, tuple(part.strides[axis] for axis in kept))

    def waist(self, top: int) -> int | None:
        """The first node of one number through which all that `top` has of the variables goes."""
        graph, wanted = self.graph, {top}
        crossed = [0] * (top + 2)
        for number in range(top, 0, -1):
            if number not in wanted or not self.active(number):
                continue
            for view in graph[number].read():
                if not view.held and self.active(view.node):
                    wanted.add(view.node)
                    crossed[view.node + 1] += 1  # an edge goes past all nodes between its ends
                    crossed[number] -= 1
        past = 0
        for number in range(1, top):
            past += crossed[number]
            if past == 0 and number in wanted and graph[number].size == 1:
                return number
        return None

    def active(self, number: int) -> bool:
        """Whether a derivative by the variables goes through a node."""
        for at in range(len(self._active), number + 1):
            node = self.graph[at]
            self._active.append(
                node.op not in WITHOUT_SLOPE
                and any(self._active[view.node] for view in node.read() if not view.held)
            )
        return self._active[number]

    def give(self, target: View, shape: Dims, what: View) -> None:
        """Add `what` into the elements that `target` reads, both along `shape`."""
        if target.held or not self.active(target.node):
            return
        both = [
            axis
            for axis, size in enumerate(shape)
            if size > 1 and not target.strides[axis] and not what.strides[axis]
        ]
        times = 1.0
        for axis in both:
            times *= shape[axis]
        kept = [axis for axis in range(len(shape)) if axis not in both]
        small = tuple(shape[axis] for axis in kept)
        source = View(what.node, what.offset, tuple(what.strides[axis] for axis in kept))
        if times != 1.0:
            source = self.graph.map("mul", small, source, self.graph.scalar(times, small))
        steps = tuple(target.strides[axis] for axis in kept)
        placed = Placed(source, small, target.offset, steps)
        self.contributions.setdefault(target.node, []).append(placed)

    def total(self, number: int, shape: Dims) -> tuple[Dims, View]:
        """The sum of a node's contributions, along `shape` where that is possible."""
        graph, node = self.graph, self.graph[number]
        parts = self.contributions.get(number, [])
        total: View | None = None
        apart: list[Placed] = []
        for part in parts:
            own = self._in_order(part, node, shape)
            if own is None:
                apart.append(part)
            else:
                total = own if total is None else graph.map("add", shape, total, own)
        if not apart:
            return shape, total if total is not None else graph.scalar(0.0, shape)
        if total is not None:
            apart.append(Placed(total, shape, 0, row_major(shape)))
        return shape, graph.whole(graph.place(node.size, apart), shape)

    def _in_order(self, part: Placed, node: Node, shape: Dims) -> View | None:
        """A contribution to all elements in their order, seen along `shape`."""
        if not is_dense(part.shape, part.offset, part.strides, node.size):
            return None
        strides = reshaped(part.shape, part.source.strides, shape)
        return None if strides is None else View(part.source.node, part.source.offset, strides)

    def pass_on(self, number: int) -> None:
        """The contributions of one node to its operands."""
        node = self.graph[number]
        if node.is_map:
            self._through_map(number, node)
        elif node.op == "place":
            self._through_place(number, node)
        else:
            getattr(self, f"_through_{node.op}")(number, node)

    def _through_map(self, number: int, node: Node) -> None:
        rule = DERIVATIVES.get(node.op)
        if rule is None:
            raise NotLoweredError(f"{node.op} has no derivative in the core program")
        shape, graph = node.shape, self.graph
        _, total = self.total(number, shape)
        g = Expression(graph, shape, total)
        out = Expression(graph, shape, graph.whole(number))
        operands = [Expression(graph, shape, view) for view in node.operands]
        wanted = [self.active(view.node) and not view.held for view in node.operands]
        for view, share in zip(node.operands, rule(g, out, operands, wanted), strict=True):
            if share is not None:
                self.give(view, shape, share.view)

    def _flat(self, number: int, node: Node) -> View:
        """The sum of a node's contributions as a whole buffer; a spread number stays one."""
        shape, total = self.total(number, (node.size,))
        if not any(total.strides):
            return total
        return View(self.graph.dense(total, shape), 0, (1,))

    def _through_place(self, number: int, node: Node) -> None:
        total = self._flat(number, node)
        spread = not any(total.strides)
        for part in node.placed:
            steps = (0,) * len(part.shape) if spread else part.strides
            offset = total.offset if spread else part.offset
            what = View(total.node, offset, steps)
            if node.mode != "add":
                what = self._of_extreme(number, part, what)
            self.give(part.source, part.shape, what)

    def _of_extreme(self, number: int, part: Placed, what: View) -> View:
        """Elements that are the extreme share its derivative evenly."""
        graph, shape = self.graph, part.shape
        extreme = View(number, part.offset, part.strides)
        chosen = graph.map("eq", shape, part.source, extreme)
        count = graph.place(graph[number].size, [Placed(chosen, shape, part.offset, part.strides)])
        ties = View(count, part.offset, part.strides)
        share = graph.map("div", shape, what, ties)
        return graph.map("where", shape, chosen, share, graph.scalar(0.0, shape))

    def _through_contract(self, number: int, node: Node) -> None:
        b, m, n, k = node.shape
        left, right = node.operands
        _, g = self.total(number, (b, m, n))
        sb, sm, sn = g.strides
        graph = self.graph
        if self.active(left.node) and not left.held:
            other = View(
                right.node, right.offset, (right.strides[0], right.strides[2], right.strides[1])
            )
            share = graph.contract((b, m, k, n), View(g.node, g.offset, (sb, sm, sn)), other)
            self.give(left, (b, m, k), share)
        if self.active(right.node) and not right.held:
            other = View(
                left.node, left.offset, (left.strides[0], left.strides[2], left.strides[1])
            )
            share = graph.contract((b, n, k, m), View(g.node, g.offset, (sb, sn, sm)), other)
            self.give(right, (b, n, k), share)

    def _through_gather(self, number: int, node: Node) -> None:
        (source,) = node.operands
        assert node.index is not None
        _, total = self.total(number, (node.size,))
        dense = self.graph.dense(total, (node.size,))
        size = self.graph[source.node].size
        share = self.graph.scatter(size, dense, node.index)
        self.give(View(source.node, 0, (1,), source.held), (size,), View(share, 0, (1,)))

    def _through_scatter(self, number: int, node: Node) -> None:
        (source,) = node.operands
        assert node.index is not None
        _, total = self.total(number, (node.size,))
        share = self.graph.gather(self.graph.dense(total, (node.size,)), node.index)
        size = self.graph[source.node].size
        self.give(source, (size,), View(share, 0, (1,)))

    def _through_pick(self, number: int, node: Node) -> None:
        source, index = node.operands
        _, total = self.total(number, (node.size,))
        size = self.graph[source.node].size
        share = self.graph.drop(size, self.graph.dense(total, (node.size,)), index)
        self.give(source, (size,), View(share, 0, (1,)))

    def _through_drop(self, number: int, node: Node) -> None:
        source, index = node.operands
        _, total = self.total(number, (node.size,))
        dense, size = self.graph.dense(total, (node.size,)), self.graph[source.node].size
        share = self.graph.pick(dense, index, (size,))
        self.give(source, (size,), share)

    def _through_routine(self, number: int, node: Node) -> None:
        (source, *more), routine = node.operands, node.routine
        back = None if routine is None or more else routine.back
        if back is None:
            raise NotLoweredError("a routine has no second derivative in the core program")
        _, total = self.total(number, (node.size,))
        dense, size = self.graph.dense(total, (node.size,)), self.graph[source.node].size
        values = View(number, 0, (1,), held=True)
        share = self.graph.routine(back, values, View(dense, 0, (1,)))
        self.give(View(source.node, 0, (1,), source.held), (size,), View(share, 0, (1,)))

    def _through_cumulate(self, number: int, node: Node) -> None:
        (source,) = node.operands
        _, total = self.total(number, node.shape)
        mode = "" if node.mode else "back"
        share = self.graph.cumulate(node.shape, total, mode)
        self.give(source, (node.size,), self.graph.seen(share, node.shape, (node.size,)))
