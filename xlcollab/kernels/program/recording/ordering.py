"""Torch's searches and sorts in terms of the core program: numbers are counted, each with each.

That is the square of what sorting costs, so only short lists are; the programs need no branch for
it, and all points of a population take the same way.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from xlcollab.kernels.program.core.graph import NotLoweredError, Placed, View
from xlcollab.kernels.program.core.strides import Dims, row_major
from xlcollab.kernels.program.recording.recorder import Recorder

_MOST_PAIRS = 1 << 16
"""Comparisons of one search or sort."""


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

    Raises NotLoweredError for options that are none of ours, and for many numbers.
    """
    if any(value not in (None, False) for value in options.values()):
        raise NotLoweredError(f"options {options}")
    _refuse_many(wanted.numel() * keys.shape[-1])
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
    """A stable sort: each number goes where as many come before it. Not-a-number makes all of its
    row that, as it is for those who read such a row."""
    axis, graph = dim % max(x.dim(), 1), recorder.graph
    count = x.shape[axis]
    _refuse_many(x.numel() * count)
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


def _refuse_many(pairs: int) -> None:
    if pairs > _MOST_PAIRS:
        raise NotLoweredError("a search or sort of many numbers")
