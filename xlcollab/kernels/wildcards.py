"""Excel's wildcards: `*` any text, `?` one character, `~` takes the next one literally."""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = "*?~"


def has_wildcard(text: str) -> bool:
    return any(mark in text for mark in _SPECIAL)


@lru_cache(maxsize=1024)
def wildcard_pattern(text: str) -> re.Pattern[str]:
    """A pattern to be matched in full against casefolded texts."""
    parts, position, folded = [], 0, text.casefold()
    while position < len(folded):
        mark = folded[position]
        if mark == "~" and folded[position + 1 : position + 2] in tuple(_SPECIAL):
            position += 1
            parts.append(re.escape(folded[position]))
        else:
            parts.append({"*": ".*", "?": "."}.get(mark) or re.escape(mark))
        position += 1
    return re.compile("".join(parts), re.DOTALL)


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether the whole `text` fits, case aside."""
    return wildcard_pattern(pattern).fullmatch(text.casefold()) is not None
