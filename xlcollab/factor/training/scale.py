"""Ratings brought to mean 0 and deviation 1 for the training, and a model brought back.

What is learned from a·ratings + b is then the same but for rounding, whatever a > 0 and b (as good
from another start where a is below 0): recipes found on stars hold for percents and prices.
"""

from __future__ import annotations

import math
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
    """inner rating = (rating − mean) / spread."""

    mean: float = 0.0
    spread: float = 1.0

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
        low, high = ((end - self.mean) / self.spread for end in output.seen)
        if output.span:
            inner = (output.low - self.mean) / self.spread
            return replace(output, low=inner, span=output.span / self.spread, seen=(low, high))
        return replace(output, centre=(output.centre - self.mean) / self.spread, seen=(low, high))

    def rows_outward(self, rows: Rows, output: Output) -> Rows:
        """Factors and biases of the ratings as they were; within a range they have no scale."""
        if self.is_plain or output.span:
            return rows
        return _scaled(rows, math.sqrt(self.spread), self.spread)

    def rows_inward(self, rows: Rows, output: Output) -> Rows:
        """Factors and biases of a model on the inner scale."""
        if self.is_plain or output.span:
            return rows
        return _scaled(rows, 1 / math.sqrt(self.spread), 1 / self.spread)

    def start_inward(self, start: StartArrays, output: Output) -> StartArrays:
        """Given factors and biases on the inner scale."""
        if self.is_plain or output.span:
            return start
        root = math.sqrt(self.spread)

        def over(array: Any, by: float) -> Any:
            return None if array is None else np.asarray(array) / by

        return StartArrays(
            over(start.user_factors, root),
            over(start.item_factors, root),
            over(start.user_bias, self.spread),
            over(start.item_bias, self.spread),
        )


def deviation(ratings: NDArray[np.floating], mean: float) -> float:
    """√ mean (rating − mean)² in float64, part by part: no copy of all ratings is made."""
    total = 0.0
    for begin in range(0, len(ratings), _PART):
        apart = ratings[begin : begin + _PART].astype(np.float64) - mean
        total += float(apart @ apart)
    return math.sqrt(total / len(ratings))


def _scaled(rows: Rows, factors: float, biases: float) -> Rows:
    return Rows.pack(
        rows.user_factors * rows.users.dtype.type(factors),
        rows.item_factors * rows.items.dtype.type(factors),
        rows.user_bias * rows.users.dtype.type(biases),
        rows.item_bias * rows.items.dtype.type(biases),
    )
