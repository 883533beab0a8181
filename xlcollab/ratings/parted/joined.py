"""Tables of one kind laid together: their ids become one list, whatever types the parts had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.ratings.table import Category, RatingsTable
from xlcollab.ratings.vocabulary import Vocabulary

_SAID: Mapping[str, str] = {
    "integer": "whole numbers",
    "string": "texts",
    "floating": "numbers with a fraction",
    "boolean": "truth values",
    "datetime64": "times",
    "datetime": "times",
    "date": "dates",
    "decimal": "decimal numbers",
}
TEXTS, WHOLE = "string", "integer"


def kind_of(ids: pd.Index) -> str:
    """What all ids of a list are: "integer", "string", "date" …; whole numbers and texts mixed
    count as texts."""
    found: str = pd.api.types.infer_dtype(ids)
    return TEXTS if found == "mixed-integer" else found


def common_kind(kinds: Sequence[str], what: str) -> str:
    """What the ids of all lists become: 7 in one and "007" in another are texts, "7" and "007".

    Raises DataError where the kinds have nothing in common.
    """
    different = sorted(set(kinds))
    if len(different) == 1:
        return different[0]
    if different == [WHOLE, TEXTS]:
        return TEXTS
    said = " and ".join(_SAID.get(kind, kind) for kind in different[:2])
    raise DataError(
        f"the {what}s of its parts are of different kinds, {said}; write them alike in all of them"
    )


def as_kind(ids: pd.Index, kind: str) -> pd.Index:
    """The ids as that common kind; a text that a whole number becomes is the number as written."""
    if kind != TEXTS or pd.api.types.infer_dtype(ids) == TEXTS:
        return ids
    return pd.Index([str(one) for one in ids.tolist()], dtype=object)


def merged(vocabularies: Sequence[Vocabulary]) -> Vocabulary:
    """One vocabulary of all ids, numbered in ascending order. Raises DataError, see
    `common_kind`."""
    what = vocabularies[0].kind
    kind = common_kind([kind_of(one.index) for one in vocabularies], what)
    lists = [as_kind(one.index, kind) for one in vocabularies]
    if all(ids.dtype == np.int64 for ids in lists):
        return Vocabulary(pd.Index(np.unique(np.concatenate(lists))), what)
    every = lists[0].append(lists[1:]) if len(lists) > 1 else lists[0]
    return Vocabulary.of(every.unique(), what)[0]


def numbers_in(whole: Vocabulary, part: Vocabulary) -> NDArray[np.int32]:
    """The numbers that the ids of a part have in the whole (n,)."""
    kind = common_kind([kind_of(whole.index), kind_of(part.index)], part.kind)
    ids = as_kind(part.index, kind)
    if whole.index.dtype == np.int64 and ids.dtype == np.int64:  # no table of hashes is made
        found: NDArray[np.int32] = np.searchsorted(np.asarray(whole.index), np.asarray(ids)).astype(
            np.int32
        )
        return found
    return whole.numbers(ids)


def joined(tables: Sequence[RatingsTable]) -> RatingsTable:
    """One table of the ratings of all, in their order; what is known of ids stays behind.

    Raises DataError where ids, or times, are of kinds that have nothing in common.
    """
    if len(tables) == 1:
        return tables[0]
    users = merged([table.user_ids for table in tables])
    items = merged([table.item_ids for table in tables])
    return RatingsTable(
        np.concatenate([numbers_in(users, one.user_ids)[one.users] for one in tables]),
        np.concatenate([numbers_in(items, one.item_ids)[one.items] for one in tables]),
        np.concatenate([one.ratings for one in tables]),
        users,
        items,
        _column([one.time for one in tables]),
        _column([one.split for one in tables]),
        {name: _extra(name, tables) for name in tables[0].extra},
    )


def _column(parts: Sequence[NDArray[np.generic] | None]) -> NDArray[np.generic] | None:
    """The parts one after the other; None where one of them has no such column."""
    there = [part for part in parts if part is not None]
    if len(there) < len(parts):
        return None
    if len({part.dtype.kind in "iuf" for part in there}) > 1:
        there = [part.astype(object) for part in there]
    return np.concatenate(there)


def _extra(name: str, tables: Sequence[RatingsTable]) -> Category:
    levels = merged([table.extra[name].vocabulary for table in tables])
    parts = [
        numbers_in(levels, table.extra[name].vocabulary)[table.extra[name].numbers]
        for table in tables
    ]
    return Category(np.concatenate(parts), levels)
