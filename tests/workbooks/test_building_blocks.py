"""What the sheets of building_blocks.xlsx say of themselves holds in their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workbooks.made import number, read
from xlcollab.grid import Workbook
from xlcollab.ref import Rect


@pytest.fixture(scope="module")
def book() -> Workbook:
    return read("building_blocks.xlsx")


def block(book: Workbook, sheet: str, rect: Rect) -> np.ndarray:
    return book.sheet(sheet).block(rect)[1]


def test_one_hot_times_the_table_is_the_row_looked_up(book: Workbook) -> None:
    ones = block(book, "one_hot", Rect(5, 1, 6, 11))
    assert (ones.sum(axis=1) == 1).all()
    product = block(book, "one_hot", Rect(5, 13, 6, 3))
    found = block(book, "one_hot", Rect(5, 17, 6, 3))
    np.testing.assert_allclose(product, found, atol=1e-12)
    table = block(book, "one_hot", Rect(14, 1, 11, 3))
    np.testing.assert_allclose(product, ones @ table, atol=1e-12)
    assert not block(book, "one_hot", Rect(5, 21, 6, 3)).any()


def test_the_sigmoid_stays_within_its_ends_and_its_slope_is_its_slope(book: Workbook) -> None:
    rows = block(book, "with_or_without", Rect(8, 0, 21, 7))
    sums, plain, squeezed, slopes = rows[:, 0], rows[:, 1], rows[:, 4], rows[:, 6]
    np.testing.assert_allclose(plain, 3 + sums)
    np.testing.assert_allclose(squeezed, 5.5 / (1 + np.exp(-sums)), rtol=1e-12)
    nudged = [5.5 / (1 + np.exp(-(sums + step))) for step in (-1e-5, 1e-5)]
    np.testing.assert_allclose(slopes, (nudged[1] - nudged[0]) / 2e-5, rtol=1e-6)
    beyond = block(book, "with_or_without", Rect(9, 9, 1, 2))[0]
    assert beyond[0] > 0
    assert beyond[1] == 0


def test_dropout_is_right_on_average(book: Workbook) -> None:
    kept = block(book, "dropout", Rect(10, 10, 40, 8))
    units = block(book, "dropout", Rect(6, 1, 1, 8))
    draws = block(book, "dropout", Rect(10, 1, 40, 8))
    np.testing.assert_allclose(kept, np.where(draws < 0.3, 0.0, units / 0.7), rtol=1e-12)
    mean, whole = (number(book, "dropout", name) for name in ("mean_output", "all_units"))
    error = number(book, "dropout", "spread") / np.sqrt(40)
    assert abs(mean - whole) < 3 * error


def test_the_learning_rate_found_is_one_that_falls(book: Workbook) -> None:
    losses = block(book, "learning_rate", Rect(8, 7, 44, 1)).ravel()
    rates = block(book, "learning_rate", Rect(8, 1, 44, 1)).ravel()
    lowest = int(losses.argmin())
    assert 0 < lowest < len(losses) - 1
    assert losses[-1] > losses[0] > losses[lowest]
    suggested = number(book, "learning_rate", "suggested")
    assert suggested == pytest.approx(rates[lowest] / 10)


def test_a_penalty_between_none_and_much_has_the_lowest_test_error() -> None:
    sheet = read("trained/building_blocks.swept.xlsx").sheet("penalty sweep")
    texts = [[sheet.value(row, column) for column in range(sheet.width)] for row in range(8)]
    top, heads = next((row, one) for row, one in enumerate(texts) if "test RMSE" in one)
    place = heads.index("test RMSE")
    errors = [float(str(sheet.value(row, place))) for row in range(top + 1, top + 10)]
    best = int(np.argmin(errors))
    assert 0 < best < len(errors) - 1
    assert errors[best] < 0.6 * errors[0]
    assert errors[best] < 0.6 * errors[-1]
