"""Printing and parsing are each other's inverse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.formula.trees import REACH, nodes
from xlcollab.formula import Node, parse, relative_key, to_text

positions = st.integers(REACH, 60)


@given(nodes, positions, positions)
def test_a_printed_tree_parses_to_itself(node: Node, row: int, column: int) -> None:
    assert parse(to_text(node, row, column), row, column) == node


@given(nodes, positions, positions, positions, positions)
def test_copies_of_a_formula_share_key_and_nodes(
    node: Node, row: int, column: int, other_row: int, other_column: int
) -> None:
    first = to_text(node, row, column)
    second = to_text(node, other_row, other_column)
    assert relative_key(first, row, column) == relative_key(second, other_row, other_column)
    assert parse(second, other_row, other_column) == parse(first, row, column)
