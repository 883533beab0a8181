"""Sums of products become contractions, however they are typed.

`A1*B$1+A2*B$2+…` is a chain of additions whose products step through the same two buffers, and so
is what `C1-A1*B$1-A2*B$2-…` takes away;
SUMPRODUCT is a sum over products of spread operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from xlcollab.kernels.program.core.algebra import made_by
from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.strides import Dims, merged, reshaped, row_major

Pair = tuple[View, View]


def of_chain(
    graph: Graph, shape: Dims, added: Sequence[View], taken: Sequence[View] = ()
) -> View | None:
    """The sum of some terms without others, views along `shape`, with contractions in the place of
    products; None where there are none."""
    sides = [_contracted(graph, shape, terms) for terms in (added, taken)]
    if not any(found for _, found in sides):
        return None
    plus, minus = (_sum(graph, shape, terms) for terms, _ in sides)
    if minus is None:
        return plus
    zero = graph.scalar(0.0, shape)
    return graph.map("sub", shape, zero if plus is None else plus, minus)


def _sum(graph: Graph, shape: Dims, terms: Sequence[View]) -> View | None:
    total = terms[0] if terms else None
    for term in terms[1:]:
        total = term if total is None else graph.map("add", shape, total, term)
    return total


def _contracted(graph: Graph, shape: Dims, terms: Sequence[View]) -> tuple[list[View], bool]:
    """The terms with contractions in the place of products, and whether there are any."""
    groups: dict[tuple[object, ...], list[Pair]] = {}
    others: list[View] = []
    for term in terms:
        pair = made_by(graph, term, shape, "mul")
        if pair is None or term.held:
            others.append(term)
            continue
        a, b = sorted(pair, key=lambda view: (not _given(graph, view), view.node, view.strides))
        first = tuple(map(bool, a.strides)) if _given(graph, a) else (a.node, a.strides, a.held)
        groups.setdefault((first, b.node, b.strides, b.held), []).append((a, b))
    found = False
    for pairs in groups.values():
        product = _stepped(graph, shape, pairs)
        found |= product is not None
        others += (
            [graph.map("mul", shape, *pair) for pair in pairs] if product is None else [product]
        )
    return others, found


def _stepped(graph: Graph, shape: Dims, pairs: list[Pair]) -> View | None:
    """Products whose operands step evenly through their buffers, as one contraction."""
    if len(pairs) < 2:
        return None
    pairs = sorted(pairs, key=lambda pair: (pair[1].offset, pair[0].offset))
    if _given(graph, pairs[0][0]):
        pairs = _side_by_side(graph, shape, pairs)
    steps = {
        (second[0].offset - first[0].offset, second[1].offset - first[1].offset)
        for first, second in pairwise(pairs)
    }
    if len(steps) != 1:
        return None
    ((along_a, along_b),) = steps
    a, b = pairs[0]
    left = View(a.node, a.offset, (*a.strides, along_a), a.held)
    right = View(b.node, b.offset, (*b.strides, along_b), b.held)
    return contraction(graph, (*shape, len(pairs)), left, right, kept=len(shape))


def _given(graph: Graph, view: View) -> bool:
    return graph[view.node].op == "constant"


def _side_by_side(graph: Graph, shape: Dims, pairs: list[Pair]) -> list[Pair]:
    """The same pairs with their constants, wherever they stood, as columns of one."""
    spread = pairs[0][0].strides
    cut = tuple(slice(None) if step else slice(0, 1) for step in spread)
    arrays = [graph.array(a, shape) for a, _ in pairs]
    table = np.stack([array[cut] for array in arrays if array is not None], axis=-1)
    node, steps = graph.constant(table), row_major(table.shape)[:-1]
    return [(View(node, i, steps), b) for i, (_, b) in enumerate(pairs)]


def of_sum(graph: Graph, node: Node) -> View | None:
    """A `place` that sums the products of two operands, as a contraction along its own size."""
    if node.mode != "add" or len(node.placed) != 1:
        return None
    (part,) = node.placed
    pair = made_by(graph, part.source, part.shape, "mul")
    if pair is None or part.source.held or part.offset:
        return None
    axes = [*_kept(part), *(a for a in range(len(part.shape)) if not part.strides[a])]
    kept = len(_kept(part))
    if kept == len(axes) or kept == 0:
        return None
    shape = tuple(part.shape[a] for a in axes)
    left, right = (View(v.node, v.offset, tuple(v.strides[a] for a in axes), v.held) for v in pair)
    found = contraction(graph, shape, left, right, kept)
    if found is None:
        return None
    strides = reshaped(shape[:kept], found.strides, (node.size,))
    if strides is not None:
        return View(found.node, found.offset, strides)
    return graph.whole(graph.dense(found, shape[:kept]), (node.size,))


def _kept(part: Placed) -> list[int]:
    """The axes along which the sum is spread, slowest first."""
    axes = [axis for axis, step in enumerate(part.strides) if step]
    return sorted(axes, key=lambda axis: -part.strides[axis])


def contraction(graph: Graph, shape: Dims, a: View, b: View, kept: int) -> View | None:
    """Sums over the axes from `kept` on, seen along the axes before; None where an axis is in
    neither operand, or the axes of a kind do not join into one."""
    kinds: dict[str, list[int]] = {"b": [], "m": [], "n": [], "k": []}
    for axis, size in enumerate(shape):
        in_a, in_b = bool(a.strides[axis]), bool(b.strides[axis])
        if size == 1:
            continue
        if axis >= kept and not (in_a and in_b):
            return None
        if axis >= kept:
            kinds["k"].append(axis)
        elif in_a or in_b:
            kinds["b" if in_a and in_b else "m" if in_a else "n"].append(axis)
        else:
            return None
    order = [axis for kind in kinds.values() for axis in kind]
    if sorted(kinds["b"] + kinds["m"] + kinds["n"]) != [a for a in range(kept) if shape[a] > 1]:
        return None
    sizes, strides = [], []
    for axes in kinds.values():
        joined, (of_a, of_b) = merged(
            [shape[x] for x in axes], [a.strides[x] for x in axes], [b.strides[x] for x in axes]
        )
        if len(joined) > 1:
            return None
        sizes.append(joined[0] if joined else 1)
        strides.append((of_a[0], of_b[0]) if joined else (0, 0))
    (ba, bb), (ma, _), (_, nb), (ka, kb) = strides
    left = View(a.node, a.offset, (ba, ma, ka), a.held)
    right = View(b.node, b.offset, (bb, nb, kb), b.held)
    found = graph.contract((sizes[0], sizes[1], sizes[2], sizes[3]), left, right)
    return _spread(found, shape, kept, kinds, order)


def _spread(
    found: View, shape: Dims, kept: int, kinds: dict[str, list[int]], order: list[int]
) -> View:
    """The contraction's result (b, m, n) along the axes that were kept."""
    strides = [0] * kept
    for kind, step in zip(("b", "m", "n"), found.strides, strict=True):
        for axis in reversed(kinds[kind]):
            strides[axis] = step
            step *= shape[axis]
    return View(found.node, found.offset, tuple(strides))
