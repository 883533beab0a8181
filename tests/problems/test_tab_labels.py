"""What a column of a tab is called: the nearest text above its first row, or its letters."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from xlcollab.problems.tab.labels import column_label

COLUMN = ["far", " near ", None, 1.0, "  ", "first", "second", "third"]
"""From the top; the rows of data begin where a test says."""


@pytest.mark.parametrize(
    ("top", "label"),
    [(0, "C"), (1, "far"), (2, "near"), (3, "near"), (5, "near"), (6, "first"), (7, "second")],
)
def test_the_nearest_text_above(top: int, label: str) -> None:
    sheet = SimpleNamespace(value=lambda row, column: COLUMN[row])
    assert column_label(SimpleNamespace(sheet=sheet), top, 2) == label


def test_letters_where_there_is_none() -> None:
    sheet = SimpleNamespace(value=lambda row, column: 3.0)
    assert column_label(SimpleNamespace(sheet=sheet), 4, 27) == "AB"
