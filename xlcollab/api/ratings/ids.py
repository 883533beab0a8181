"""Ids as they are typed in a shell and shown in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.errors import DataError
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.vocabulary import Id


def known_or_text(ids: Vocabulary, text: str) -> Id:
    """The id that is written so, or the text itself where none is."""
    try:
        return ids.parse(text)
    except DataError:
        return text


def as_written(known: Vocabulary, given: Sequence[Id]) -> list[Id]:
    """The same ids, where unknown ones are known by how they are written: 14 is "14"."""
    found, numbers = list(given), known.numbers(given, "negative")
    there = np.flatnonzero(numbers >= 0)
    for at, one in zip(there.tolist(), known.ids(numbers[there]), strict=True):
        found[at] = one
    for at in np.flatnonzero(numbers < 0).tolist():
        with suppress(DataError):
            found[at] = known.parse(str(given[at]))
    return found


def named_as(known: Vocabulary, own: Vocabulary) -> Vocabulary:
    """`own` with its ids as they are written among those `known`; as it is where it tells ids apart
    that are written alike."""
    if own.index.dtype == known.index.dtype == np.int64:
        return own
    found = pd.Index(as_written(known, own.index.tolist()))
    return Vocabulary(found, own.kind) if found.is_unique else own


def json_id(value: Any) -> Any:
    """An id as JSON holds it: texts and numbers as they are, dates as their text."""
    return value if isinstance(value, str | int | float) else str(value)
