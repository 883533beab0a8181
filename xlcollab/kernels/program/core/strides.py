"""Shapes and strides: how one buffer is seen as many arrays."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

Dims = tuple[int, ...]


def row_major(shape: Sequence[int]) -> Dims:
    """The strides of a dense array; 0 along axes of length 1."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step if size > 1 else 0)
        step *= size
    return tuple(reversed(strides))


def refined(a: Sequence[int], b: Sequence[int]) -> Dims | None:
    """The coarsest shape that both shapes (of equal size) are merges of; None if there is none."""
    left, right = [n for n in a if n > 1], [n for n in b if n > 1]
    found: list[int] = []
    while left and right:
        x, y = left.pop(), right.pop()
        low, high = min(x, y), max(x, y)
        if high % low:
            return None
        found.append(low)
        if high > low:
            (left if x > y else right).append(high // low)
    return None if left or right else tuple(reversed(found))


def split(shape: Sequence[int], strides: Sequence[int], finer: Sequence[int]) -> Dims:
    """The strides along `finer`, a refinement of `shape`."""
    pairs = [(n, s) for n, s in zip(shape, strides, strict=True) if n > 1]
    found: list[int] = []
    rest, step = pairs.pop() if pairs else (1, 0)
    for size in reversed(finer):
        found.append(step)
        rest, step = rest // size, step * size
        if rest == 1 and pairs:
            rest, step = pairs.pop()
    return tuple(reversed(found))


def merged(shape: Sequence[int], *strides: Sequence[int]) -> tuple[Dims, list[Dims]]:
    """Neighbouring axes joined wherever all of `strides` allow it; axes of length 1 dropped."""
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        own = [one[axis] for one in strides]
        if sizes and all(many[-1] == s * size for many, s in zip(steps, own, strict=True)):
            sizes[-1] *= size
            for many, s in zip(steps, own, strict=True):
                many[-1] = s
        else:
            sizes.append(size)
            for many, s in zip(steps, own, strict=True):
                many.append(s)
    return tuple(sizes), [tuple(many) for many in steps]


def reshaped(shape: Sequence[int], strides: Sequence[int], wanted: Sequence[int]) -> Dims | None:
    """The strides of the same elements, in the same order, seen as `wanted`; None if none do."""
    if tuple(shape) == tuple(wanted):
        return tuple(strides)
    finer = refined(shape, wanted)
    if finer is None:
        return None
    fine = split(shape, strides, finer)
    found: list[int] = []
    at = len(finer)
    for size in reversed(wanted):
        if size == 1:
            found.append(0)
            continue
        taken, step = 1, fine[at - 1]
        while taken < size:
            at -= 1
            if fine[at] != step * taken:
                return None
            taken *= finer[at]
        found.append(step)
    return tuple(reversed(found))


def is_dense(shape: Sequence[int], offset: int, strides: Sequence[int], size: int) -> bool:
    """Whether a view is a whole buffer of `size` in its own order."""
    if offset or prod(shape) != size:
        return False
    return all(
        n == 1 or s == own for n, s, own in zip(shape, strides, row_major(shape), strict=True)
    )
