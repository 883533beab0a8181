"""The core program as a graph: nodes that each fill one dense buffer, and views that read them.

A node is made once for the same operation on the same operands (common subexpressions vanish as
they arise), folded if all of it is constant, and simplified by `algebra`. Its number is greater
than those of its operands, so that the numbers are an order of evaluation.

Kinds of nodes, by `op`:
  variables, constant   a buffer that is given
  (name in `ops.OPS`)   elementwise over `shape`, whose order is that of the buffer
  place                 a buffer of zeros into which views are added (mode "add"), or whose
                        elements are extremes of what falls on them ("max", "min")
  contract              over `shape` (b, m, n, k): out[b, m, n] = Σₖ a[b, m, k] · c[b, n, k]
  gather                out[i] = operand[index[i]], of a whole buffer
  scatter               a buffer of zeros, out[index[i]] += operand[i]
  pick, drop            the same two with the index computed by the second operand
  cumulate              running sums along the last axis of `shape`, backwards in mode "back"
  order                 the places of a buffer's numbers, each row's of `shape` (rows, n) from the
                        least up, in mode "falling" from the largest down; equals as they stood,
                        what is no number above all
  search                over `shape` (rows, keys, m): how many of a row's rising keys lie below each
                        of its m numbers, with those that equal it in mode "upto"
  routine               what a compiled routine makes of whole buffers; see `numbers.routine`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from xlcollab.errors import XlcollabError
from xlcollab.kernels.numbers.routine import Routine
from xlcollab.kernels.program.core.ops import COMMUTATIVE, FLAT, OPS
from xlcollab.kernels.program.core.strides import Dims, is_dense, reshaped, row_major

WITHOUT_SLOPE = FLAT | {"order", "search"}
"""Operations through which no derivative goes."""


class NotLoweredError(XlcollabError):
    """A sheet that is no core program; the tape evaluates it. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class View:
    """What of a node's buffer is read, along a shape that the reader knows.

    `held` reads it as a constant: no derivative goes through.
    """

    node: int
    offset: int
    strides: Dims
    held: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """One view that is added into the buffer of a `place` node, over `shape`."""

    source: View
    shape: Dims
    offset: int
    strides: Dims


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """See the module."""

    op: str
    shape: Dims
    size: int
    operands: tuple[View, ...] = ()
    data: NDArray[np.float64] | None = None
    """A constant's numbers, (size,)."""
    index: NDArray[np.int64] | None = None
    """Where `gather` reads and `scatter` adds."""
    placed: tuple[Placed, ...] = ()
    mode: str = ""
    routine: Routine | None = None

    @property
    def is_map(self) -> bool:
        return self.op in OPS

    def read(self) -> list[View]:
        """All views the node reads."""
        return [*self.operands, *(one.source for one in self.placed)]


Simplify = Callable[["Graph", str, Dims, tuple[View, ...]], View | None]
"""(graph, operation, shape, operands) → a view that is the result already, or None"""


