"""Views by strides, against numpy's."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

from xlcollab.kernels.program.core.strides import (
    is_dense,
    merged,
    refined,
    reshaped,
    row_major,
    split,
)

SIZES = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)
STEPS = st.integers(0, 5)


@st.composite
def views(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A shape and strides along it."""
    shape = draw(SIZES)
    return shape, tuple(draw(STEPS) for _ in shape)


def seen(shape: tuple[int, ...], strides: tuple[int, ...]) -> list[int]:
    """The places that a view reads, in order."""
    buffer = np.arange(1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)))
    return as_strided(buffer, shape, [s * buffer.itemsize for s in strides]).reshape(-1).tolist()


@given(SIZES)
@settings(derandomize=True)
def test_row_major_is_numpys_order(shape: tuple[int, ...]) -> None:
    assert seen(shape, row_major(shape)) == list(range(prod(shape)))
    assert is_dense(shape, 0, row_major(shape), prod(shape))


@given(views())
@settings(derandomize=True)
def test_merging_keeps_what_is_seen(view: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    shape, (strides,) = merged(view[0], view[1])
    assert seen(shape, strides) == seen(*view)
    assert 1 not in shape


@given(views(), SIZES)
@settings(derandomize=True)
def test_another_shape_shows_the_same(
    view: tuple[tuple[int, ...], tuple[int, ...]], wanted: tuple[int, ...]
) -> None:
    shape, strides = view
    if prod(shape) != prod(wanted):
        wanted = (prod(shape),)
    found = reshaped(shape, strides, wanted)
    if found is not None:
        assert seen(wanted, found) == seen(shape, strides)


@given(SIZES, SIZES)
@settings(derandomize=True)
def test_a_refinement_holds_both_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if prod(a) != prod(b):
        b = tuple(reversed(a))
    finer = refined(a, b)
    if finer is not None:
        for shape in (a, b):
            assert seen(finer, split(shape, row_major(shape), finer)) == list(range(prod(a)))
