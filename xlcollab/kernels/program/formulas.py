"""A core program written out number by number: for engines that take formulas, not arrays.

The operations are those of `core.ops`, without `copy`; besides them "variable" (its place is the
number), "constant", "sum", "product", "largest" and "smallest" of any count, and "pick": of the
first argument, a place from 0, the argument behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import XlcollabError
from xlcollab.kernels.program.core.graph import Graph, Node, NotLoweredError, View
from xlcollab.kernels.program.core.ops import OPS
from xlcollab.kernels.program.core.strides import Dims
from xlcollab.kernels.program.recording.record import record
from xlcollab.kernels.values.block import HiddenError

Ids = NDArray[np.int64]

MOST = 50_000
"""Formulas beyond which no engine that takes them gets anywhere."""


class Formula(NamedTuple):
    """One number: an operation on the numbers that stand before it."""

    op: str
    args: tuple[int, ...] = ()
    value: float = 0.0


class Formulas(NamedTuple):
    """Numbers in order of evaluation, and the places of the results among them."""

    nodes: tuple[Formula, ...]
    results: tuple[int, ...]


class Guarded(NamedTuple):
    """Formulas that are those of a function wherever some of their numbers have certain values:
    elsewhere it takes another course, or is an error."""

    formulas: Formulas
    guards: tuple[tuple[int, float], ...]
    """(the place of a number, its value)."""


def formulas(function: Callable[[Tensor], Tensor], x: Tensor, most: int = MOST) -> Formulas | None:
    """`function`, (n,) → (k,), as it runs at x; None where it has no such form: an operation that
    is none of the core's, a course that the variables decide, or more numbers than `most`."""
    found = guarded(function, x, most)
    return None if found is None or found.guards else found.formulas


def guarded(function: Callable[[Tensor], Tensor], x: Tensor, most: int = MOST) -> Guarded | None:
    """The same, with what decides its course as guards."""
    try:
        recording = record(lambda x: [function(x)], x)
        ends = [view.node for view, _ in recording.outputs]
        ends += [guard.node for guard in recording.guards]
        writer = _Writer(recording.graph, _reached(recording.graph, ends), most)
        guards = [(writer.number(guard.node), guard.expected) for guard in recording.guards]
        ((view, shape),) = recording.outputs
        results = tuple(int(one) for one in writer.read(view, shape).reshape(-1))
    except (NotLoweredError, HiddenError, XlcollabError):
        return None
    open_guards = tuple(dict.fromkeys(one for one in guards if not writer.surely(*one)))
    return Guarded(Formulas(tuple(writer.nodes), results), open_guards)


