"""Ids ⇄ numbers: the only door between what users call things and what arrays are indexed by."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xlcollab.errors import DataError
from xlcollab.ratings.places import looked_up, occurring

Missing = Literal["error", "negative"]
Id = Hashable

MAX_SIZE = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The n different ids of one kind (users, items, genres …), numbered 0 … n − 1.

    Ids keep their type: integers, text, dates, whatever pandas can index. `kind` is what one id is
    called in messages.
    """

    index: pd.Index
    kind: str = "id"
    _by_text: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.index.is_unique:
            twice = self.index[self.index.duplicated()].tolist()[0]
            raise DataError(f"{self.kind} {twice!r} is listed twice; each {self.kind} once, please")

    @staticmethod
    def of(
        values: ArrayLike, kind: str = "id", first_row: int = 1
    ) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary of `values` (n,) and their numbers (n,).

        Ids are numbered in ascending order; ids that have no order (1 and "a" mixed) in order of
        first appearance. Raises DataError, naming the row, where an id is missing; `first_row` is
        the number of the first one in its source.
        """
        if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
            return _of_categories(values, kind, first_row)
        column = pd.Series(_as_ids(values, kind, first_row))
        try:
            numbers, index = pd.factorize(column, sort=True)
        except TypeError:
            numbers, index = pd.factorize(column)
        if len(numbers) and numbers.min() < 0:
            row = int(np.argmin(numbers)) + first_row
            raise DataError(f"row {row}: the {kind} is missing; give every rating a {kind}")
        return Vocabulary(pd.Index(index), kind), numbers.astype(np.int32)

    def __len__(self) -> int:
        return len(self.index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.index.equals(other.index)

    __hash__ = None  # type: ignore[assignment]  # a vocabulary is as long as its ids: no dict key

    def __contains__(self, identifier: Id) -> bool:
        return identifier in self.index

    def numbers(
        self, ids: ArrayLike | Sequence[Id], missing: Missing = "error"
    ) -> NDArray[np.int32]:
        """The numbers of `ids` (n,); an unknown id raises DataError, or gives −1 on "negative"."""
        found: NDArray[np.int32] = self.index.get_indexer(pd.Index(_column(ids))).astype(np.int32)
        if missing == "error" and (found < 0).any():
            raise DataError(self._unknown(ids, found))
        return found

    def number(self, identifier: Id) -> int:
        """The number of one id; raises DataError if it is unknown."""
        return int(self.numbers(_column([identifier]))[0])

    def ids(self, numbers: ArrayLike) -> list[Id]:
        """The ids of `numbers`, as plain Python values."""
        values: list[Id] = self.index[np.asarray(numbers)].tolist()
        return values

    def parse(self, text: str) -> Id:
        """The id that is written `text`: from a shell every id arrives as text.

        Raises DataError if no id is written so.
        """
        if not self._by_text:
            self._by_text.update({str(key): at for at, key in enumerate(self.index.tolist())})
        if text not in self._by_text:
            raise DataError(f"unknown {self.kind} {text!r}; {self.example()}")
        return self.ids([self._by_text[text]])[0]

    def _unknown(self, ids: ArrayLike | Sequence[Id], found: NDArray[np.int32]) -> str:
        rows = np.flatnonzero(found < 0)
        first = _column(ids)[rows[0]]
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        return f"unknown {self.kind} {_plain(first)!r} at row {rows[0] + 1}{more}; {self.example()}"

    def example(self) -> str:
        """What ids there are, for messages."""
        known = ", ".join(repr(key) for key in self.index[:3].tolist())
        return f"{len(self)} {self.kind}s are known, such as {known}"


def _of_categories(
    column: pd.Series, kind: str, first_row: int
) -> tuple[Vocabulary, NDArray[np.int32]]:
    """The vocabulary of a column that is numbered already: only what differs is looked at."""
    codes = np.asarray(column.array.codes)
    if len(codes) and codes.min() < 0:
        row = int(np.argmin(codes)) + first_row
        raise DataError(f"row {row}: the {kind} is missing; give every rating a {kind}")
    used = np.flatnonzero(occurring(codes, len(column.cat.categories)))
    known, numbers = Vocabulary.of(column.cat.categories[used], kind)
    place = np.zeros(len(column.cat.categories), np.int32)
    place[used] = numbers
    return known, looked_up(place, codes)


def _as_ids(values: ArrayLike, kind: str, first_row: int) -> pd.Series:
    """Ids as a 1-d array; whole numbers that a reader made float are integers again."""
    column = _column(values)
    if column.dtype.kind != "f":
        return column
    missing = np.isnan(column)
    wrong = ~missing & ((column != np.floor(column)) | (np.abs(column) > 2.0**53))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"row {first_row + row}: {column[row]} is no {kind}; ids are whole numbers below 2^53 "
            "or text (write longer ids as text)"
        )
    return column if missing.any() else column.astype(np.int64)


def _column(values: ArrayLike | Sequence[Id]) -> NDArray[np.generic]:
    """A 1-d array of ids; mixed types, and integers too long for 64 bits, stay as they are."""
    if isinstance(values, np.ndarray | pd.Series | pd.Index):
        return np.asarray(values)
    listed: list[Id] = list(values)  # type: ignore[arg-type]
    kinds = {type(value) for value in listed}
    if kinds == {int} and not all(-(2**63) <= value < 2**63 for value in cast(list[int], listed)):
        return np.array(listed, dtype=object)  # numpy would make floats of 0 and 2**63
    alike = len(kinds) == 1 and str not in kinds  # numpy cuts a text at its last NUL
    return np.array(listed, dtype=None if alike else object)


def _plain(value: Id) -> Id:
    return value.item() if isinstance(value, np.generic) else value
