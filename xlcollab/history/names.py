"""Names for the sheets that a run adds."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 31
"""UTF-16 units that Excel allows in a sheet name."""


def added_name(sheet: str, what: str, taken: Iterable[str]) -> str:
    """ "dotprod", "history" → "dotprod history"; the sheet's part is shortened to fit.

    A name in `taken` (any case) gets a number: "dotprod history 2".
    """
    used = {name.casefold() for name in taken}
    name, number = _fitted(sheet, f" {what}"), 2
    while name.casefold() in used:
        name = _fitted(sheet, f" {what} {number}")
        number += 1
    return name


def _fitted(sheet: str, ending: str) -> str:
    while _length(sheet + ending) > _LONGEST:
        sheet = sheet[:-1]
    return sheet.rstrip() + ending


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
