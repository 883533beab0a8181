"""References as values: where each copy of a formula looks, and how to fetch what stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.formula.nodes import Axis, Reference
from xlcollab.grid import ErrorCode
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.plan.families import Family
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

Places = NDArray[np.int64]
Op = Callable[[Tensor], Tensor]


class RaggedError(Exception):
    """Copies of one formula refer to areas of different sizes: evaluate them one by one.

    Never seen by a user; `trace` catches it.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """For each copy (R, C) of a formula an area of `height` × `width` cells.

    `top` and `left` have shape (R or 1, C or 1). `broken` marks copies whose area leaves the sheet;
    what they hold is the error `code`.
    """

    sheet: str
    top: Places
    left: Places
    height: int
    width: int
    code: ErrorCode = ErrorCode.REF

    @property
    def size(self) -> int:
        return self.height * self.width

    @property
    def broken(self) -> NDArray[np.bool_] | None:
        """Which copies refer to nothing, of the shape of the family; None where all refer."""
        low = (self.top < 0) | (self.left < 0)
        high = (self.top + self.height > MAX_ROWS) | (self.left + self.width > MAX_COLUMNS)
        bad = low | high
        return bad if bad.any() else None

    def inside(self) -> Area:
        """The same with broken copies moved onto the sheet, so that something can be fetched."""
        top = np.clip(self.top, 0, MAX_ROWS - self.height)
        left = np.clip(self.left, 0, MAX_COLUMNS - self.width)
        return Area(self.sheet, top, left, self.height, self.width)

    def bounding(self) -> Rect:
        top, left = int(self.top.min()), int(self.left.min())
        bottom = int(self.top.max()) + self.height
        right = int(self.left.max()) + self.width
        return Rect(top, left, bottom - top, right - left)

    def clipped(self, height: int, width: int) -> Area:
        """Whole columns and rows cut to the used part of the sheet."""
        rows = max(min(self.height, height - int(self.top.max())), 1)
        columns = max(min(self.width, width - int(self.left.max())), 1)
        if self.height < MAX_ROWS:
            rows = self.height
        if self.width < MAX_COLUMNS:
            columns = self.width
        return Area(self.sheet, self.top, self.left, rows, columns)

    def union(self, other: Area) -> Area:
        """The range operator: the smallest area that holds both. Raises RaggedError."""
        top, left = np.minimum(self.top, other.top), np.minimum(self.left, other.left)
        bottom = np.maximum(self.top + self.height, other.top + other.height)
        right = np.maximum(self.left + self.width, other.left + other.width)
        return Area(self.sheet, top, left, _one_size(bottom - top), _one_size(right - left))

    def overlap(self, other: Area) -> Area:
        """The intersection operator; #NULL! where nothing is shared. Raises RaggedError."""
        top, left = np.maximum(self.top, other.top), np.maximum(self.left, other.left)
        height = np.minimum(self.top + self.height, other.top + other.height) - top
        width = np.minimum(self.left + self.width, other.left + other.width) - left
        if (height < 1).any() or (width < 1).any():
            if top.size * left.size > 1:
                raise RaggedError
            return Area(self.sheet, np.full((1, 1), -1), left, 1, 1, ErrorCode.NULL)
        return Area(self.sheet, top, left, _one_size(height), _one_size(width))


def _one_size(sizes: Places) -> int:
    if (sizes != sizes.flat[0]).any():
        raise RaggedError
    return int(sizes.flat[0])


def copies(family: Family) -> tuple[Places, Places]:
    """The rows (R, 1) and columns (1, C) of the first cell of each copy."""
    (height, width), rect = family.step, family.rect
    rows = np.arange(rect.top, rect.bottom, height, dtype=np.int64).reshape(-1, 1)
    columns = np.arange(rect.left, rect.right, width, dtype=np.int64).reshape(1, -1)
    return rows, columns


def area_of(reference: Reference, family: Family) -> Area:
    """A static reference, as each copy of the family sees it. Raises RaggedError."""
    rows, columns = copies(family)
    top, height = _extent(reference.top, reference.bottom, rows)
    left, width = _extent(reference.left, reference.right, columns)
    return Area(reference.sheet or family.sheet, top, left, height, width)


