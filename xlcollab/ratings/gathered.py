"""Columns gathered batch by batch: ids are numbered as they come, so that a row takes what a rating
needs and no text of it stays.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from xlcollab.ratings.checks import needs_double

if TYPE_CHECKING:
    import pyarrow as pa


class Column(Protocol):
    """What takes the batches of one column and gives it whole."""

    def add(self, part: pa.Array) -> None:
        """The values of the next batch."""
        ...

    def whole(self) -> pd.Series:
        """All values; what was gathered is given up."""
        ...


_FIRST = 1 << 16
"""Room for so many from the start."""
_GROWTH = 1.25
"""Each time by a quarter: at most so much is held without need, and copies stay few."""


@dataclass(slots=True)
class Growing:
    """An array that grows at its end in place: parts laid together later would be held twice."""

    array: NDArray[np.generic]
    n: int = 0

    @staticmethod
    def of(dtype: DTypeLike) -> Growing:
        return Growing(np.empty(_FIRST, dtype))

    def add(self, part: NDArray[np.generic]) -> None:
        """A part that has gaps, which floats alone know, makes floats of whole numbers."""
        if self.array.dtype.kind == "i" and part.dtype.kind == "f":
            self.array = self.array.astype(np.float64)
        end = self.n + len(part)
        if end > len(self.array):
            self.array.resize(max(end, int(_GROWTH * len(self.array))), refcheck=False)
        with np.errstate(over="ignore"):
            self.array[self.n : end] = part
        self.n = end

    def widen(self) -> None:
        """To 8 bytes a number. What lies behind the last one is no number yet."""
        if self.array.dtype != np.float64:
            wide = np.empty(len(self.array), np.float64)
            wide[: self.n] = self.array[: self.n]
            self.array = wide

    def whole(self) -> NDArray[np.generic]:
        """All that was added (n,)."""
        self.array.resize(self.n, refcheck=False)
        return self.array


@dataclass(slots=True)
class Coded:
    """Values as numbers into those that differ, 4 bytes a row; what is missing is −1."""

    known: dict[Hashable, int] = field(default_factory=dict)
    codes: Growing = field(default_factory=lambda: Growing.of(np.int32))

    def add(self, part: pa.Array) -> None:
        encoded = part.dictionary_encode()
        known = self.known
        places = [known.setdefault(value, len(known)) for value in encoded.dictionary.to_pylist()]
        indices = encoded.indices.fill_null(len(places)).to_numpy(zero_copy_only=False)
        self.codes.add(np.array([*places, -1], np.int32)[indices])

    def whole(self) -> pd.Series:
        values = list(self.known)
        has_numbers = bool(values) and all(type(value) is int for value in values)
        categories = pd.Index(values, dtype=None if has_numbers else object)
        return pd.Series(pd.Categorical.from_codes(self.codes.whole(), categories), copy=False)


@dataclass(slots=True)
class Numbers:
    """Numbers as they are; what is missing makes a column of floats with NaN."""

    numbers: Growing | None = None

    def add(self, part: pa.Array) -> None:
        found = part.to_numpy(zero_copy_only=False)
        if self.numbers is None:
            self.numbers = Growing.of(found.dtype)
        self.numbers.add(found)

    def whole(self) -> pd.Series:
        return pd.Series(np.empty(0) if self.numbers is None else self.numbers.whole(), copy=False)


@dataclass(slots=True)
class Rated:
    """Ratings, 4 bytes each while float32 tells them apart, or of a type that was asked for."""

    numbers: Growing
    is_fixed: bool
    low: float = np.inf
    high: float = -np.inf

    @staticmethod
    def of(dtype: DTypeLike | None) -> Rated:
        return Rated(Growing.of(dtype or np.float32), dtype is not None)

    def add(self, part: pa.Array) -> None:
        found = part.to_numpy(zero_copy_only=False)
        if not self.is_fixed and len(found):
            self.low, self.high = min(self.low, found.min()), max(self.high, found.max())
            if self._needs_double:
                self.numbers.widen()
        self.numbers.add(found)

    @property
    def _needs_double(self) -> bool:
        return bool(np.isfinite([self.low, self.high]).all()) and needs_double(self.low, self.high)

    def whole(self) -> pd.Series:
        found = self.numbers.whole()
        narrow = (
            found if self.is_fixed or self._needs_double else found.astype(np.float32, copy=False)
        )
        return pd.Series(narrow, copy=False)


@dataclass(slots=True)
class AsPandas:
    """Values of any other type, as pandas takes them."""

    parts: list[pa.Array] = field(default_factory=list)

    def add(self, part: pa.Array) -> None:
        self.parts.append(part)

    def whole(self) -> pd.Series:
        import pyarrow as pa

        found: pd.Series = pa.chunked_array(self.parts).to_pandas()
        return found


def gathered(batches: Iterable[pa.RecordBatch], columns: Mapping[str, Column]) -> pd.DataFrame:
    """A frame of the named columns of batches (pyarrow.RecordBatch)."""
    import pyarrow as pa

    for batch in batches:
        for name, column in columns.items():
            column.add(batch.column(name))
    pa.default_memory_pool().release_unused()
    return pd.DataFrame({name: column.whole() for name, column in columns.items()}, copy=False)


def column_of(type_: pa.DataType, *, is_id: bool) -> Column:
    """What gathers a column of an Arrow type."""
    import pyarrow as pa

    inner = type_.value_type if pa.types.is_dictionary(type_) else type_
    is_text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
    if is_text or (is_id and pa.types.is_integer(inner)):
        return Coded()
    if pa.types.is_integer(inner) or pa.types.is_floating(inner):
        return Numbers()
    return AsPandas()


def names_read(columns: Sequence[str | None]) -> list[str]:
    """The names that are given, each once."""
    return list(dict.fromkeys(name for name in columns if name is not None))
