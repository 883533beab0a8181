"""What `order` and `search` mean, on numpy arrays with a row for each point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.graph import Node

Numbers = NDArray[np.float64]


def _order(node: Node, source: Numbers) -> Numbers:
    """Places (points, size) of numbers (points, size)."""
    rows, length = node.shape
    numbers = source.reshape(len(source), rows, length)
    if node.mode:  # turned round, so that equals stay as they stood
        found = length - 1 - np.argsort(numbers[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    else:
        found = np.argsort(numbers, axis=-1, kind="stable")
    places = found + length * np.arange(rows)[:, None]
    return places.reshape(source.shape).astype(np.float64)


def _search(node: Node, keys: Numbers, wanted: Numbers) -> Numbers:
    """Counts (points, rows · m)."""
    rows, length, count = node.shape
    points = max(len(keys), len(wanted))
    side: Literal["left", "right"] = "right" if node.mode else "left"
    ordered = np.broadcast_to(keys.reshape(-1, rows, length), (points, rows, length))
    asked = np.broadcast_to(wanted.reshape(-1, rows, count), (points, rows, count))
    pairs = zip(ordered.reshape(-1, length), asked.reshape(-1, count), strict=True)
    counts = [np.searchsorted(row, sought, side) for row, sought in pairs]
    return np.array(counts, np.float64).reshape(points, rows * count)


SORTED: Mapping[str, Callable[..., Numbers]] = {"order": _order, "search": _search}
"""By a node's operation: (node, buffers) ↦ the node's buffer."""
