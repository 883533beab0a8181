"""How columns of numbers look, how wide they are, and where axes end: each at its borders."""

from __future__ import annotations

import numpy as np
import pytest

from xlcollab.grid import Look, NewSheet, Scalar
from xlcollab.grid.changes import look_in
from xlcollab.history.axes import (
    around,
    ends,
    is_spaced_by_factors,
    log_around,
    log_base,
    wants_log,
)
from xlcollab.history.page import look_of, number_width, top, top_looks, widths_of
from xlcollab.history.report import ENDLESS, Report, Section, report_sheet
from xlcollab.history.tables import looks_of_lines, widths_of_lines

LOOKS = [
    ([], "whole"),
    ([np.nan, np.inf], "whole"),
    ([1.0, -3.0, np.nan], "whole"),
    ([999_999_999.0], "whole"),
    ([1e9], "tiny"),
    ([0.5, 3.0], "number"),
    ([-0.5, 9_999.5], "number"),
    ([0.5, 10_000.5], "large"),
    ([-20_000.5, 0.0], "large"),
    ([0.0009, 0.0], "tiny"),
    ([0.001, 0.0], "number"),
    ([-0.0009], "tiny"),
    ([0.5, 1e9 + 0.5], "tiny"),
    ([0.5, 0.0004], "wide"),
    ([0.5, 0.0006], "number"),
    ([-0.5, 0.0004], "number"),
    ([0.0004, 10_000.5], "large"),
]


@pytest.mark.parametrize(("values", "look"), LOOKS, ids=str)
def test_a_column_shows_four_to_six_digits(values: list[float], look: str) -> None:
    assert look_of(values) == look


@pytest.mark.parametrize("others", [[10.0, 60.0], [0.25, 6.5], [0.0004, 0.5], []])
def test_what_has_no_end_fits_beside_any_digits(others: list[float]) -> None:
    lines = [["a", value] for value in [*others, ENDLESS, -ENDLESS]]
    sheet = report_sheet(Report("S", "word", "Title", "text", [Section("t", ("x", "y"), lines)]))
    cells = [(row, line[1]) for row, line in enumerate(sheet.rows) if line[:1] == ["a"]]
    shown = [(value, sheet.look(row, 1, value)) for row, value in cells]
    assert [look for value, look in shown if abs(value) >= ENDLESS] == ["tiny", "tiny"]
    assert all(look != "tiny" for value, look in shown if abs(value) < ENDLESS)


ODD = [
    ("number", 0.0, "number"),
    ("number", -5.1e-5, "number"),
    ("number", 6.49e-6, "fine"),
    ("number", -6.49e-8, "tiny"),
    ("number", 1e15, "tiny"),
    ("large", -0.0051, "large"),
    ("large", 0.004, "number"),
    ("large", -4e-5, "fine"),
    ("large", 4e-7, "tiny"),
    ("whole", 4e-7, "whole"),
]


@pytest.mark.parametrize(("column", "value", "look"), ODD, ids=str)
def test_no_number_of_a_column_is_shown_as_nought(column: Look, value: float, look: Look) -> None:
    assert look_in(column, value) == look
    sheet = NewSheet("s", [[value]], column_looks={0: column})
    assert sheet.look(0, 0, value) == look
    assert look in sheet.looks


LINES = [
    ([1.0, 250_000.0], "whole"),
    ([999_999_999_999_999.0], "whole"),
    ([0.5, -2.3], "tenths"),
    ([0.5, 9_999.5], "tenths"),
    ([0.5, 10_000.5], "large"),
    ([0.5, 0.25], "number"),
]


@pytest.mark.parametrize(("values", "look"), LINES, ids=str)
def test_tenths_are_shown_as_such(values: list[float], look: str) -> None:
    assert looks_of_lines([["text", value, True, None] for value in values]) == {1: look}


WIDTHS = [
    ("number", [1.0], 11.0),
    ("number", [np.nan], 11.0),
    ("percent", [1e20], 11.0),
    ("number", [1.0, 123_456_789.5], 16.0),
    ("number", [-123_456_789.5, 1.0], 17.0),
    ("large", [12_345_678.5, 0.0], 12.0),
    ("large", [-123_456_789.0, 99_999.5], 14.0),
    ("fine", [12_345.5, 0.0], 14.0),
    ("tiny", [1e-300, 1e300], 12.0),
    ("whole", [12_345_678_901.0], 13.0),
    ("tenths", [123_456_789_012.5], 16.0),
    ("wide", [12_345_678.5], 15.0),
]


@pytest.mark.parametrize(("look", "values", "width"), WIDTHS, ids=str)
def test_numbers_have_room(look: str, values: list[float], width: float) -> None:
    assert number_width(look, values) == width


