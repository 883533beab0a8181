"""Excel's wildcards: `*` any text, `?` one character, `~` takes the next one literally, whatever it
is: a text with a tilde does not find itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from xlcollab.kernels.text.texts import folded

_SPECIAL = "*?~"
_ANY = ".*"
"""What a star is; no other part has this text, for a dot of the pattern itself is escaped."""


def has_wildcard(text: str) -> bool:
    return any(mark in text for mark in _SPECIAL)


def wildcard_source(text: str) -> str:
    """A text with wildcards as the source of a regular expression."""
    parts, position = [], 0
    while position < len(text):
        mark = text[position]
        if mark == "~":
            position += 1
            parts.append(re.escape(text[position : position + 1]))
        else:
            parts.append({"*": _ANY, "?": "."}.get(mark) or re.escape(mark))
        position += 1
    return "".join(parts)


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[re.Pattern[str], ...]:
    """The texts between the stars, each a pattern of fixed length."""
    return tuple(re.compile(piece, re.DOTALL) for piece in wildcard_source(text).split(_ANY))


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether the whole `text` fits, case aside.

    Each piece between two stars is taken where it is found first: nothing is tried twice, so that
    no pattern takes longer than its length times that of the text.
    """
    pieces, source = _pieces(folded(pattern)), folded(text)
    if len(pieces) == 1:
        return pieces[0].fullmatch(source) is not None
    first = pieces[0].match(source)
    if first is None:
        return False
    place = _behind(pieces[1:-1], source, first.end())
    if place is None:
        return False
    last = len(source) - _length(pieces[-1])
    return last >= place and pieces[-1].fullmatch(source, last) is not None


def find_wildcard(pattern: str, text: str, start: int = 0) -> int | None:
    """Where the first part of `text` that fits begins, from `start` on; case aside."""
    pieces = _pieces(lowered(pattern))
    source = lowered(text)
    for first in pieces[0].finditer(source, start):
        # What follows may begin anywhere behind: if it is not there now, it never will be.
        return first.start() if _behind(pieces[1:], source, first.end()) is not None else None
    return None


def lowered(text: str) -> str:
    """Case aside, character by character: places in the text stay what they are."""
    return "".join(char if len(char.lower()) > 1 else char.lower() for char in text)


def _behind(pieces: Sequence[re.Pattern[str]], source: str, place: int) -> int | None:
    """The place behind all pieces, found one after the other from `place` on."""
    for piece in pieces:
        match = piece.search(source, place)
        if match is None:
            return None
        place = match.end()
    return place


def _length(piece: re.Pattern[str]) -> int:
    """Characters that the piece takes: an escaped one is one."""
    return len(re.sub(r"\\(.)", r"\1", piece.pattern, flags=re.DOTALL))
