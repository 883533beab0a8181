"""Cutting labels into rectangles: a cover, disjoint, of one label each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xlcollab.plan import cover, rectangles

_labels = arrays(
    np.int32, st.tuples(st.integers(0, 7), st.integers(0, 7)), elements=st.integers(-1, 2)
)


@given(_labels)
def test_pieces_tile_the_labelled_cells(labels: np.ndarray) -> None:
    painted = np.full(labels.shape, -1, np.int32)
    for label, rect in rectangles(labels):
        assert (painted[rect.rows, rect.columns] == -1).all()
        painted[rect.rows, rect.columns] = label
    np.testing.assert_array_equal(painted, labels)


def test_a_uniform_block_is_one_piece() -> None:
    labels = np.zeros((15, 15), np.int32)
    labels[4, 4] = 1
    pieces = rectangles(labels)
    assert len([rect for label, rect in pieces if label == 1]) == 1
    assert len(pieces) == 5


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_cover_holds_exactly_the_cells(cells: set[tuple[int, int]]) -> None:
    found = [cell for rect in cover(sorted(cells)) for cell in rect.cells()]
    assert sorted(found) == sorted(cells)


def test_cover_of_nothing() -> None:
    assert cover([]) == []
