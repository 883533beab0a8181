"""Torch's searches and sorts in terms of the core program.

Few numbers are counted, each with each: that has a form as formulas, for engines that take those,
and all points of a population take the same way. Counting is the square of what sorting costs, so
more numbers are sorted by an instruction that finds their places.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from xlcollab.kernels.program.core.graph import NotLoweredError, Placed, View
from xlcollab.kernels.program.core.strides import Dims, row_major
from xlcollab.kernels.program.recording.recorder import Recorder

_MOST_PAIRS = 1 << 13
"""Comparisons of one search or sort by counting."""
_MOST_COUNTED = 64
"""Numbers of a row that is sorted by counting."""


def searchsorted(
    recorder: Recorder,
    out: Tensor,
    keys: Tensor,
    wanted: Tensor,
    *,
    right: bool = False,
    **options: object,
) -> None:
    """How many of the ascending keys, along the last axis, lie below each wanted number; with
    `right` those count that equal it.

    Raises NotLoweredError for options that are none of ours.
    """
    if any(value not in (None, False) for value in options.values()):
        raise NotLoweredError(f"options {options}")
    if wanted.numel() * keys.shape[-1] > _MOST_PAIRS:
        _search(recorder, out, keys, wanted, "upto" if right else "")
        return
    shape = (*wanted.shape, keys.shape[-1])
    one, other = recorder.view(keys), recorder.view(wanted)
    leading = one.strides[:-1] if keys.dim() == wanted.dim() else (0,) * (wanted.dim() - 1)
    key = View(one.node, one.offset, (*leading, 0, one.strides[-1]), one.held)
    sought = View(other.node, other.offset, (*other.strides, 0), other.held)
    below = recorder.graph.map("le" if right else "lt", shape, key, sought)
    recorder.owns(out, _summed(recorder, below, shape))


def sort(
    recorder: Recorder,
    out: tuple[Tensor, Tensor],
    x: Tensor,
    dim: int = -1,
    descending: bool = False,
    **options: object,
) -> None:
    """A stable sort: each number goes where as many come before it. Of few numbers one that is
    none makes all of its row that, as it is for those who read such a row; of more it is the
    greatest."""
    axis, graph = dim % max(x.dim(), 1), recorder.graph
    count = x.shape[axis]
    if count > _MOST_COUNTED or x.numel() * count > _MOST_PAIRS:
        _by_places(recorder, out, x, axis, "falling" if descending else "")
        return
    rest = [a for a in range(x.dim()) if a != axis]
    shape = (*(x.shape[a] for a in rest), count, count)
    view = recorder.view(x)
    outer = tuple(view.strides[a] for a in rest)
    here = View(view.node, view.offset, (*outer, view.strides[axis], 0), view.held)
    there = View(view.node, view.offset, (*outer, 0, view.strides[axis]), view.held)
    rank = _ranks(recorder, here, there, shape, descending=descending)
    step = View(graph.constant(np.arange(float(count))), 0, (*(0,) * len(rest), 1, 0))
    falls = graph.map(
        "eq", shape, step, View(rank.node, 0, (*rank.strides[:-1], 0, rank.strides[-1]))
    )
    nothing = graph.scalar(0.0, shape)
    values = _summed(recorder, graph.map("where", shape, falls, there, nothing), shape)
    number = View(step.node, 0, (*(0,) * len(rest), 0, 1))
    places = _summed(recorder, graph.map("where", shape, falls, number, nothing), shape)
    fine = graph.map("eq", shape, there, there)
    known = graph.map(
        "eq", shape[:-1], _summed(recorder, fine, shape), graph.scalar(count, shape[:-1])
    )
    values = graph.map("where", shape[:-1], known, values, graph.scalar(math.nan, shape[:-1]))
    for result, found in zip(out, (values, places), strict=True):
        recorder.owns(result, _turned(found, [*rest, axis]))


def _ranks(recorder: Recorder, here: View, there: View, shape: Dims, *, descending: bool) -> View:
    """How many of a row come before each of its numbers, along `shape` without its last axis."""
    graph, count = recorder.graph, shape[-1]
    pair = (there, here) if not descending else (here, there)
    earlier = graph.constant(np.tril(np.ones((count, count)), -1))
    first = View(earlier, 0, (*(0,) * (len(shape) - 2), count, 1))
    equal = graph.map("mul", shape, graph.map("eq", shape, here, there), first)
    before = graph.map("add", shape, graph.map("lt", shape, *pair), equal)
    return _summed(recorder, before, shape)


def _summed(recorder: Recorder, view: View, shape: Dims) -> View:
    """The sums along the last axis, seen along the others."""
    steps = row_major(shape[:-1])
    placed = Placed(view, shape, 0, (*steps, 0))
    return View(recorder.graph.place(math.prod(shape[:-1]), [placed]), 0, steps)


def _turned(view: View, axes: list[int]) -> View:
    """A view along axes in this order as one along axes 0, 1, …"""
    strides = [0] * len(axes)
    for axis, step in zip(axes, view.strides, strict=True):
        strides[axis] = step
    return View(view.node, view.offset, tuple(strides), view.held)


def _search(recorder: Recorder, out: Tensor, keys: Tensor, wanted: Tensor, mode: str) -> None:
    """By halving: rows of keys that each have their own wanted numbers, or one row for all."""
    rows = 1 if keys.dim() == 1 else math.prod(wanted.shape[:-1])
    graph, count = recorder.graph, wanted.numel() // max(rows, 1)
    asked = graph.seen(recorder.view(wanted), tuple(wanted.shape), (rows, count))
    length = keys.shape[-1]
    held = graph.seen(recorder.view(keys), tuple(keys.shape), (rows, length))
    found = graph.search((rows, length, count), held, asked, mode)
    recorder.owns(out, graph.seen(found, (rows, count), tuple(out.shape)))


def _by_places(
    recorder: Recorder, out: tuple[Tensor, Tensor], x: Tensor, axis: int, mode: str
) -> None:
    """The numbers picked from where they stand."""
    graph, count = recorder.graph, x.shape[axis]
    axes = [*(a for a in range(x.dim()) if a != axis), axis]
    shape = tuple(x.shape[a] for a in axes)
    view = recorder.view(x)
    turned = View(view.node, view.offset, tuple(view.strides[a] for a in axes), view.held)
    places = graph.order(shape, turned, mode)
    values = graph.pick(graph.dense(turned, shape), places, shape, view.held)
    first = count * np.arange(float(x.numel() // max(count, 1)))
    starts = View(graph.constant(first), 0, (*row_major(shape[:-1]), 0))
    for result, found in zip(out, (values, graph.map("sub", shape, places, starts)), strict=True):
        recorder.owns(result, _turned(found, axes))