class _Writer:
    """Writes nodes of a graph as they are asked for; equal numbers are one."""

    def __init__(self, graph: Graph, wanted: Sequence[int], most: int) -> None:
        self.nodes: list[Formula] = []
        self._most = most
        self._known: dict[Formula, int] = {}
        self._buffers: dict[int, Ids] = {}
        for number in wanted:
            self._buffers[number] = self._buffer(graph[number])

    def read(self, view: View, shape: Dims) -> Ids:
        """The numbers that a view sees."""
        buffer = self._buffers[view.node]
        steps = [step * buffer.itemsize for step in view.strides]
        return as_strided(buffer[view.offset :], shape, steps, writeable=False)

    def number(self, node: int) -> int:
        """The place of a node's one number."""
        (place,) = self._buffers[node]
        return int(place)

    def surely(self, place: int, expected: float) -> bool:
        """Whether a number has the value wherever the variables are."""
        found = self.nodes[place]
        return found.op == "constant" and found.value == expected

    def _add(self, op: str, args: Sequence[int] = (), value: float = 0.0) -> int:
        formula = Formula(op, tuple(int(one) for one in args), value)
        if formula not in self._known:
            if len(self.nodes) >= self._most:
                raise NotLoweredError("too many numbers")
            self.nodes.append(formula)
            self._known[formula] = len(self.nodes) - 1
        return self._known[formula]

    def _constant(self, value: float) -> int:
        return self._add("constant", (), float(value) + 0.0)

    def _is_constant(self, args: Sequence[int]) -> bool:
        return all(self.nodes[one].op == "constant" for one in args)

    def _buffer(self, node: Node) -> Ids:
        if node.op == "variables":
            found = [self._add("variable", (), float(place)) for place in range(node.size)]
        elif node.op == "constant":
            assert node.data is not None
            found = [self._constant(value) for value in node.data.tolist()]
        elif node.is_map:
            operands = [self.read(view, node.shape).reshape(-1) for view in node.operands]
            found = [self._map(node.op, args) for args in zip(*operands, strict=True)]
        elif node.op == "contract":
            found = self._contracted(node)
        elif node.op == "place":
            found = self._placed(node)
        else:
            found = self._moved(node)
        return np.array(found, np.int64).reshape(-1)

    def _map(self, op: str, args: tuple[int, ...]) -> int:
        if op in ("copy", "normal"):
            return args[0]
        if self._is_constant(args):
            with np.errstate(all="ignore"):
                known = (self.nodes[one].value for one in args)
                return self._constant(float(OPS[op].meaning(*known)))
        if args[:1] == args[1:2] and op in _OF_THE_SAME:
            return self._constant(_OF_THE_SAME[op])
        if op == "finite":  # where it is not, the sheet is an error, and the point no solution
            return self._constant(1.0)
        if op == "lost":
            return self._constant(0.0)
        if op == "where" and self._is_constant(args[:1]):
            return args[1] if self.nodes[args[0]].value else args[2]
        if op == "mul" and 0.0 in (self._value(args[0]), self._value(args[1])):
            return self._constant(0.0)
        return self._add(op, args)

    def _value(self, place: int) -> float | None:
        node = self.nodes[place]
        return node.value if node.op == "constant" else None

    def _joined(self, op: str, args: Sequence[int]) -> int:
        """A sum, or an extreme, of several numbers."""
        if op == "sum":
            args = [one for one in args if self._value(one) != 0.0]
        if not args:
            return self._constant({"sum": 0.0, "largest": -np.inf, "smallest": np.inf}[op])
        if self._is_constant(args):
            return self._constant(_JOIN[op](self.nodes[one].value for one in args))
        return args[0] if len(args) == 1 else self._add(op, args)

    def _contracted(self, node: Node) -> list[int]:
        b, m, n, k = node.shape
        left, right = node.operands
        rows, columns = self.read(left, (b, m, k)), self.read(right, (b, n, k))
        return [
            self._joined("sum", [self._map("mul", pair) for pair in zip(row, column, strict=True)])
            for i in range(b)
            for row in rows[i]
            for column in columns[i]
        ]

    def _placed(self, node: Node) -> list[int]:
        falls: list[list[int]] = [[] for _ in range(node.size)]
        for one in node.placed:
            places = np.arange(node.size, dtype=np.int64)
            steps = [step * places.itemsize for step in one.strides]
            where = as_strided(places[one.offset :], one.shape, steps, writeable=False)
            values = self.read(one.source, one.shape)
            for place, value in zip(where.reshape(-1), values.reshape(-1), strict=True):
                falls[int(place)].append(int(value))
        op = {"add": "sum", "max": "largest", "min": "smallest"}[node.mode]
        return [self._joined(op, args) for args in falls]

    def _moved(self, node: Node) -> list[int]:
        source = self._buffers[node.operands[0].node][node.operands[0].offset :]
        if node.op == "gather":
            assert node.index is not None
            return [int(one) for one in source[node.index]]
        if node.op == "scatter":
            assert node.index is not None
            falls: list[list[int]] = [[] for _ in range(node.size)]
            for place, value in zip(node.index, source[: len(node.index)], strict=True):
                falls[int(place)].append(int(value))
            return [self._joined("sum", args) for args in falls]
        if node.op == "cumulate" and not node.mode:  # backwards goes a derivative alone
            rows = source.reshape(node.shape)
            return [self._joined("sum", row[: i + 1]) for row in rows for i in range(len(row))]
        if node.op == "pick":
            places = self._buffers[node.operands[1].node]
            return [self._picked(int(place), source) for place in places]
        raise NotLoweredError(f"{node.op} has no formula")

    def _picked(self, place: int, source: Ids) -> int:
        value = self._value(place)
        if value is not None:
            return int(source[int(value)])
        return self._add("pick", (place, *(int(one) for one in source)))


_JOIN: Mapping[str, Callable[[Iterable[float]], float]] = {
    "sum": sum,
    "largest": max,
    "smallest": min,
}
_OF_THE_SAME = {"ne": 0.0, "lt": 0.0, "eq": 1.0, "le": 1.0, "sub": 0.0}
"""What comes of an operation on one number twice."""


def _reached(graph: Graph, ends: Sequence[int]) -> list[int]:
    """The nodes that some nodes are made of, in an order of evaluation; the variables always."""
    found, pending = {0}, list(ends)
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending += [view.node for view in graph[number].read()]
    return sorted(found)
