"""Reading through assembled buffers: a view of one part of a `place` becomes a view of its source.

Stacked and joined arrays (`MAX(0, x)`, HSTACK, a region made of several families) then cost no
copy where only parts of them are read.
"""

from __future__ import annotations

from xlcollab.kernels.program.core.graph import Node, Placed, View
from xlcollab.kernels.program.core.strides import Dims


def forwarded(node: Node, view: View, shape: Dims) -> View | None:
    """What a view of an assembled node sees, as a view of one of its sources, or None."""
    if node.op != "place" or node.mode != "add" or not node.placed or not _apart(node):
        return None
    for part in node.placed:
        found = _within(part, view, shape)
        if found is not None:
            return found
    return None


def _apart(node: Node) -> bool:
    """Whether the parts surely fall on different elements: together they are no more than all,
    and each is dense in itself."""
    total = 0
    for part in node.placed:
        size = 1
        for n, step in zip(part.shape, part.strides, strict=True):
            if step <= 0:
                return False
            size *= n
        total += size
    return total <= node.size and not _overlapping(node)


def _overlapping(node: Node) -> bool:
    seen: set[int] = set()
    for part in node.placed:
        firsts = {
            part.offset + sum((n - 1) * s for n, s in zip(part.shape, part.strides, strict=True))
        }
        firsts.add(part.offset)
        if firsts & seen:
            return True
        seen |= firsts
    return False


def _within(part: Placed, view: View, shape: Dims) -> View | None:
    """The view through one part, if it lies in it."""
    rest = view.offset - part.offset
    if rest < 0:
        return None
    if len(part.shape) == 1:
        return _along_one(part, rest, view, shape)
    by_step = {step: axis for axis, step in enumerate(part.strides)}
    if len(by_step) != len(part.strides):
        return None
    first = [0] * len(part.shape)
    for axis in sorted(range(len(part.shape)), key=lambda axis: -part.strides[axis]):
        first[axis] = min(rest // part.strides[axis], part.shape[axis] - 1)
        rest -= first[axis] * part.strides[axis]
    if rest:
        return None
    strides, source = [], part.source
    for size, step in zip(shape, view.strides, strict=True):
        if size == 1 or step == 0:
            strides.append(0)
            continue
        own = by_step.get(step)
        if own is None or first[own] + size > part.shape[own]:
            return None
        strides.append(source.strides[own])
    offset = source.offset + sum(f * s for f, s in zip(first, source.strides, strict=True))
    return View(source.node, offset, tuple(strides), view.held or source.held)


def _along_one(part: Placed, first: int, view: View, shape: Dims) -> View | None:
    """The view through a part of one axis, `first` places behind its beginning: any number of axes
    may go along it."""
    (length,), (apart,), source = part.shape, part.strides, part.source
    steps = tuple(step if size > 1 else 0 for size, step in zip(shape, view.strides, strict=True))
    if any(place % apart or place < 0 for place in (first, *steps)):
        return None
    last = first + sum((size - 1) * step for size, step in zip(shape, steps, strict=True))
    if last // apart >= length:
        return None
    along = source.strides[0]
    strides = tuple(step // apart * along for step in steps)
    offset = source.offset + first // apart * along
    return View(source.node, offset, strides, view.held or source.held)
