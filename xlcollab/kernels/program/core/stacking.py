"""Nodes that differ in nothing but where they read become one with an axis more.

A column of formulas that was not filled from the one beside it (`A5*B$1`, then `A5*C$1`, where
`$A5` would have been filled) is a block of its own, and so is each of a dozen such columns. Here
they meet again, whenever what they read lies evenly in its buffers: a layer of a net becomes one
product, and what reads the layer sees one buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.core.strides import Dims

FEWEST = 3
"""Nodes that are worth an axis."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an earlier node's buffer lies in the new graph: element e at `base` + e · `scale`."""

    node: int
    base: int = 0
    scale: int = 1


def stacked(graph: Graph, wanted: Sequence[int]) -> tuple[Graph, dict[int, int]] | None:
    """The graph with such nodes joined, and the new numbers of the `wanted` ones; None where there
    are none."""
    return _Stacker(graph).run(wanted)


@dataclass(slots=True)
class _Stacker:
    old: Graph
    new: Graph = field(init=False)
    home: dict[int, Home] = field(default_factory=lambda: {0: Home(0)})
    joined: int = 0

    def __post_init__(self) -> None:
        self.new = Graph(self.old[0].size, self.old.simplify)

    def run(self, wanted: Sequence[int]) -> tuple[Graph, dict[int, int]] | None:
        order = needed(self.old, [*wanted, 0])
        levels = self._levels(order)
        if not self._may_join(levels):
            return None
        for level in levels:
            self._take(level)
        if not self.joined:
            return None
        return self.new, {number: self._dense(number) for number in wanted}

    def _levels(self, order: Sequence[int]) -> list[list[int]]:
        """The nodes, none of which reads one of its own list."""
        depth: dict[int, int] = {}
        found: list[list[int]] = []
        for number in order:
            reads = [depth[view.node] for view in self.old[number].read()]
            at = depth[number] = max(reads, default=-1) + 1
            if at == len(found):
                found.append([])
            found[at].append(number)
        return found

    def _may_join(self, levels: Sequence[Sequence[int]]) -> bool:
        for level in levels:
            alike: dict[object, int] = {}
            for number in level:
                node = self.old[number]
                if node.is_map or node.op == "contract":
                    key = (node.op, node.shape)
                    alike[key] = alike.get(key, 0) + 1
            if max(alike.values(), default=0) >= FEWEST:
                return True
        return False

    def _dense(self, number: int) -> int:
        """A node that holds an old one's buffer."""
        home, size = self.home[number], self.old[number].size
        return self.new.dense(View(home.node, home.base, (home.scale,)), (size,))

    def view(self, view: View) -> View:
        """The same view in the new graph."""
        home = self.home[view.node]
        steps = tuple(step * home.scale for step in view.strides)
        return View(home.node, home.base + view.offset * home.scale, steps, view.held)

    def _take(self, level: Sequence[int]) -> None:
        groups: dict[object, list[tuple[tuple[int, ...], int]]] = {}
        for number in level:
            node = self.old[number]
            if node.is_map or node.op == "contract":
                views = [self.view(view) for view in node.operands]
                key = (node.op, node.shape, *((v.node, v.strides, v.held) for v in views))
                offsets = tuple(view.offset for view in views)
                groups.setdefault(key, []).append((offsets, number))
            else:
                self._alone(number, node)
        for members in groups.values():
            for run in _runs(sorted(members)):
                self._join([number for _, number in run])

    def _join(self, numbers: Sequence[int]) -> None:
        """Nodes that read evenly, as one; fewer than are worth it as they are."""
        node = self.old[numbers[0]]
        if len(numbers) < FEWEST:
            for number in numbers:
                self._alone(number, self.old[number])
            return
        first, second = (
            [self.view(view) for view in self.old[number].operands] for number in numbers[:2]
        )
        steps = [b.offset - a.offset for a, b in zip(first, second, strict=True)]
        join = self._map if node.is_map else self._contract
        home = join(node, len(numbers), first, steps)
        self.joined += 1
        for i, number in enumerate(numbers):
            self.home[number] = home(i)

    def _map(
        self, node: Node, count: int, views: Sequence[View], steps: Sequence[int]
    ) -> Callable[[int], Home]:
        """The new axis lies where the numbers that most operands read lie closest."""
        closer = [
            step < min(one for one in view.strides if one)
            for view, step in zip(views, steps, strict=True)
            if step and any(view.strides)
        ]
        inner = 2 * sum(closer) > len(closer)
        if inner:
            shape = (*node.shape, count)
            wide = [_with(v, (*v.strides, s)) for v, s in zip(views, steps, strict=True)]
        else:
            shape = (count, *node.shape)
            wide = [_with(v, (s, *v.strides)) for v, s in zip(views, steps, strict=True)]
        made = self.new.dense(self.new.map(node.op, shape, *wide), shape)
        if inner:
            return lambda i: Home(made, i, count)
        return lambda i: Home(made, i * node.size)

    def _contract(
        self, node: Node, count: int, views: Sequence[View], steps: Sequence[int]
    ) -> Callable[[int], Home]:
        """Vectors by one common table become a product of two; others are done side by side."""
        (b, m, n, k), (left, right), (of_left, of_right) = node.shape, views, steps
        if b == n == 1 and of_left == 0:
            wide = _with(right, (0, of_right, right.strides[2]))
            found = self.new.contract((1, m, count, k), left, wide)
            return self._placed(found, (1, m, count), along=1, by=2)
        if b == m == 1 and of_right == 0:
            wide = _with(left, (0, of_left, left.strides[2]))
            found = self.new.contract((1, count, n, k), wide, right)
            return self._placed(found, (1, count, n), along=2, by=1)
        wide_views = [_more_batches(v, b, s) for v, s in zip(views, steps, strict=True)]
        first, second = wide_views
        if first is None or second is None:
            return self._one_by_one(node, count, views, steps)
        found = self.new.contract((count * b, m, n, k), first, second)
        made = self.new.dense(found, (count * b, m, n))
        return lambda i: Home(made, i * node.size)

    def _placed(self, found: View, shape: Dims, *, along: int, by: int) -> Callable[[int], Home]:
        """The homes of vectors that a product holds along one axis, one by one along another."""
        if shape[along] > 1 and not found.strides[along]:
            found = self.new.whole(self.new.dense(found, shape), shape)
        step, scale = found.strides[by], found.strides[along] or 1
        return lambda i: Home(found.node, found.offset + i * step, scale)

    def _one_by_one(
        self, node: Node, count: int, views: Sequence[View], steps: Sequence[int]
    ) -> Callable[[int], Home]:
        made = []
        for i in range(count):
            moved = [replace(v, offset=v.offset + i * s) for v, s in zip(views, steps, strict=True)]
            made.append(self.new.contract_as(node.shape, *moved).node)
        return lambda i: Home(made[i])

    def _alone(self, number: int, node: Node) -> None:
        new = self.new
        if number == 0:
            return
        if node.op == "constant":
            assert node.data is not None
            made = new.constant(node.data)
        elif node.is_map:
            views = [self.view(view) for view in node.operands]
            made = new.dense(new.map(node.op, node.shape, *views), node.shape)
        elif node.op == "contract":
            made = new.contract_as(node.shape, *(self.view(view) for view in node.operands)).node
        elif node.op == "place":
            parts = [replace(one, source=self.view(one.source)) for one in node.placed]
            made = new.place(node.size, list(_joined(parts)), node.mode)
        else:
            made = self._moved(node)
        self.home[number] = Home(made)

    def _moved(self, node: Node) -> int:
        """What reads whole buffers."""
        views = tuple(
            View(self._dense(view.node), view.offset, view.strides, view.held)
            for view in node.operands
        )
        again = replace(node, operands=views)
        key = (node.op, node.shape, node.size, views, node.mode)
        place = () if node.index is None else (node.index.tobytes(),)
        return self.new.add(again, (*key, *place))