def test_columns_are_as_wide_as_their_texts_within_bounds() -> None:
    rows: list[list[Scalar]] = [["x" * 20, 1.0], ["y" * 90, "short"], ["z"]]
    assert widths_of(["a", "a heading of words", None], rows) == {0: 60.0, 1: 11.0, 2: 11.0}
    assert widths_of(["incomprehensibly long", "b"], rows[:1]) == {0: 22.0, 1: 11.0}
    far: list[list[Scalar]] = [["x"]] * 199
    assert widths_of(["a"], [*far, ["x" * 30]]) == {0: 32.0}
    assert widths_of(["a"], [*far, ["x"], ["x" * 30]]) == {0: 11.0}
    lines: list[list[Scalar]] = [["x" * 20, 123_456_789.5, 5.0]]
    found = widths_of_lines(["a", "b", "c"], lines, {1: "number"})
    assert found == {0: 22.0, 1: 16.0, 2: 11.0}


AROUND = [
    ([1.0, 9.0], 0.0, (0.0, 10.0)),
    ([0.12, 0.57], 0.0, (0.1, 0.6)),
    ([-3.0, 4.0], 0.0, (-4.0, 4.0)),
    ([0.0, 6.0], 0.0, (0.0, 6.0)),
    ([0.0, 6.1], 0.0, (0.0, 8.0)),
    ([100.0, 101.0], 0.0, (100.0, 101.0)),
    ([0.0, 10.0], 0.1, (-2.0, 12.0)),
    ([0.0, 24_000.0], 0.0, (0.0, 25_000.0)),
    ([5.0, 5.0], 0.0, None),
    ([], 0.0, None),
    ([np.nan, np.inf, 3.0], 0.0, None),
    ([0.0, 1e-301], 0.0, None),
    ([-1.7e308, 1.7e308], 0.0, None),
]


@pytest.mark.parametrize(("values", "margin", "axis"), AROUND, ids=str)
def test_an_axis_goes_from_line_to_line(
    values: list[float], margin: float, axis: tuple[float, float] | None
) -> None:
    assert around(np.array(values), margin) == axis


def test_an_axis_that_ends_with_the_data() -> None:
    assert ends(np.array([3.0, np.nan, -1.0, np.inf])) == (-1.0, 3.0)
    assert ends(np.array([np.nan])) is None
    assert ends(np.array([2.0, 2.0])) is None


LOG = [
    ([1.0, 20.0], False),
    ([1.0, 20.5], True),
    ([1.0, 1.1, 1.2, 1.3, 5.5], True),
    ([1.0, 1.1, 1.2, 1.3, 5.0], False),
    ([1.0, 2.0, 3.0, 4.0, 5.5], False),
    ([0.0, 100.0], False),
    ([-1.0, 100.0], False),
    ([np.nan], False),
    ([np.nan, 1.0, 30.0, np.inf], True),
]


@pytest.mark.parametrize(("values", "log"), LOG, ids=str)
def test_a_logarithmic_axis_is_for_what_spans_much(values: list[float], log: bool) -> None:
    assert wants_log(np.array(values)) is log


def test_what_is_spaced_by_factors_lies_at_the_bottom() -> None:
    assert is_spaced_by_factors(np.array([0.01, 0.1, 1.0]))
    assert not is_spaced_by_factors(np.array([1.0, 20.0, 30.0]))
    assert not is_spaced_by_factors(np.array([1.0, 2.0, 3.0]))
    assert not is_spaced_by_factors(np.array([1.0, 2.0, 19.0]))


def test_logarithmic_lines_stand_at_powers() -> None:
    assert log_base(np.array([1.0, 100.0])) == 2.0
    assert log_base(np.array([1.0, 101.0])) == 10.0
    assert log_base(np.array([5.0, 5.0])) == 10.0
    assert log_base(np.array([0.0, 5.0])) == 10.0
    assert log_around(np.array([3.0, 50.0])) == (2.0, 64.0)
    assert log_around(np.array([1.0, 64.0])) == (1.0, 64.0)
    assert log_around(np.array([0.03, 50.0])) == pytest.approx((0.01, 100.0), rel=1e-12)
    assert log_around(np.array([0.0, 5.0])) is None
    assert log_around(np.array([5.0])) is None


def test_rows_above_a_table_say_what_it_is() -> None:
    assert top("Title", "what was done") == [["Title"], ["Written by xlcollab: what was done"], []]
    assert top("Title", "") == [["Title"], ["Written by xlcollab."], []]
    assert top_looks() == {0: "title", 1: "note", 3: "head"}
    assert top_looks({1: "head", 7: "section"}) == {0: "title", 1: "head", 3: "head", 7: "section"}
