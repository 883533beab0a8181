"""Strongly connected components, judged by scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from xlcollab.plan.components import components, find_cycle

_graphs = st.integers(1, 12).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, n - 1), max_size=4, unique=True), min_size=n, max_size=n
    )
)


@given(_graphs)
def test_the_same_components_as_scipy_each_after_its_needs(edges: list[list[int]]) -> None:
    matrix = np.zeros((len(edges), len(edges)))
    for node, needs in enumerate(edges):
        matrix[node, needs] = 1
    _, labels = connected_components(csr_matrix(matrix), connection="strong")
    found = components(edges)
    assert sorted(node for part in found for node in part) == list(range(len(edges)))
    assert len(found) == labels.max() + 1
    place = {}
    for number, part in enumerate(found):
        assert len({labels[node] for node in part}) == 1
        place.update(dict.fromkeys(part, number))
    assert all(place[target] <= place[node] for node, needs in enumerate(edges) for target in needs)


def test_a_chain_of_a_hundred_thousand_overflows_no_stack() -> None:
    count = 100_000
    edges = [[node + 1] if node + 1 < count else [] for node in range(count)]
    assert len(components(edges)) == count


def test_a_cycle_is_found() -> None:
    assert find_cycle([[1], [2], [1], [0]], {0, 1, 2, 3}) == [1, 2]