def _extent(first: Axis, last: Axis, positions: Places) -> tuple[Places, int]:
    if first.absolute and last.absolute:
        positions = np.zeros((1, 1), np.int64)
    a = positions * (not first.absolute) + first.value
    b = positions * (not last.absolute) + last.value
    low, sizes = np.minimum(a, b), np.abs(a - b) + 1
    return low, _one_size(sizes)


def intersect(area: Area, family: Family) -> Area:
    """Implicit intersection (18.17.2.7): of a column the formula's own row, of a row its column.

    What lies beyond the sheet's edge stays an error. Raises RaggedError where only some copies do.
    """
    broken = area.broken
    if broken is not None:
        if not broken.all():
            raise RaggedError
        return replace(area, top=np.minimum(area.top, -1), height=1, width=1)
    rows, columns = copies(family)
    top, left = area.top, area.left
    if area.height > 1:
        inside = (rows >= top) & (rows < top + area.height)
        top = np.where(inside, rows, -1)
    if area.width > 1:
        inside = (columns >= left) & (columns < left + area.width)
        left = np.where(inside, columns, -1)
    return Area(area.sheet, top, left, 1, 1, ErrorCode.VALUE)


def view(area: Area, rect: Rect) -> tuple[Op, tuple[Tensor, ...]] | tuple[Op, tuple[()]]:
    """How a tensor of `rect`, shape (1, 1, H, W), becomes (R, C, h, w); no copy if possible."""
    rows, columns = area.top - rect.top, area.left - rect.left
    if rows.shape[1] == 1 and columns.shape[0] == 1:
        by_row = _windows(rows[:, 0], area.height)
        by_column = _windows(columns[0, :], area.width)

        def separable(values: Tensor) -> Tensor:
            picked = by_row(values[0, 0], 0)
            return by_column(picked, 2).permute(0, 2, 1, 3)

        return separable, ()
    row_index = _spread(rows, np.arange(area.height).reshape(-1, 1))
    column_index = _spread(columns, np.arange(area.width).reshape(1, -1))
    return _gather, (row_index, column_index)


def _gather(values: Tensor, *index: Tensor) -> Tensor:
    return values[0, 0][index]


def _spread(places: Places, offsets: Places) -> Tensor:
    return torch.from_numpy(places[:, :, None, None] + offsets[None, None])


def _windows(starts: Places, size: int) -> Callable[[Tensor, int], Tensor]:
    """Cut axis `dim` into len(starts) windows of `size`: (…, n, …) → (…, k, size, …)."""
    count, first = len(starts), int(starts[0])
    steps = np.diff(starts)
    step = int(steps[0]) if count > 1 else size
    if count > 1 and ((steps != step).any() or step < 1):
        index = torch.from_numpy(starts[:, None] + np.arange(size)).reshape(-1)

        def gathered(values: Tensor, dim: int) -> Tensor:
            picked = values.index_select(dim, index.to(values.device))
            return _split(picked, dim, (count, size))

        return gathered
    span = (count - 1) * step + size

    def sliced(values: Tensor, dim: int) -> Tensor:
        part = values.narrow(dim, first, span)
        if step == size:
            return _split(part, dim, (count, size))
        return part.unfold(dim, size, step).movedim(-1, dim + 1)

    return sliced


def _split(values: Tensor, dim: int, sizes: tuple[int, int]) -> Tensor:
    """One axis as two."""
    return values.reshape(*values.shape[:dim], *sizes, *values.shape[dim + 1 :])


def apply(block: Block, op: Op) -> Block:
    """A movement of values, applied to numbers and kinds alike."""
    kind = op(block.kind) if isinstance(block.kind, torch.Tensor) else block.kind
    return Block(op(block.number), kind, cells=block.cells, array=block.array)


def view_block(op: Callable[..., Tensor]) -> Callable[..., Block]:
    """`op` as a function of the tape."""

    def run(context: Context, block: Block, *index: Tensor) -> Block:
        del context
        return apply(block, lambda values: op(values, *index))

    return run
