"""Look-ups of several columns in the same places become one look-up of rows.

`VLOOKUP($A5, table, 2, 0)*…+VLOOKUP($A5, table, 3, 0)*…` reads each column for itself. What is read
lies side by side in the one table, and so do the derivatives that go back into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.graph import Graph, Node, Placed, View
from xlcollab.kernels.program.core.strides import Dims, row_major

FEWEST = 3
"""Columns that are worth it: fewer lie closer together each for itself."""

Whole = NDArray[np.int64]
Seen = Callable[[View, Dims], View]
"""Where a view of the graph before, along a shape, is seen in the one that is made of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Look-ups of the same places of several columns.

    A column is a view along `shape` that is copied before it is looked up, of which `index`
    (count,) tells the places, or where `shape` is None the first place in a whole buffer to which
    the places are added.
    """

    columns: tuple[View, ...]
    shape: Dims | None
    index: Whole
    column: dict[int, int]
    """Of a look-up's node."""


def looked_up_together(graph: Graph, order: Sequence[int]) -> dict[int, Rows]:
    """Of each look-up of `order` that others share, what they share."""
    groups: dict[object, list[tuple[int, Rows]]] = {}
    for number in order:
        node = graph[number]
        if node.op == "gather" and node.index is not None:
            one = _column(graph, node, node.index)
            (view,) = one.columns
            key = (replace(view, offset=0), one.shape, one.index.tobytes())
            groups.setdefault(key, []).append((number, one))
    found: dict[int, Rows] = {}
    for members in groups.values():
        columns = sorted({one.columns[0] for _, one in members}, key=lambda view: view.offset)
        if len(columns) >= FEWEST:
            column = {number: columns.index(one.columns[0]) for number, one in members}
            rows = replace(members[0][1], columns=tuple(columns), column=column)
            found.update(dict.fromkeys(column, rows))
    return found


def _column(graph: Graph, node: Node, index: Whole) -> Rows:
    (source,) = node.operands
    inner = graph[source.node]
    if inner.op == "copy":
        (view,) = inner.operands
        return Rows((replace(view, held=view.held or source.held),), inner.shape, index, {})
    first = int(index[0])
    return Rows((replace(source, offset=first),), None, index - first, {})


def one_of_rows(graph: Graph, rows: Rows, number: int, seen: Seen) -> int:
    """The buffer of one look-up (count,), read out of that of all of them (count, columns)."""
    width, count = len(rows.columns), len(rows.index)
    first = rows.columns[0]
    if rows.shape is None:
        source = seen(replace(first, offset=0), ()).node
        index = rows.index[:, None] + np.array([view.offset for view in rows.columns])
    else:
        source = _table(graph, rows.columns, rows.shape, seen)
        index = rows.index[:, None] * width + np.arange(width)
    found = graph.gather(source, index, first.held)
    column = View(found, rows.column[number], (width,))
    return graph.place(count, [Placed(column, (count,), 0, (1,))])


def _table(graph: Graph, columns: Sequence[View], shape: Dims, seen: Seen) -> int:
    """A node that holds the columns side by side."""
    first, wide = columns[0], (*shape, len(columns))
    steps = {b.offset - a.offset for a, b in pairwise(columns)}
    if len(steps) == 1:
        all_of_them = replace(first, strides=(*first.strides, steps.pop()))
        return graph.dense(seen(all_of_them, wide), wide)
    apart = row_major(wide)[:-1]
    parts = [Placed(seen(one, shape), shape, i, apart) for i, one in enumerate(columns)]
    return graph.place(prod(wide), parts)
