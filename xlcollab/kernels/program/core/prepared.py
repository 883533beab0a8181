"""A graph made ready for numpy: every buffer, view and call is made once, a run only calls.

It says what `reference` says, several times sooner: what a small sheet costs there is the making of
views. Nothing is compiled for it. Many points may be asked for at once: then each buffer has a row
for each of them, but for those that are the same at all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import prod
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from xlcollab.kernels.numbers.routine import Routine, fill
from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.ops import OPS
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.core.sorting import SORTED
from xlcollab.kernels.program.core.strides import Dims, is_dense

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Call = Callable[[], object]

_JOINS = {"add": (np.add, 0.0), "max": (np.maximum, -np.inf), "min": (np.minimum, np.inf)}
"""How a mode of `place` joins numbers, and what it starts from."""


class Prepared:
    """The buffers of a graph, and the calls that fill them in order.

    `points` rows of variables are evaluated at once, whose first `alike` are the same in each. The
    buffer of a node is (1, size) where all it depends on is alike, else (points, size).
    """

    def __init__(
        self, graph: Graph, wanted: Sequence[int], *, points: int = 1, alike: int = 0
    ) -> None:
        self.points = points
        self._alike = alike
        self.buffers: dict[int, Numbers] = {}
        self._calls: list[Call] = []
        self._filled: dict[int, int] = {}
        for number in needed(graph, [0, *wanted]):
            node = graph[number]
            if node.op == "constant":
                assert node.data is not None
                self.buffers[number] = node.data[None]
                continue
            differs = number == 0 or any(map(self._differs, *_reads(node)))
            out = self.buffers[number] = np.zeros((points if differs else 1, node.size))
            if node.op != "variables":
                self._calls += self._filling(node, out)
            self._filled[number] = len(self._calls)

    @property
    def size(self) -> int:
        """How many numbers its buffers hold."""
        return sum(buffer.size for buffer in self.buffers.values())

    def run(self, x: Numbers) -> None:
        """Fill every buffer for the variables x, (points, n) or (n,)."""
        self._run(x, self._calls)

    def run_until(self, x: Numbers, wanted: Collection[int]) -> None:
        """The same as far as some of the nodes need it: others keep what they held."""
        self._run(x, self._calls[: max(self._filled.get(number, 0) for number in wanted)])

    def _run(self, x: Numbers, calls: Sequence[Call]) -> None:
        self.buffers[0][:] = x
        with np.errstate(all="ignore"):
            for call in calls:
                call()

    def _differs(self, view: View, shape: Dims, index: Whole | None) -> bool:
        """Whether what is read differs from point to point."""
        if view.node or len(self.buffers[0]) == 1:
            return len(self.buffers[view.node]) > 1
        if index is not None:
            return bool(index.max(initial=0) >= self._alike)
        last = sum((n - 1) * step for n, step in zip(shape, view.strides, strict=True) if step > 0)
        return view.offset + last >= self._alike

    def _source(self, view: View, shape: Dims, index: Whole | None = None) -> Numbers:
        """A buffer as it is read: of variables that are alike one row."""
        buffer = self.buffers[view.node]
        return buffer if self._differs(view, shape, index) else buffer[:1]

    def _seen(self, view: View, shape: Dims) -> Numbers:
        return _strided(self._source(view, shape), view.offset, view.strides, shape)

    def _filling(self, node: Node, out: Numbers) -> list[Call]:
        """The calls that fill a node's buffer."""
        rows = len(out)
        if node.is_map:
            views = [self._seen(view, node.shape) for view in node.operands]
            return [_elementwise(node.op, views, out.reshape(rows, *node.shape))]
        if node.op == "place":
            return self._placing(node, out)
        if node.op == "contract":
            b, m, n, k = node.shape
            left, right = node.operands
            factors = self._seen(left, (b, m, k)), self._seen(right, (b, n, k)).swapaxes(2, 3)
            return [partial(np.matmul, *factors, out=out.reshape(rows, b, m, n))]
        reads = zip(*_reads(node), strict=True)
        return [_moving(node, [self._source(*read) for read in reads], out)]

    def _placing(self, node: Node, out: Numbers) -> list[Call]:
        join, empty = _JOINS[node.mode]
        parts = [(one, self._seen(one.source, one.shape)) for one in node.placed]
        if len(parts) == 1 and _covers(parts[0][0], node.size):
            return [_reducing(join, *parts[0], out, alone=True)]
        return [partial(out.fill, empty), *(_reducing(join, *part, out) for part in parts)]


def _reads(node: Node) -> tuple[list[View], list[Dims], list[Whole | None]]:
    """What a node reads: views, their shapes, and for a gather the places."""
    if node.op == "place":
        shapes = [one.shape for one in node.placed]
    elif node.op == "contract":
        b, m, n, k = node.shape
        shapes = [(b, m, k), (b, n, k)]
    elif node.is_map:
        shapes = [node.shape] * len(node.operands)
    else:  # whole buffers
        return node.read(), [(_ALL,)] * len(node.operands), [_index(node), None][: len(node.read())]
    return node.read(), shapes, [None] * len(shapes)


