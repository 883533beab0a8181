"""Ratings brought to mean 0 and deviation 1 for the training, and a model brought back.

What is learned from a·ratings + b is then the same but for rounding, whatever a ≠ 0 and b: recipes
found on stars hold for percents, prices and ratings that count how bad something is. A start that
is drawn would tell up from down, so ratings are trained the way round in which they lean to the
upper end with the larger deviations below the mean, as stars do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.models.initial import StartArrays
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Rows
from xlcollab.ratings import RatingsTable

_PART = 1 << 20
"""Ratings gone through at once: their copies in float64 stay at some megabytes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """inner rating = (rating − mean) / spread, whose spread is below 0 where up and down are
    exchanged."""

    mean: float = 0.0
    spread: float = 1.0

    @staticmethod
    def of(table: RatingsTable, mean: float, spread: float) -> Scale:
        """The scale of this mean and deviation, the way round in which the ratings lean."""
        own_mean = float(table.ratings.mean(dtype=np.float64))
        return Scale(mean, -spread if Leaning(table, own_mean, spread).is_upward() else spread)

    @property
    def unit(self) -> float:
        """What one of the inner ratings is on the ratings' own scale, in size."""
        return abs(self.spread)

    @property
    def is_plain(self) -> bool:
        """Whether nothing changes."""
        return self == Scale()

    def inward(self, table: RatingsTable) -> RatingsTable:
        """The same ratings on the inner scale."""
        if self.is_plain:
            return table
        ratings = np.empty_like(table.ratings)
        for begin in range(0, len(ratings), _PART):
            part = slice(begin, begin + _PART)
            ratings[part] = (table.ratings[part].astype(np.float64) - self.mean) / self.spread
        return replace(table, ratings=ratings)

    def outward(self, ratings: NDArray[np.floating]) -> NDArray[np.floating]:
        """Inner ratings (n,) as they were, but for rounding."""
        return ratings if self.is_plain else ratings * self.spread + self.mean

    def output_inward(self, output: Output) -> Output:
        """The output of a model of inner ratings. What a sigmoid takes in has no scale."""
        if self.is_plain:
            return output
        seen = self.ends_inward(*output.seen)
        if output.span:
            low, _ = self.ends_inward(output.low, output.low + output.span)
            centre = output.centre * self.growth(output)
            return replace(output, centre=centre, low=low, span=output.span / self.unit, seen=seen)
        return replace(output, centre=(output.centre - self.mean) / self.spread, seen=seen)

    def ends_inward(self, low: float, high: float) -> tuple[float, float]:
        """A range of ratings on the inner scale, its lower end first."""
        ends = (low - self.mean) / self.spread, (high - self.mean) / self.spread
        return min(ends), max(ends)

    def growth(self, output: Output) -> float:
        """What the inner sum grows by on the way out; what a sigmoid takes in has a sign alone."""
        return math.copysign(1.0, self.spread) if output.span else self.spread

    def rows_outward(self, rows: Rows, output: Output) -> Rows:
        """Factors and biases of the ratings as they were."""
        return _grown(rows, self.growth(output))

    def rows_inward(self, rows: Rows, output: Output) -> Rows:
        """Factors and biases of a model on the inner scale."""
        return _grown(rows, 1 / self.growth(output))

    def start_inward(self, start: StartArrays, output: Output) -> StartArrays:
        """Given factors and biases on the inner scale."""
        growth = self.growth(output)
        root = math.sqrt(abs(growth))

        def over(array: Any, by: float) -> Any:
            if array is None or by == 1:
                return array
            given = np.asarray(array)  # what is not finite is refused in the words it was given in
            return np.where(np.isfinite(given), given / by, given)

        return StartArrays(
            over(start.user_factors, math.copysign(root, growth)),
            over(start.item_factors, root),
            over(start.user_bias, growth),
            over(start.item_bias, growth),
        )


_EVEN = 1e-3
"""A skewness that may be one of rounding: then a fixed sum of all ratings decides."""
_STEPS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
"""Odd numbers that spread what they multiply over all of 2⁶⁴: of users and of items."""
Numbers = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Leaning:
    """To which end ratings with this mean and deviation lean, whatever their order: of −ratings
    the opposite is told. Of several processes `total` adds up what each has, and `users` are the
    numbers that a process's users have among all."""

    table: RatingsTable
    mean: float
    spread: float
    users: Numbers | None = None
    total: Callable[[float], float] = float

    def is_upward(self) -> bool:
        """Whether the ratings far from the mean are those above it."""
        cubes = n = 0.0
        for part in self._parts():
            apart = self._apart(part)
            cubes += float(np.square(apart) @ apart)
            n += len(apart)
        skewness = self.total(cubes) / self.total(n)
        return (skewness if abs(skewness) > _EVEN else self.total(self._weighed())) > 0

    def _weighed(self) -> float:
        """Σ rating · w with a weight w of the user and the item that is as good as drawn."""
        found = 0.0
        for part in self._parts():
            users = self.table.users[part]
            mixed = (users if self.users is None else self.users[users]).astype(np.uint64)
            mixed = mixed * _STEPS[0] + self.table.items[part].astype(np.uint64) * _STEPS[1]
            found += float(self._apart(part) @ (mixed / 2.0**63 - 1))
        return found

    def _apart(self, part: slice) -> NDArray[np.float64]:
        return (self.table.ratings[part].astype(np.float64) - self.mean) / self.spread

    def _parts(self) -> list[slice]:
        n = len(self.table)
        return [slice(begin, begin + _PART) for begin in range(0, n, _PART)]


def deviation(ratings: NDArray[np.floating], mean: float) -> float:
    """√ mean (rating − mean)² in float64, part by part: no copy of all ratings is made."""
    total = 0.0
    for begin in range(0, len(ratings), _PART):
        apart = ratings[begin : begin + _PART].astype(np.float64) - mean
        total += float(apart @ apart)
    return math.sqrt(total / len(ratings))


def _grown(rows: Rows, growth: float) -> Rows:
    """Rows whose products and biases are `growth` times as large."""
    if growth == 1:
        return rows
    root, number = math.sqrt(abs(growth)), rows.users.dtype.type
    return Rows.pack(
        rows.user_factors * number(math.copysign(root, growth)),
        rows.item_factors * number(root),
        rows.user_bias * number(growth),
        rows.item_bias * number(growth),
    )
