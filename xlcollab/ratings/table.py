"""The ratings table: what every reader makes and every model is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, DTypeLike, NDArray

from xlcollab.errors import DataError
from xlcollab.ratings.checks import checked_ratings
from xlcollab.ratings.vocabulary import MAX_SIZE, Vocabulary


@dataclass(frozen=True, eq=False)
class Category:
    """An extra column (genre, age, month …) as numbers into its own vocabulary."""

    numbers: NDArray[np.int32]
    vocabulary: Vocabulary


Side = Literal["user", "item"]
SIDES: tuple[Side, ...] = ("user", "item")


@dataclass(frozen=True, eq=False)
class Feature:
    """What is known of every user, or of every item: numbers (n_ids,), −1 where it is unknown."""

    side: Side
    numbers: NDArray[np.int32]
    vocabulary: Vocabulary

    def of(self, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.int32]:
        """The levels (n,) of pairs of numbers; −1 for an unknown id."""
        ids = users if self.side == "user" else items
        levels: NDArray[np.int32] = np.append(self.numbers, np.int32(-1))[ids]
        return levels


@dataclass(frozen=True, eq=False)
class RatingsTable:
    """n ratings: `users`, `items` (n,) int32 numbers into the vocabularies, `ratings` (n,) float.

    `time` (n,) orders ratings (seconds, or any number); `split` (n,) names the part a rating is in;
    `extra` holds further columns by name, `features` what belongs to ids, `titles` the titles of
    users or items by number. Tables cut from one another share their vocabularies.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.floating]
    user_ids: Vocabulary
    item_ids: Vocabulary
    time: NDArray[np.generic] | None = None
    split: NDArray[np.generic] | None = None
    extra: Mapping[str, Category] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)
    titles: Mapping[Side, tuple[str | None, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.ratings) > MAX_SIZE:
            raise DataError(f"{len(self.ratings):,} ratings; the engine takes up to {MAX_SIZE:,}")
        _check_numbers(self.users, len(self.ratings), self.user_ids)
        _check_numbers(self.items, len(self.ratings), self.item_ids)

    @staticmethod
    def of(
        users: ArrayLike,
        items: ArrayLike,
        ratings: ArrayLike,
        *,
        time: ArrayLike | None = None,
        split: ArrayLike | None = None,
        extra: Mapping[str, ArrayLike] | None = None,
        dtype: DTypeLike | None = None,
        first_row: int = 1,
    ) -> RatingsTable:
        """From columns of ids and ratings, all (n,); `first_row` numbers their rows in messages.

        Raises DataError by row where a rating is no finite number or an id is missing, and where
        there is no rating at all.
        """
        values = checked_ratings(ratings, dtype, first_row)
        user_ids, user_numbers = Vocabulary.of(users, "user", first_row)
        item_ids, item_numbers = Vocabulary.of(items, "item", first_row)
        categories = {
            name: Category(*reversed(Vocabulary.of(column, name, first_row)))  # type: ignore[arg-type]
            for name, column in (extra or {}).items()
        }
        return RatingsTable(
            user_numbers,
            item_numbers,
            values,
            user_ids,
            item_ids,
            None if time is None else np.asarray(time),
            None if split is None else np.asarray(split),
            categories,
        )

    def __len__(self) -> int:
        return len(self.ratings)

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest rating."""
        return float(self.ratings.min()), float(self.ratings.max())

    def levels(self, name: str) -> Vocabulary:
        """The levels of a side column or a feature."""
        return self.extra[name].vocabulary if name in self.extra else self.features[name].vocabulary

    def side(self, names: Sequence[str]) -> dict[str, NDArray[np.int32]]:
        """The numbers (n,) of those side columns and features that there are."""
        found = {name: self.extra[name].numbers for name in names if name in self.extra}
        return found | {
            name: self.features[name].of(self.users, self.items)
            for name in names
            if name in self.features and name not in self.extra
        }

    def take(self, rows: NDArray[np.generic]) -> RatingsTable:
        """The ratings at `rows` (a mask or row numbers), with the same vocabularies."""
        return replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            ratings=self.ratings[rows],
            time=None if self.time is None else self.time[rows],
            split=None if self.split is None else self.split[rows],
            extra={
                name: Category(column.numbers[rows], column.vocabulary)
                for name, column in self.extra.items()
            },
        )

    def renumbered(self, user_ids: Vocabulary, item_ids: Vocabulary) -> RatingsTable:
        """The same ratings numbered by other vocabularies; ids unknown there raise DataError.

        What is known of ids stays behind, for it is numbered as they were.
        """
        return replace(
            self,
            users=user_ids.numbers(self.user_ids.index)[self.users],
            items=item_ids.numbers(self.item_ids.index)[self.items],
            user_ids=user_ids,
            item_ids=item_ids,
            features={},
            titles={},
        )

    def to_frame(self) -> pd.DataFrame:
        """Columns user, item, rating, then time, split and the extra columns, ids as given."""
        columns: dict[str, object] = {
            "user": self.user_ids.index[self.users],
            "item": self.item_ids.index[self.items],
            "rating": self.ratings,
        }
        columns |= {"time": self.time} if self.time is not None else {}
        columns |= {"split": self.split} if self.split is not None else {}
        columns |= {name: c.vocabulary.index[c.numbers] for name, c in self.extra.items()}
        return pd.DataFrame(columns)


def _check_numbers(numbers: NDArray[np.int32], n: int, vocabulary: Vocabulary) -> None:
    """Numbers that index arrays later: a wrong one here would be a wild read there."""
    kind = vocabulary.kind
    if numbers.shape != (n,) or numbers.dtype != np.int32:
        raise DataError(
            f"{kind} numbers are {numbers.dtype} {numbers.shape}, expected int32 ({n},)"
        )
    wrong = (numbers < 0) | (numbers >= len(vocabulary))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"row {row + 1}: {kind} number {numbers[row]} is outside 0 … {len(vocabulary) - 1}"
        )
