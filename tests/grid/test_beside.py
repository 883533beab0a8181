"""Labels beside an area: the nearest full line of different ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from xlcollab.files import FileBook
from xlcollab.grid.beside import labels_beside
from xlcollab.grid.workbook import Sheet
from xlcollab.ref import Rect, parse_area

AREA = "S!C4:E5"


def rect(text: str) -> Rect:
    return parse_area(text, "S").rect


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    cells = {
        "C1": "too", "D1": "far", "E1": "away",
        "C2": 27.0, "D2": 49.0, "E2": 57.0,
        "C3": 0.5, "D3": 0.25, "E3": 0.125,
        "A4": "Ada", "A5": "Bob", "B4": 1.5, "B5": 2.5,
        "C6": "below", "D6": "the", "E6": "area",
    }  # fmt: skip
    return FileBook(build(tmp_path / "book.xlsx", {"S": cells})).read().sheet("S")


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"across": True}, ("27", "49", "57")),
        ({"across": False}, ("Ada", "Bob")),
        ({"across": True, "taken": [rect("C2:E2")]}, ("too", "far", "away")),
        ({"across": True, "taken": [rect("C1:E2")]}, None),
        ({"across": True, "taken": [rect("C1:E2")], "behind": True}, ("below", "the", "area")),
        ({"across": True, "far": 1}, None),
        ({"across": False, "far": 1}, None),
    ],
)
def test_the_nearest_line_of_different_labels(
    sheet: Sheet, options: dict[str, object], texts: tuple[str, ...] | None
) -> None:
    found = labels_beside(sheet, rect(AREA), **options)  # type: ignore[arg-type]
    assert (found and found.texts) == texts


def test_equal_texts_are_no_labels(tmp_path: Path) -> None:
    cells = {"A1": "same", "B1": "same", "A2": 1.0, "B2": 2.0}
    sheet = FileBook(build(tmp_path / "book.xlsx", {"S": cells})).read().sheet("S")
    assert labels_beside(sheet, rect("A2:B2"), across=True) is None