def _with(view: View, strides: Sequence[int]) -> View:
    return replace(view, strides=tuple(strides))


def _more_batches(view: View, b: int, step: int) -> View | None:
    """An operand of a product with `count` times its b batches; None where they lie unevenly."""
    own, *rest = view.strides
    if b > 1 and step != own * b:
        return None
    return _with(view, (own if b > 1 else step, *rest))


def _runs(
    members: Sequence[tuple[tuple[int, ...], int]],
) -> Iterator[list[tuple[tuple[int, ...], int]]]:
    """Neighbours whose offsets grow by the same steps."""
    run: list[tuple[tuple[int, ...], int]] = []
    step: tuple[int, ...] | None = None
    for one in members:
        if run:
            ahead = tuple(b - a for a, b in zip(run[-1][0], one[0], strict=True))
            if (step is not None and ahead != step) or min(ahead) < 0:
                yield run
                run, step = [], None
            else:
                step = ahead
        run.append(one)
    if run:
        yield run


def _joined(parts: Sequence[Placed]) -> Iterator[Placed]:
    """Parts that fall and read evenly, as one with an axis more."""
    left = list(parts)
    while left:
        run = left[:1]
        while len(run) < len(left) and _goes_on(run, left[len(run)]):
            run.append(left[len(run)])
        if len(run) < FEWEST:
            yield left.pop(0)
            continue
        del left[: len(run)]
        first, second = run[:2]
        source = first.source
        steps = second.source.offset - source.offset, second.offset - first.offset
        yield Placed(
            _with(source, (steps[0], *source.strides)),
            (len(run), *first.shape),
            first.offset,
            (steps[1], *first.strides),
        )


def _goes_on(run: Sequence[Placed], one: Placed) -> bool:
    a = run[0]
    if (a.source.node, a.source.strides, a.source.held, a.shape, a.strides) != (
        one.source.node, one.source.strides, one.source.held, one.shape, one.strides,
    ):  # fmt: skip
        return False
    moves = [
        (y.source.offset - x.source.offset, y.offset - x.offset)
        for x, y in pairwise([*run[:2], *run[-1:], one] if len(run) > 1 else [*run, one])
        if x is not y
    ]
    return len(set(moves)) == 1 and min(moves[0]) > 0
