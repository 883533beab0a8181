"""The labels that stand beside an area of a sheet: titles above columns, names left of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xlcollab.grid.values import Scalar
from xlcollab.grid.workbook import Sheet
from xlcollab.ref import Rect


@dataclass(frozen=True, slots=True)
class LabelLine:
    """Where a line of labels begins (row, column), and what it says, one text for each line of the
    area."""

    first: tuple[int, int]
    texts: tuple[str, ...]


def labels_beside(
    sheet: Sheet,
    rect: Rect,
    *,
    across: bool,
    taken: Sequence[Rect] = (),
    far: int | None = None,
    behind: bool = False,
    words: bool = False,
) -> LabelLine | None:
    """The nearest full line of different labels above the area (`across`), or left of it.

    At most `far` lines away; with `behind` those below or right of it come last; with `words` none
    that begins with a number. A line that begins in one of the areas `taken` holds no labels.
    """
    for places in _lines(sheet, rect, across, far, behind):
        if any(one.contains(*places[0]) for one in taken):
            continue
        if words and not isinstance(sheet.value(*places[0]), str):
            continue
        texts = _different(sheet, places)
        if texts is not None:
            return LabelLine(places[0], texts)
    return None


def _different(sheet: Sheet, places: Sequence[tuple[int, int]]) -> tuple[str, ...] | None:
    """The labels there; None as soon as one is missing or comes again."""
    found: dict[str, None] = {}
    for place in places:
        text = label(sheet.value(*place))
        if not text or text in found:
            return None
        found[text] = None
    return tuple(found)


def _lines(
    sheet: Sheet, rect: Rect, across: bool, far: int | None, behind: bool
) -> Iterator[list[tuple[int, int]]]:
    """The places along the area in each line beside it, outwards."""
    start, end = (rect.top, rect.bottom) if across else (rect.left, rect.right)
    size = sheet.height if across else sheet.width
    most = max(start, size) if far is None else far
    lines = [*range(start - 1, max(start - most, 0) - 1, -1)]
    if behind:
        lines += range(end, min(end + most, size))
    for line in lines:
        if across:
            yield [(line, column) for column in range(rect.left, rect.right)]
        else:
            yield [(row, line) for row in range(rect.top, rect.bottom)]


def label(value: Scalar) -> str:
    """What a label cell says; "" for what is no label: blanks, booleans, fractions."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return ""
