"""Ids as they are typed: a text, or a number where every one of them prints back the same."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from xlcollab.ratings.places import looked_up

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_LARGEST = np.iinfo(np.int64).max


def as_typed(column: pd.Series) -> pd.Series:
    """A column of texts as categories: whole numbers if all of them read `str(number)`.

    007 and 7, 1E5 and 100000, NA and null are six different ids. Spaces around an id are none of
    it; an id that is left blank is missing (NaN).
    """
    texts = column.astype("category")
    known = texts.cat.categories.astype(str)
    stripped = known.str.strip()
    numbers = whole_numbers(stripped[stripped != ""].tolist())
    meant: pd.Index = pd.Index(stripped, dtype=object)
    if numbers is not None:
        meant = pd.Index([int(text) if text else None for text in stripped.tolist()], dtype=object)
    codes, different = pd.factorize(meant.where(stripped != "", None))
    if numbers is not None:
        different = pd.Index(different.astype(np.int64))
    place = np.append(codes, -1).astype(np.int32)
    codes = looked_up(place, np.asarray(texts.array.codes))
    found = pd.Categorical.from_codes(codes, pd.Index(different))
    return pd.Series(found, index=column.index, name=column.name, copy=False)


def whole_numbers(texts: list[str]) -> list[int] | None:
    """The numbers that all of these texts are, or None where one of them is written otherwise."""
    if not texts or not all(map(_WHOLE.fullmatch, texts)):
        return None
    numbers = list(map(int, texts))
    return numbers if max(map(abs, numbers)) <= _LARGEST else None
