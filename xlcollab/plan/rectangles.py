"""Cutting a grid of labels into rectangles of one label each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.ref import Rect


def rectangles(labels: NDArray[np.int32]) -> list[tuple[int, Rect]]:
    """(label, Rect) pieces that cover every cell with a label ≥ 0, each piece of one label.

    Rows are cut into runs of equal labels, and equal runs in neighbouring rows are joined. The
    result is in reading order of the top left corners, and not always the smallest possible.
    """
    height, width = labels.shape
    if not labels.size:
        return []
    change = np.ones((height, width + 1), np.bool_)
    change[:, 1:-1] = labels[:, 1:] != labels[:, :-1]
    rows, edges = np.nonzero(change)
    same_row = rows[1:] == rows[:-1]
    run_rows, starts, ends = rows[:-1][same_row], edges[:-1][same_row], edges[1:][same_row]
    values = labels[run_rows, starts]
    keep = values >= 0
    run_rows, starts, ends, values = run_rows[keep], starts[keep], ends[keep], values[keep]
    order = np.lexsort((run_rows, ends, starts, values))
    run_rows, starts, ends, values = run_rows[order], starts[order], ends[order], values[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = ~(
        (values[1:] == values[:-1])
        & (starts[1:] == starts[:-1])
        & (ends[1:] == ends[:-1])
        & (run_rows[1:] == run_rows[:-1] + 1)
    )
    begin = np.flatnonzero(first)
    heights = np.diff(np.append(begin, len(order)))
    pieces = [
        (int(values[i]), Rect(int(run_rows[i]), int(starts[i]), int(h), int(ends[i] - starts[i])))
        for i, h in zip(begin, heights, strict=True)
    ]
    return sorted(pieces, key=lambda piece: (piece[1].top, piece[1].left))


def cover(cells: list[tuple[int, int]]) -> list[Rect]:
    """Disjoint rectangles that hold exactly the given (row, column) cells."""
    if len(cells) < 2:
        return [Rect(row, column) for row, column in cells]
    where = np.array(cells)
    top, left = where.min(axis=0)
    height, width = where.max(axis=0) - (top, left) + 1
    labels = np.full((height, width), -1, np.int32)
    labels[where[:, 0] - top, where[:, 1] - left] = 0
    return [rect.shifted(int(top), int(left)) for _, rect in rectangles(labels)]
