"""The columns of a table in a terminal: numbers are never broken, and what has no room is left out
and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_BETWEEN = 3
"""Characters that a column takes beside its texts."""
_LEAST = 16
"""Characters of a longer text that a column keeps at least; the rest goes to further lines."""
_ALWAYS = 2
"""Columns that are shown whatever the room."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, broken into lines, and the least width in characters in which it can be read."""

    heading: str
    width: int
    is_firm: bool
    """Whether its cells may not be broken."""


def fitting(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool], room: int
) -> list[Column]:
    """The first columns that fit `room` characters; `numbers` says which hold numbers alone.
    Headings are broken where not all columns fit otherwise."""
    whole = [
        max(len(heading), *(len(row[place]) for row in rows), 0)
        for place, heading in enumerate(headings)
    ]
    if sum(whole) + _BETWEEN * len(whole) <= room:
        return [Column(*both, is_firm=True) for both in zip(headings, whole, strict=True)]
    found: list[Column] = []
    used = 0
    for place, heading in enumerate(headings):
        texts = [row[place] for row in rows]
        column = _column(heading, texts, is_firm=numbers[place] or place == 0)
        used += column.width + _BETWEEN
        if used > room and len(found) >= _ALWAYS:
            break
        found.append(column)
    return found


def _column(heading: str, texts: Sequence[str], *, is_firm: bool) -> Column:
    longest = max(map(len, texts), default=0)
    words = heading.split() or [""]
    wanted = longest if is_firm else min(longest, _LEAST)
    width = max(wanted, *map(len, words))
    return Column(_broken(words, width), width, is_firm)


def _broken(words: Sequence[str], width: int) -> str:
    """The words in lines of at most `width` characters."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
