"""The plainest machine: a graph evaluated node by node with numpy. The judge of the native one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from xlcollab.kernels.numbers.routine import fill
from xlcollab.kernels.program.core.graph import Graph, Node, View
from xlcollab.kernels.program.core.ops import OPS
from xlcollab.kernels.program.core.sorting import SORTED
from xlcollab.kernels.program.core.strides import Dims

Numbers = NDArray[np.float64]


def evaluate(graph: Graph, x: Numbers, wanted: Sequence[int]) -> list[Numbers]:
    """The buffers of some nodes at x, (n,)."""
    buffers: list[Numbers] = [np.asarray(x, np.float64)]
    with np.errstate(all="ignore"):
        for node in graph.nodes[1:]:
            buffers.append(_buffer(node, buffers))
    return [buffers[number] for number in wanted]


def _seen(buffer: Numbers, offset: int, strides: Dims, shape: Dims) -> Numbers:
    steps = [step * 8 for step in strides]
    found: Numbers = as_strided(buffer[offset:], shape, steps)
    return found


def _buffer(node: Node, buffers: list[Numbers]) -> Numbers:
    def read(view: View, shape: Dims) -> Numbers:
        return _seen(buffers[view.node], view.offset, view.strides, shape)

    if node.is_map:
        operands = (read(view, node.shape) for view in node.operands)
        return np.array(OPS[node.op].meaning(*operands), np.float64, order="C").reshape(-1)
    if node.op == "place":
        return _placed(node, buffers)
    if node.op == "contract":
        b, m, n, k = node.shape
        left, right = node.operands
        product = np.einsum("bmk,bnk->bmn", read(left, (b, m, k)), read(right, (b, n, k)))
        return np.asarray(product, np.float64).reshape(-1)
    return _moved(node, [buffers[view.node] for view in node.operands])


def _placed(node: Node, buffers: list[Numbers]) -> Numbers:
    empty = {"add": 0.0, "max": -np.inf, "min": np.inf}[node.mode]
    joined = {"add": np.add, "max": np.maximum, "min": np.minimum}[node.mode]
    out = np.full(node.size, empty)
    for one in node.placed:
        source = one.source
        values = _seen(buffers[source.node], source.offset, source.strides, one.shape)
        place = _seen(np.arange(node.size, dtype=np.float64), one.offset, one.strides, one.shape)
        joined.at(out, place.astype(np.int64).reshape(-1), values.reshape(-1))
    return out


def _moved(node: Node, operands: list[Numbers]) -> Numbers:
    if node.op == "constant":
        assert node.data is not None
        return node.data
    if node.op == "cumulate":
        rows = operands[0].reshape(node.shape)
        if node.mode:
            return np.cumsum(rows[:, ::-1], axis=1)[:, ::-1].reshape(-1)
        return np.cumsum(rows, axis=1).reshape(-1)
    if node.routine is not None:
        filled = np.zeros(node.size)
        fill(node.routine, filled, operands)
        return filled
    if node.op in SORTED:
        (moved,) = SORTED[node.op](node, *(one[None] for one in operands))
        return np.asarray(moved, np.float64)
    index = operands[1].astype(np.int64) if node.op in ("pick", "drop") else node.index
    assert index is not None
    if node.op in ("gather", "pick"):
        found: Numbers = operands[0][index]
        return found
    out = np.zeros(node.size)
    np.add.at(out, index, operands[0])
    return out
