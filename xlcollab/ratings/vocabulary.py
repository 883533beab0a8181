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
        numbers, index = _factorized(_as_ids(values, kind, first_row), kind)
        if len(numbers) and numbers.min() < 0:
            row = int(np.argmin(numbers)) + first_row
            raise DataError(f"row {row}: the {kind} is missing; give every rating a {kind}")
        return Vocabulary(index, kind), numbers.astype(np.int32)

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
        """The numbers of `ids` (n,); an unknown id raises DataError, or gives −1 on "negative".

        Texts find whole numbers that are written so, and the other way, where one side is all texts
        and the other all numbers: "14" is 14, "014" is not.
        """
        column = _one_column(_column(ids), self.kind)
        try:
            asked: pd.Index = pd.Index(column, tupleize_cols=False)
            found: NDArray[np.int32] = self.index.get_indexer(asked).astype(np.int32)
            _refuse_halves(asked[found < 0])
        except (TypeError, UnicodeEncodeError) as error:
            raise DataError(f"there can be no such {self.kind} ({error}); {_PLAIN}") from None
        if (found < 0).all() and len(found):
            found = self._alike(asked, found)
        if missing == "error" and (found < 0).any():
            raise DataError(self._unknown(ids, found))
        return found

    def _alike(self, asked: pd.Index, found: NDArray[np.int32]) -> NDArray[np.int32]:
        """Numbers (n,) of ids of which none is known as it is, by how they are written."""
        if {self.index.inferred_type, asked.inferred_type} != {"string", "integer"}:
            return found
        self._learn_texts()
        return np.array([self._by_text.get(str(one), -1) for one in asked.tolist()], np.int32)

    def number(self, identifier: Id) -> int:
        """The number of one id; raises DataError if it is unknown."""
        return int(self.numbers(_column([identifier]))[0])

    def ids(self, numbers: ArrayLike) -> list[Id]:
        """The ids of `numbers`, as plain Python values."""
        values: list[Id] = self.index[np.asarray(numbers)].tolist()
        return values

    def parse(self, text: str) -> Id:
        """The id that is written `text`: from a shell every id arrives as text.

        A day of which the time is midnight may be written without it; blanks around it are none of
        it where that is known alone, as in files. Raises DataError if no id is written so.
        """
        self._learn_texts()
        if text not in self._by_text:
            text = text.strip()
        if text not in self._by_text:
            raise DataError(f"unknown {self.kind} {text!r}; {self.example()}")
        return self.ids([self._by_text[text]])[0]

    def _learn_texts(self) -> None:
        if self._by_text:
            return
        ids = self.index.tolist()
        if self.index.dtype.kind == "M" and (self.index == self.index.normalize()).all():
            self._by_text.update({str(one.date()): at for at, one in enumerate(ids)})
        self._by_text.update({str(one): at for at, one in enumerate(ids)})

    def _unknown(self, ids: ArrayLike | Sequence[Id], found: NDArray[np.int32]) -> str:
        rows = np.flatnonzero(found < 0)
        first = _column(ids)[rows[0]]
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        return f"unknown {self.kind} {_plain(first)!r} at row {rows[0] + 1}{more}; {self.example()}"

    def example(self) -> str:
        """What ids there are, for messages."""
        first = self.index[:3].tolist()
        known = ", ".join(repr(key) if isinstance(key, str) else str(key) for key in first)
        return f"{len(self)} {self.kind}s are known, such as {known}"


_PLAIN = "ids are texts, whole numbers, truth values or dates"


def _factorized(ids: NDArray[np.generic], kind: str) -> tuple[NDArray[np.intp], pd.Index]:
    """Numbers (n,) of ids, −1 for what is missing, and the ids that differ. Raises DataError on
    what can be no id."""
    try:
        column = pd.Series(ids)
        try:
            numbers, index = pd.factorize(column, sort=True)
        except TypeError:
            numbers, index = pd.factorize(column)
        _refuse_halves(pd.Index(index))
        return numbers, pd.Index(index)
    except (TypeError, UnicodeEncodeError) as error:
        raise DataError(f"a {kind} cannot be told from others ({error}); {_PLAIN}") from None


def _refuse_halves(ids: pd.Index) -> None:
    """Raises UnicodeEncodeError on a text with half a surrogate pair, which no file can hold; some
    versions of pandas do so by themselves."""
    if not pd.api.types.is_numeric_dtype(ids):
        "".join(one for one in ids if isinstance(one, str)).encode()


def _one_column(column: NDArray[np.generic], kind: str) -> NDArray[np.generic]:
    """The same ids (n,). Raises DataError where each is several values."""
    if column.ndim != 1:
        raise DataError(f"{kind}s are one column of ids, found the shape {column.shape}; {_PLAIN}")
    return column


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


def _as_ids(values: ArrayLike, kind: str, first_row: int) -> NDArray[np.generic]:
    """Ids as a 1-d array; whole numbers that a reader made float are integers again."""
    column = _one_column(_column(values), kind)
    if column.dtype == object and all(type(one) is float for one in column.tolist()):
        column = column.astype(np.float64)  # as numbers of a reader, each by itself
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
        return np.atleast_1d(np.asarray(values))
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        return _column([values])  # type: ignore[arg-type]  # one id
    listed: list[Id] = list(values)  # type: ignore[arg-type]
    kinds = {type(value) for value in listed}
    if kinds == {int} and not all(-(2**63) <= value < 2**63 for value in cast(list[int], listed)):
        return np.array(listed, dtype=object)  # numpy would make floats of 0 and 2**63
    if kinds & {tuple, list}:  # numpy would make a table of them
        column = np.empty(len(listed), object)
        column[:] = listed
        return column
    alike = len(kinds) == 1 and str not in kinds  # numpy cuts a text at its last NUL
    return np.array(listed, dtype=None if alike else object)


def _plain(value: Id) -> Id:
    return value.item() if isinstance(value, np.generic) else value
