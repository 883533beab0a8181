"""What was meant, perhaps."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(typed: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" with the known word that is spelt most like it; "" where none is."""
    words = {word.casefold(): word for word in known}
    near = get_close_matches(typed.casefold(), words, n=1)
    return f"; did you mean {words[near[0]]}?" if near else ""
