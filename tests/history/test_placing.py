"""Labels of points: none lies on another, on a point or outside of the chart."""

from __future__ import annotations

import itertools
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.files import write_new_workbook
from xlcollab.grid import Away, NewSheet
from xlcollab.history.placing import label_box, pixels, placed
from xlcollab.history.points import Cloud, points_chart
from xlcollab.ref import AreaRef, Rect

SIZE = (920, 560)

POINT = st.tuples(st.floats(80, 880), st.floats(70, 470))
NAMES = st.text("abcdefgh ", min_size=1, max_size=28)


@given(st.lists(st.tuples(POINT, NAMES), min_size=1, max_size=40))
def test_no_two_labels_meet(found: list[tuple[tuple[float, float], str]]) -> None:
    points, names = np.array([point for point, _ in found]), [name for _, name in found]
    places = placed(points, names, SIZE)
    boxes = [
        label_box(tuple(point), name, place)
        for point, name, place in zip(points.tolist(), names, places, strict=True)
        if place is not None
    ]
    assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))
    for box in boxes:
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= SIZE[0]
        assert box.bottom <= SIZE[1]


def test_points_far_apart_all_have_their_label() -> None:
    points = np.array([[100.0, 100.0], [500.0, 300.0], [700.0, 450.0]])
    assert None not in placed(points, ["one", "two", "three"], SIZE)


def test_of_points_that_lie_on_one_another_most_are_left_out() -> None:
    places = placed(np.full((30, 2), 300.0) + np.arange(30)[:, None] * 0.1, ["same"] * 30, SIZE)
    assert places.count(None) >= 26


def test_a_point_in_a_crowd_has_its_label_apart_with_a_leader() -> None:
    crowd = np.array([[300.0 + 12.0 * i, 300.0 + 3.0 * (i % 2)] for i in range(8)])
    names = [f"The Film {i}" for i in range(8)]
    places = placed(crowd, names, SIZE)
    away = [number for number, place in enumerate(places) if isinstance(place, Away)]
    assert away
    assert places.count(None) <= 1
    for number in away:
        box = label_box(tuple(crowd[number]), names[number], places[number])
        assert not any(box.left < x < box.right and box.top < y < box.bottom for x, y in crowd)
        assert box.bottom <= 0.84 * SIZE[1]  # not among the numbers of the axis


def test_a_high_value_is_high_in_the_picture() -> None:
    low, high = pixels(np.array([[0.0, 0.0], [1.0, 1.0]]), ((0.0, 1.0), (0.0, 1.0)), SIZE)
    assert low[0] < high[0]
    assert low[1] > high[1]


@pytest.mark.parametrize("n", [1, 2, 40])
def test_the_file_says_where_each_label_stands(n: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(n)
    points = rng.normal(size=(n, 2)) if n > 1 else np.zeros((1, 2))
    names = [f"The Film Number {i}" for i in range(n)]
    rows = [[name, *map(float, point)] for name, point in zip(names, points, strict=True)]
    areas = [AreaRef("s", Rect(0, column, n)) for column in (1, 2)]
    chart = points_chart(Cloud(points, names, *areas), "Items", ("x", "y"), (0, 4))
    assert chart is not None
    write_new_workbook(tmp_path / "b.xlsx", [NewSheet("s", rows, charts=(chart,))])
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        drawn = archive.read("xl/charts/chart1.xml").decode()
    found = dict(re.findall(r'<c:dLbl><c:idx val="(\d+)"/>(.*?)</c:dLbl>', drawn))
    places = chart.series[0].places
    leaders = any(isinstance(place, Away) for place in places)
    assert ('<c15:showLeaderLines val="1"/>' in drawn) == leaders
    for number, place in enumerate(places):
        label = found[str(number)]
        if place is None:
            assert 'delete val="1"' in label
        elif isinstance(place, Away):
            assert f'<c:x val="{place.across / chart.width:.6g}"/>' in label
            assert f'<c:y val="{place.down / chart.height:.6g}"/>' in label
            assert '<c:dLblPos val="r"/>' in label
            assert names[number] in label
        else:
            letter = {"right": "r", "left": "l", "above": "t", "below": "b"}[place]
            assert f'<c:dLblPos val="{letter}"/>' in label
            assert names[number] in label
