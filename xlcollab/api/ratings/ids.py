"""Ids as they are typed in a shell and shown in JSON."""

from __future__ import annotations

from typing import Any

from xlcollab.errors import DataError
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.vocabulary import Id


def known_or_text(ids: Vocabulary, text: str) -> Id:
    """The id that is written so, or the text itself where none is."""
    try:
        return ids.parse(text)
    except DataError:
        return text


def json_id(value: Any) -> Any:
    """An id as JSON holds it: texts and numbers as they are, dates as their text."""
    return value if isinstance(value, str | int | float) else str(value)
