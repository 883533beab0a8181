"""Excel's 15 digits: where they decide what is equal, and what a difference leaves."""

from __future__ import annotations

from xlcollab.kernels.numbers.later import Tensor, torch

_DIGITS = 15
"""Excel's precision, as its specification has it."""
_NEAR = 1e-14
"""Numbers further apart than this part of themselves differ in 15 digits."""


def same_digits(a: Tensor, b: Tensor) -> Tensor:
    """Which numbers are different and yet the same in their first 15 significant digits. A mask of
    their common shape."""
    a, b = torch.broadcast_tensors(a.detach(), b.detach())
    size = torch.maximum(a.abs(), b.abs())
    near = (a != b) & ((a - b).abs() <= _NEAR * size) & torch.isfinite(size)
    if not bool(near.any()):
        return near
    pairs = zip(a[near].tolist(), b[near].tolist(), strict=True)
    same = [_written(x) == _written(y) for x, y in pairs]
    return near.masked_scatter(near, torch.tensor(same, device=a.device))


def _written(x: float) -> str:
    return f"{x:.{_DIGITS - 1}e}"


def added(a: Tensor, b: Tensor) -> Tensor:
    """a + b, and 0 where the two cancel in all their 15 digits: the last addition of a formula.

    Excel does so for the operator that is worked out last, and SUM for its last addition, lest 0.1
    + 0.2 − 0.3 show 5.55E-17. It has their common shape.
    """
    total = a + b
    return torch.where(same_digits(a, -b), 0.0, total)