class Graph:
    """Nodes in order of evaluation. `simplify` is asked before an elementwise node is made."""

    def __init__(self, variables: int, simplify: Simplify) -> None:
        self.simplify = simplify
        self.nodes: list[Node] = [Node("variables", (variables,), variables)]
        self._known: dict[tuple[object, ...], int] = {}
        self._uniform: dict[int, bool] = {}

    def __getitem__(self, number: int) -> Node:
        return self.nodes[number]

    def add(self, node: Node, key: tuple[object, ...] | None = None) -> int:
        """The node's number; that of an equal one if there is one."""
        if key is not None and key in self._known:
            return self._known[key]
        self.nodes.append(node)
        number = len(self.nodes) - 1
        if key is not None:
            self._known[key] = number
        return number

    def constant(self, values: NDArray[np.float64]) -> int:
        """A buffer of given numbers."""
        flat = np.ascontiguousarray(values, np.float64).reshape(-1)
        node = Node("constant", (flat.size,), flat.size, data=flat)
        return self.add(node, ("constant", flat.tobytes()))

    def scalar(self, value: float, shape: Sequence[int] = ()) -> View:
        """One number, spread over `shape`."""
        return View(self.constant(np.array([value])), 0, (0,) * len(shape))

    def whole(self, number: int, shape: Sequence[int] | None = None) -> View:
        """All of a node, along its own shape or another one of the same order."""
        return View(number, 0, row_major(self[number].shape if shape is None else shape))

    def is_whole(self, view: View, shape: Sequence[int]) -> bool:
        """Whether a view is its node's buffer in its own order."""
        return is_dense(shape, view.offset, view.strides, self[view.node].size)

    def value(self, view: View) -> float | None:
        """The number that a view of a constant spreads, or None."""
        node = self[view.node]
        if node.data is None or node.op != "constant" or any(view.strides):
            return None
        return float(node.data[view.offset])

    def array(self, view: View, shape: Sequence[int]) -> NDArray[np.float64] | None:
        """The numbers that a view of a constant sees, or None. They have the shape asked for."""
        node = self[view.node]
        if node.data is None or node.op != "constant":
            return None
        bytes_each = node.data.itemsize
        return as_strided(
            node.data[view.offset :], shape, [s * bytes_each for s in view.strides], writeable=False
        )

    def map(self, op: str, shape: Sequence[int], *operands: View, dense: bool = False) -> View:
        """An elementwise operation, seen along `shape`; `dense`: its node has that very shape."""
        shape = tuple(shape)
        if shape and prod(shape) == 1:  # axes of one number are none, and most have one
            alone = tuple(View(v.node, v.offset, (), v.held) for v in operands)
            one = self._of_numbers(op, alone, dense=dense)
            return View(one.node, one.offset, (0,) * len(shape), one.held)
        used = tuple(
            view
            if any(view.strides) or not view.strides
            else View(view.node, view.offset, (0,) * len(shape), view.held)
            for view in map(self._alike, operands)
        )
        if not dense:
            found = self.simplify(self, op, shape, used)
            if found is not None:
                return found
        folded = self._folded(op, shape, used)
        if folded is not None and not dense:
            return folded
        kept = [
            axis
            for axis, size in enumerate(shape)
            if size > 1 and (dense or any(view.strides[axis] for view in used))
        ]
        small = tuple(shape[axis] for axis in kept)
        cut = tuple(
            View(v.node, v.offset, tuple(v.strides[axis] for axis in kept), v.held) for v in used
        )
        if op in COMMUTATIVE and _order(cut[1]) < _order(cut[0]):
            cut = (cut[1], cut[0])
        number = self.add(Node(op, small, prod(small), cut), (op, small, cut))
        strides = [0] * len(shape)
        for axis, step in zip(kept, row_major(small), strict=True):
            strides[axis] = step
        return View(number, 0, tuple(strides))

    def _of_numbers(self, op: str, operands: tuple[View, ...], *, dense: bool) -> View:
        """An operation on single numbers, all seen without axes."""
        if not dense:
            found = self.simplify(self, op, (), operands)
            if found is None:
                found = self._folded(op, (), operands)
            if found is not None:
                return found
        if op in COMMUTATIVE and _order(operands[1]) < _order(operands[0]):
            operands = (operands[1], operands[0])
        return View(self.add(Node(op, (), 1, operands), (op, (), operands)), 0, ())

    def _alike(self, view: View) -> View:
        """One number spread, where a constant holds the same one everywhere."""
        data = self[view.node].data
        if data is None or not any(view.strides):
            return view
        if view.node not in self._uniform:
            self._uniform[view.node] = bool((data == data[0]).all())
        if not self._uniform[view.node]:
            return view
        return View(self.constant(data[:1]), 0, (0,) * len(view.strides), view.held)

    def _folded(self, op: str, shape: Dims, operands: tuple[View, ...]) -> View | None:
        """The result where all operands are constants."""
        if any(self[view.node].op != "constant" for view in operands):
            return None
        arrays = [self.array(view, shape) for view in operands]
        known = [array for array in arrays if array is not None]
        if len(known) < len(arrays):
            return None
        kept = [any(view.strides[axis] for view in operands) for axis in range(len(shape))]
        cut = tuple(slice(None) if keep else slice(0, 1) for keep in kept)
        with np.errstate(all="ignore"):
            values = np.asarray(OPS[op].meaning(*(array[cut] for array in known)), np.float64)
        small = tuple(n if keep else 1 for n, keep in zip(shape, kept, strict=True))
        return View(self.constant(np.broadcast_to(values, small)), 0, row_major(small))

    def dense(self, view: View, shape: Sequence[int]) -> int:
        """A node whose buffer holds exactly what a view sees, in the order of `shape`."""
        shape = tuple(shape)
        if self.is_whole(view, shape):
            return view.node
        small = tuple(n for n in shape if n > 1)
        strides = tuple(s for n, s in zip(shape, view.strides, strict=True) if n > 1)
        cut = View(view.node, view.offset, strides, view.held)
        return self.add(Node("copy", small, prod(small), (cut,)), ("copy", small, cut))

    def seen(self, view: View, shape: Sequence[int], wanted: Sequence[int]) -> View:
        """The same elements in the same order along another shape; copied if need be."""
        strides = reshaped(shape, view.strides, wanted)
        if strides is not None:
            return View(view.node, view.offset, strides, view.held)
        return self.whole(self.dense(view, shape), wanted)

    def place(self, size: int, placed: Sequence[Placed], mode: str = "add") -> int:
        """A buffer made of views; see the module."""
        kept = tuple(_cut(one) for one in placed)
        return self.add(
            Node("place", (size,), size, placed=kept, mode=mode), ("place", size, kept, mode)
        )

    def gather(self, source: int, index: NDArray[np.int64], held: bool = False) -> int:
        """The elements of a whole buffer at `index`."""
        flat = np.ascontiguousarray(index, np.int64).reshape(-1)
        view = View(source, 0, (1,), held)
        node = Node("gather", (flat.size,), flat.size, (view,), index=flat)
        return self.add(node, ("gather", view, flat.tobytes()))

    def scatter(self, size: int, source: int, index: NDArray[np.int64]) -> int:
        """The elements of a whole buffer added at `index` of a buffer of zeros."""
        node = Node("scatter", (size,), size, (View(source, 0, (1,)),), index=index)
        return self.add(node, ("scatter", size, source, index.tobytes()))

    def pick(self, source: int, places: View, shape: Dims, held: bool = False) -> View:
        """The elements of a whole buffer at computed places, seen along their shape."""
        index = View(self.dense(places, shape), 0, (1,), held=True)
        count = prod(shape)
        views = (View(source, 0, (1,), held), index)
        number = self.add(Node("pick", (count,), count, views), ("pick", *views))
        return self.whole(number, shape)

    def drop(self, size: int, source: int, index: View) -> int:
        """The elements of a whole buffer added at computed places of a buffer of zeros."""
        views = (View(source, 0, (1,)), index)
        return self.add(Node("drop", (size,), size, views), ("drop", size, *views))

    def cumulate(self, shape: Dims, source: View, mode: str = "") -> View:
        """Running sums along the last axis, seen along `shape`."""
        view = View(self.dense(source, shape), 0, (1,), source.held)
        node = Node("cumulate", (prod(shape[:-1]), shape[-1]), prod(shape), (view,), mode=mode)
        return self.whole(self.add(node, ("cumulate", shape[-1], view, mode)), shape)

    def order(self, shape: Dims, source: View, mode: str = "") -> View:
        """Places along the last axis in order, seen along `shape`; they are those in the whole
        buffer that `dense` gives for `source`."""
        view = View(self.dense(source, shape), 0, (1,), held=True)
        node = Node("order", (prod(shape[:-1]), shape[-1]), prod(shape), (view,), mode=mode)
        return self.whole(self.add(node, ("order", shape[-1], view, mode)), shape)

    def search(self, shape: Dims, keys: View, wanted: View, mode: str = "") -> View:
        """Counts of keys, seen along (rows, m) of `shape` (rows, keys, m)."""
        rows, length, count = shape
        views = (
            View(self.dense(keys, (rows, length)), 0, (1,), held=True),
            View(self.dense(wanted, (rows, count)), 0, (1,), held=True),
        )
        node = Node("search", shape, rows * count, views, mode=mode)
        return self.whole(self.add(node, ("search", shape, views, mode)), (rows, count))

    def routine(self, routine: Routine, *sources: View) -> int:
        """The buffer of a routine that reads whole buffers from their beginning on."""
        node = Node("routine", (routine.size,), routine.size, sources, routine=routine)
        return self.add(node, ("routine", routine, *sources))

    def contract(self, shape: Dims, a: View, c: View) -> View:
        """Sums of products over `shape` (b, m, n, k), seen along (b, m, n).

        The operands change places where the first is the denser one along the result's axes.
        """
        b, m, n, k = shape
        if k == 1:
            left = View(a.node, a.offset, (a.strides[0], a.strides[1], 0), a.held)
            right = View(c.node, c.offset, (c.strides[0], 0, c.strides[1]), c.held)
            return self.map("mul", (b, m, n), left, right)
        if (a.strides[1] == 1) * m > (c.strides[1] == 1) * n:
            found = self.contract_as((b, n, m, k), c, a)
            step = found.strides
            return View(found.node, 0, (step[0], step[2], step[1]))
        return self.contract_as(shape, a, c)

    def contract_as(self, shape: Dims, a: View, c: View) -> View:
        """`contract` with the operands where they are."""
        node = Node("contract", shape, prod(shape[:3]), (a, c))
        number = self.add(node, ("contract", shape, a, c))
        return View(number, 0, row_major(shape[:3]))


def _order(view: View) -> tuple[int, int, Dims]:
    return view.node, view.offset, view.strides


def _cut(one: Placed) -> Placed:
    """Without axes of length 1."""
    axes = [axis for axis, size in enumerate(one.shape) if size > 1]
    source = View(
        one.source.node,
        one.source.offset,
        tuple(one.source.strides[axis] for axis in axes),
        one.source.held,
    )
    return Placed(
        source,
        tuple(one.shape[axis] for axis in axes),
        one.offset,
        tuple(one.strides[axis] for axis in axes),
    )
