"""The fused pass over ratings as a Triton kernel: gradients on a CUDA device, no sums in between.

Ratings are held twice, sorted by user and by item, and cut into pieces of one row and at most
`PIECE` ratings. A program takes a piece: it keeps the row in registers, gathers the other side's
rows a few at a time, and writes one sum. A row's sums are added up in order, so a seed gives the
same numbers every time, which additions by atomic instructions would not.

What limits the speed is the rows gathered: 2 · width numbers a rating.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
import triton
import triton.language as tl
from torch import Tensor

from xlcollab.factor.passes.output import Output

F = TypeVar("F", bound=Callable[..., object])
_kernel = cast(Callable[[F], F], triton.jit)

PIECE = 256
"""Ratings that one program takes: few enough to spread a popular item over the device."""
_AT_ONCE = 4
"""Ratings whose rows a program gathers at once: 8 take a seventh longer, 16 over twice as long."""


# No annotations but Triton's own: its compiler looks them up.
@_kernel
def _piece_pass(  # type: ignore[no-untyped-def]
    row_of,
    begins,
    starts,
    others,
    ratings,
    rows,
    other_rows,
    output,
    sums,
    squared_errors,
    width,
    lanes: tl.constexpr,
    at_once: tl.constexpr,
    longest: tl.constexpr,
    ranged: tl.constexpr,
):
    """`sums` (pieces, width): Σ slope · other row; `squared_errors` (pieces,): Σ error²."""
    piece = tl.program_id(0).to(tl.int64)
    row = tl.load(row_of + piece).to(tl.int64)
    begin = tl.load(begins + piece)
    end = tl.minimum(begin + longest, tl.load(starts + row + 1))
    column = tl.arange(0, lanes)
    inside = column < width
    own = tl.load(rows + row * width + column, inside, 0.0)
    centre, low, span = tl.load(output), tl.load(output + 1), tl.load(output + 2)
    total = tl.zeros((at_once, lanes), own.dtype)
    squares = tl.zeros((at_once,), own.dtype)
    for at in range(begin, end, at_once):
        place = at + tl.arange(0, at_once)
        there = place < end
        other = tl.load(others + place, there, 0).to(tl.int64)
        rating = tl.load(ratings + place, there, 0.0)
        gathered = tl.load(
            other_rows + other[:, None] * width + column[None, :],
            there[:, None] & inside[None, :],
            0.0,
        )
        z = tl.sum(gathered * own[None, :], 1) + centre
        if ranged:
            share = tl.sigmoid(z)
            error = low + span * share - rating
            slope = error * span * share * (1 - share)
        else:
            error = z - rating
            slope = error
        squares += tl.where(there, error * error, 0.0)
        total += tl.where(there, slope, 0.0)[:, None] * gathered
    tl.store(sums + piece * width + column, tl.sum(total, 0), inside)
    tl.store(squared_errors + piece, tl.sum(squares, 0))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Ratings sorted by one side and cut into pieces.

    `starts` (n_rows + 1,) are where rows begin in `others` and `ratings`; `row_of` and `begins`
    (at least as many as pieces,) say which row a piece belongs to and where it begins; `pieces`
    (n_rows + 1,) count the pieces before each row.
    """

    starts: Tensor
    others: Tensor
    ratings: Tensor
    row_of: Tensor
    begins: Tensor
    pieces: Tensor

    @staticmethod
    def by(rows: Tensor, others: Tensor, ratings: Tensor, n_rows: int) -> _Sorted:
        """Sorted and cut without asking the device how many pieces there are: some stay empty."""
        order = torch.argsort(rows, stable=True)
        starts = torch.searchsorted(rows[order], _numbers(n_rows + 1, rows))
        pieces = _running((starts.diff() + PIECE - 1) // PIECE)
        number = _numbers(n_rows + len(rows) // PIECE, pieces)
        row_of = (torch.searchsorted(pieces, number, right=True) - 1).clamp(max=n_rows - 1)
        begins = starts[row_of] + (number - pieces[row_of]) * PIECE
        return _Sorted(starts, others[order], ratings[order], row_of, begins, pieces)

    def gradient(
        self, rows: Tensor, other_rows: Tensor, output: Tensor, ranged: bool
    ) -> tuple[Tensor, Tensor]:
        """The gradient of ½ Σ error² on `rows`, (n_rows, width), and Σ error², ()."""
        n, width = len(self.row_of), rows.shape[1]
        sums, squared_errors = rows.new_empty(n, width), rows.new_empty(n)
        kernel: Any = _piece_pass
        kernel[(n,)](
            self.row_of, self.begins, self.starts, self.others, self.ratings,
            rows, other_rows, output, sums, squared_errors, width,
            lanes=triton.next_power_of_2(width), at_once=_AT_ONCE, longest=PIECE, ranged=ranged,
            num_warps=1,
        )  # fmt: skip
        whole = torch.segment_reduce(sums, "sum", offsets=self.pieces, axis=0, initial=0.0)
        return whole, squared_errors.sum(dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class TritonPass:
    """Gradients of ½ Σ error² over given ratings, for rows of users and items on a CUDA device."""

    by_user: _Sorted
    by_item: _Sorted
    output: Tensor
    ranged: bool

    @staticmethod
    def of(
        users: Tensor, items: Tensor, ratings: Tensor, shape: tuple[int, int], output: Output
    ) -> TritonPass:
        """For ratings (n,) of `shape` users and items."""
        numbers = [output.centre, output.low, output.span]
        return TritonPass(
            _Sorted.by(users, items, ratings, shape[0]),
            _Sorted.by(items, users, ratings, shape[1]),
            torch.tensor(numbers, dtype=ratings.dtype, device=ratings.device),
            output.span > 0,
        )

    def gradients(self, users: Tensor, items: Tensor) -> tuple[list[Tensor], Tensor]:
        """Both sides' gradients and Σ error². The gradients have the shape of the rows, (n,
        width)."""
        of_users, squared_error = self.by_user.gradient(users, items, self.output, self.ranged)
        of_items, _ = self.by_item.gradient(items, users, self.output, self.ranged)
        return [of_users, of_items], squared_error


def _numbers(n: int, like: Tensor) -> Tensor:
    """0 … n − 1 in the type and on the device of `like`."""
    return torch.arange(n, dtype=like.dtype, device=like.device)


def _running(counts: Tensor) -> Tensor:
    """Counts (n,) → the counts before each and in all, (n + 1,)."""
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
