"""Excel's wildcards: `*` any text, `?` one character, `~` takes the next one literally."""

from __future__ import annotations

import re
from functools import lru_cache

from xlcollab.kernels.text.texts import folded

_SPECIAL = "*?~"


def has_wildcard(text: str) -> bool:
    return any(mark in text for mark in _SPECIAL)


def wildcard_source(text: str) -> str:
    """A text with wildcards as the source of a regular expression."""
    parts, position = [], 0
    while position < len(text):
        mark = text[position]
        if mark == "~" and text[position + 1 : position + 2] in tuple(_SPECIAL):
            position += 1
            parts.append(re.escape(text[position]))
        else:
            parts.append({"*": ".*", "?": "."}.get(mark) or re.escape(mark))
        position += 1
    return "".join(parts)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(wildcard_source(folded(text)), re.DOTALL)


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether the whole `text` fits, case aside."""
    return _pattern(pattern).fullmatch(folded(text)) is not None
