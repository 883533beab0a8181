"""Of copies of one formula some cannot be worked out: they are told of, all others computed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.engine import workbook
from xlcollab.grid import Scalar
from xlcollab.kernels.trace.evaluation import _MOST_TRIES
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import column_letters

Grid = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


def computed(bad: Grid) -> tuple[Grid, list[str]]:
    """Which copies have their value, and the reasons why others have none, where a service is asked
    in the `bad` ones; that each cell is either right or refused is looked at."""
    columns = bad.shape[1]
    shown: dict[str, Scalar] = {}
    for (row, column), asks in np.ndenumerate(bad):
        x, test, copy = (
            f"{column_letters(column + shift)}{row + 1}" for shift in (0, columns, 2 * columns)
        )
        shown |= {x: float(10 * row + column), test: bool(asks)}
        shown[copy] = f'=IF({test},WEBSERVICE("u"),{x}*2)'
    book = workbook(shown)
    done = recalculate(build_plan(book))
    state = np.zeros(bad.shape, np.int64)
    for family, block in done.results:
        values = Context(book.texts).values(block)
        for (row, column), value in zip(family.rect.cells(), values, strict=True):
            assert value == 2.0 * (10 * row + column - 2 * columns)
            state[row, column - 2 * columns] += 1
    for refused in done.unsupported:
        for row, column in refused.area.rect.cells():
            state[row, column - 2 * columns] += 10
    assert set(np.unique(state)) <= {1, 10}
    return state == 1, [refused.reason for refused in done.unsupported]


SHAPES = [(1, 1), (1, 2), (2, 1), (3, 1), (1, 7), (9, 1), (4, 5), (13, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_the_good_copies_are_computed(shape: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(shape[0])
    bad = rng.random(shape) < share
    good, reasons = computed(bad)
    assert np.array_equal(good, ~bad)
    assert len(reasons) == (1 if bad.all() else bad.sum())
    assert all("WEBSERVICE asks a service" in one for one in reasons)


@pytest.mark.parametrize("size", [2, 8, 30])
def test_copies_that_all_fail_are_told_of_once(size: int) -> None:
    good, reasons = computed(np.ones((size, 1), np.bool_))
    assert not good.any()
    assert len(reasons) == 1


def test_one_among_many_is_found_wherever_it_stands() -> None:
    for place in (0, 29, 59):
        bad = np.zeros((60, 1), np.bool_)
        bad[place] = True
        good, _ = computed(bad)
        assert np.array_equal(good, ~bad)


def test_where_very_many_fail_the_search_ends() -> None:
    """Every second of 800: more parts than are tried, so that good ones are among what is kept."""
    bad = np.arange(800).reshape(-1, 1) % 2 == 0
    good, reasons = computed(bad)
    assert not (good & bad).any()
    assert 0 < good.sum() < 400
    assert len(reasons) <= _MOST_TRIES
