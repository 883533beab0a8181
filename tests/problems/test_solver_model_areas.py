"""Cutting overlapping areas: no cell twice, none lost, order of first appearance kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xlcollab.problems.solver_model.areas import disjoint
from xlcollab.ref import AreaRef, Rect, parse_area

edges = st.integers(0, 6)
rects = st.builds(Rect, edges, edges, st.integers(1, 4), st.integers(1, 4))
areas = st.lists(st.builds(AreaRef, st.sampled_from(["S", "T"]), rects), max_size=6)


@given(areas)
def test_the_cells_and_their_order_are_those_of_the_input(given_areas: list[AreaRef]) -> None:
    in_order = dict.fromkeys(cell for area in given_areas for cell in area.cells())
    assert [cell for area in disjoint(given_areas) for cell in area.cells()] == list(in_order)


@given(areas)
def test_cutting_again_changes_nothing(given_areas: list[AreaRef]) -> None:
    assert disjoint(disjoint(given_areas)) == disjoint(given_areas)


def test_disjoint_areas_stay_whole() -> None:
    given_areas = (parse_area("S!H19:V23"), parse_area("S!B25:F39"))
    assert disjoint(given_areas) == given_areas


def test_a_hole_at_an_edge_leaves_large_pieces() -> None:
    cut = disjoint([parse_area("S!A2:A900"), parse_area("S!A1:C1000")])
    assert cut[1:] == tuple(map(parse_area, ["S!A1:C1", "S!B2:C900", "S!A901:C1000"]))