_ALL = 1 << 60
"""More than any buffer has: a shape that says "the whole of it"."""


def _index(node: Node) -> Whole | None:
    return node.index if node.op == "gather" else None


def _strided(buffer: Numbers, offset: int, strides: Dims, shape: Dims) -> Numbers:
    """A view of shape (rows, *shape) into every row of a buffer."""
    steps = [buffer.strides[0], *(step * buffer.itemsize for step in strides)]
    found: Numbers = as_strided(buffer[:, offset:], (len(buffer), *shape), steps)
    return found


def _elementwise(op: str, views: Sequence[Numbers], out: Numbers) -> Call:
    meaning = OPS[op].meaning
    if isinstance(meaning, np.ufunc):
        return partial(meaning, *views, out=out)
    if op == "copy":
        return partial(np.copyto, out, views[0])
    if op in _TRUTHS:
        return partial(_TRUTHS[op], *views, out=out)
    if op == "not":
        return partial(np.equal, views[0], 0.0, out=out)
    if op == "where":
        mask, yes = (np.broadcast_to(view, out.shape) for view in views[:2])
        return partial(_choose, out, mask, yes, views[2])
    return lambda: np.copyto(out, meaning(*views))


_TRUTHS: Mapping[str, np.ufunc] = {
    "finite": np.isfinite,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
}
"""What fills a buffer of numbers with 0 and 1 at once."""


def _choose(out: Numbers, mask: Numbers, yes: Numbers, no: Numbers) -> None:
    """Mask and `yes` are of the shape of `out`."""
    np.copyto(out, no)
    np.putmask(out, cast("NDArray[np.bool_]", mask), yes)  # any number but 0 is true


def _count(out: Numbers, index: Whole, source: Numbers) -> None:
    """The numbers of all points, each added at its place among all buffers in a row."""
    out.reshape(-1)[:] = np.bincount(index, source.reshape(-1), out.size)


def _moving(node: Node, operands: Sequence[Numbers], out: Numbers) -> Call:
    """What moves whole buffers by index, and running sums."""
    source, index = operands[0], node.index
    if node.op == "gather":
        return lambda: np.copyto(out, source[:, index])
    if node.op == "cumulate":
        step = slice(None, None, -1 if node.mode else 1)
        shape = (-1, *node.shape)
        sums, back = source.reshape(shape)[..., step], out.reshape(shape)[..., step]
        return partial(np.cumsum, sums, axis=2, out=back)
    if node.routine is not None:
        return partial(_fill, node.routine, out, operands)
    if node.op in SORTED:
        return lambda: np.copyto(out, SORTED[node.op](node, *operands))
    rows = np.arange(len(out))[:, None]
    if index is not None:
        return partial(_count, out, (rows * out.shape[1] + index).reshape(-1), source)

    def places() -> Whole:
        found = operands[1].astype(np.int64)
        return np.broadcast_to(found, (len(out), found.shape[-1]))

    def pick() -> None:
        wide = np.broadcast_to(source, (len(out), source.shape[1]))
        np.copyto(out, np.take_along_axis(wide, places(), axis=1))

    def scatter() -> None:
        out.fill(0.0)
        np.add.at(out, (rows, places()), source)

    return pick if node.op == "pick" else scatter


def _fill(routine: Routine, out: Numbers, operands: Sequence[Numbers]) -> None:
    """A routine at every point."""
    for row, buffer in enumerate(out):
        fill(routine, buffer, [one[min(row, len(one) - 1)] for one in operands])


def _covers(one: Placed, size: int) -> bool:
    """Whether a view falls on every place of a buffer, in its order."""
    kept = [axis for axis, step in enumerate(one.strides) if step]
    shape = tuple(one.shape[axis] for axis in kept)
    return is_dense(shape, one.offset, tuple(one.strides[axis] for axis in kept), size)


def _reducing(
    join: np.ufunc, one: Placed, source: Numbers, out: Numbers, *, alone: bool = False
) -> Call:
    """Joins a view into the places of `out` on which it falls; `alone` it fills them."""
    over = tuple(axis + 1 for axis, step in enumerate(one.strides) if not step)
    kept = [axis for axis, step in enumerate(one.strides) if step]
    shape = tuple(one.shape[axis] for axis in kept)
    strides = tuple(one.strides[axis] for axis in kept)
    if alone:
        return partial(join.reduce, source, axis=over, out=out.reshape(len(out), *shape))
    numbers = np.arange(out.shape[1], dtype=np.float64)[None]
    places = _strided(numbers, one.offset, strides, shape)[0].astype(np.int64)
    if len(np.unique(places)) < prod(shape):  # some of it falls on the same place
        rows = np.arange(len(out)).reshape(-1, *[1] * len(shape))
        return lambda: join.at(out, (rows, places[None]), join.reduce(source, axis=over))
    target = _strided(out, one.offset, strides, shape)
    if not over:
        return partial(join, target, source, out=target)
    return lambda: join(target, join.reduce(source, axis=over), out=target)
