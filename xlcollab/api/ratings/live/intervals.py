"""Between which ratings the predictions of a live sheet will lie, by formulas over a model's draws.

The sheet `predict` gains a share that can be changed, the two ends for the pair that is chosen and
for each recommendation, and a chart with error bars. The hidden sheet `error bars` has a line for
each of these pairs: the item's place, how far the bars reach, and the product of the factors in
every draw, whose variance is a part of it (see `factor.models.interval`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.kept.reading import DRAWS
from xlcollab.api.ratings.sheets import scalar
from xlcollab.factor import FactorModel
from xlcollab.factor.models.interval import half_width
from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.history import HEAD_ROW
from xlcollab.ref import AreaRef, Rect, column_letters

BARS = "error bars"
SHARE = 0.9
"""Of ratings that lie in an interval, until somebody types another."""
ENDS = ("low", "high")
_FIRST = HEAD_ROW + 2
"""The first line of a sheet's table, counted from 1."""
_PRODUCTS = 5
"""The first column of the products; before it item, place, half, below and above."""
Formulas = dict[tuple[int, int], str]


@dataclass(frozen=True, slots=True)
class Places:
    """Where on `predict` the share stands and what intervals are of, as (row, column) from 0:
    `middles` are predictions, the one of the chosen pair first, `items` the cells with their
    items, `ends` where the lower and the upper end go."""

    share: tuple[int, int]
    middles: Sequence[tuple[int, int]]
    items: Sequence[tuple[int, int]]
    ends: Sequence[tuple[tuple[int, int], tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of one user and some items, None where there is no such recommendation, with
    their `predicted` ratings. `ids` is the column of all items' ids, `factors(s)` an area of
    those factors of the chosen user and of all items that draw s has made."""

    model: FactorModel
    places: Places
    user: int
    items: Sequence[int | None]
    predicted: Sequence[float]
    ids: str
    factors: Sequence[tuple[str, str]]

    def ends(self) -> list[tuple[Scalar, Scalar]]:
        """The lower and upper end of each, as cells hold them."""
        halves = self._halves()
        found: list[tuple[Scalar, Scalar]] = []
        for item, middle, half in zip(self.items, self.predicted, halves, strict=True):
            ends = self._cut(middle - half), self._cut(middle + half)
            found.append(("", "") if item is None else ends)
        return found

    def end_formulas(self) -> Formulas:
        """Those of the ends on `predict`."""
        found: Formulas = {}
        pairs = zip(self.places.middles, self.places.ends, strict=True)
        for line, (middle, ends) in enumerate(pairs, 2):
            for end, sign in zip(ends, "-+", strict=True):
                reach = f"{_cell(middle)}{sign}'{BARS}'!$C${line}"
                found[end] = f'IFERROR({self._cut_formula(reach)},"")'
        return found

    def sheet(self) -> NewSheet:
        """The hidden sheet."""
        halves, ends = self._halves(), self.ends()
        rows: list[list[Scalar]] = [["item", "place", "half", "below", "above"]]
        formulas: Formulas = {}
        for number, item in enumerate(self.items):
            line, middle = number + 2, self.predicted[number]
            low, high = ends[number]
            name = "" if item is None else scalar(self.model.item_ids.index[item])
            shown: list[Scalar] = [name, 0.0, 0.0, 0.0, 0.0]
            if item is not None:
                shown[1:] = [item + 1.0, halves[number], middle - float(low), float(high) - middle]  # type: ignore[arg-type]
            rows.append([*shown, *self._products(item)])
            formulas |= self._line(number, line)
        return NewSheet(BARS, rows, formulas=formulas, hidden=True)

    def chart(self) -> Chart:
        """The recommendations over their ranks."""
        first, n = self.places.middles[1], len([one for one in self.items[1:] if one is not None])
        ranks = AreaRef("predict", Rect(first[0], 0, n))
        ratings = AreaRef("predict", Rect(*first, n))
        output = self.model.output
        bars = AreaRef(BARS, Rect(2, 3, n)), AreaRef(BARS, Rect(2, 4, n))
        series = Series("rating", ranks, ratings, markers=True, line=False, bars=bars)
        return Chart(
            "Between which ratings they will probably lie",
            "rank",
            "rating",
            (series,),
            (HEAD_ROW + 16, 0),
            legend=False,
            x_whole=True,
            y_range=output.seen if output.clip else None,
        )

    def _line(self, number: int, line: int) -> Formulas:
        places, row = self.places, number + 1
        item, middle = _cell(places.items[number]), _cell(places.middles[number])
        low, high = map(_cell, places.ends[number])
        last = column_letters(_PRODUCTS + len(self.factors) - 1)
        first = column_letters(_PRODUCTS)
        found: Formulas = {
            (row, 0): item,
            (row, 1): f"IFERROR(MATCH({item},{self.ids},0),0)",
            (row, 2): f"IF(B{line}=0,0,{self._half(f'{first}{line}:{last}{line}', line)})",
            (row, 3): f"IFERROR({middle}-{low},0)",
            (row, 4): f"IFERROR({high}-{middle},0)",
        }
        for draw, (own, theirs) in enumerate(self.factors):
            product = f"SUMPRODUCT({own},INDEX({theirs},$B{line},0))"
            found[row, _PRODUCTS + draw] = f"IF($B{line}=0,0,{product})"
        return found

    def _half(self, products: str, line: int) -> str:
        draws = self.model.draws
        assert draws is not None
        n_users, n_items = len(draws.users), len(draws.items)
        of_user = f"INDEX({DRAWS}!$A${_FIRST}:$A${n_users + _FIRST - 1},scores!$B$1)"
        of_item = f"INDEX({DRAWS}!$B${_FIRST}:$B${n_items + _FIRST - 1},B{line})"
        variance = f"{draws.noise**2!r}+{of_user}+{of_item}"
        if self.factors:
            variance += f"+{float(draws.n**2)!r}*VARP({products})"
        return f"NORMSINV((1+{_cell(self.places.share)})/2)*SQRT({variance})"

    def _halves(self) -> NDArray[np.float64]:
        draws = self.model.draws
        assert draws is not None
        items = np.array([0 if one is None else one for one in self.items], np.int32)
        users = np.full(len(items), self.user, np.int32)
        return half_width(self.model, draws, users, items, SHARE)

    def _products(self, item: int | None) -> list[float]:
        if item is None or not self.factors:
            return [0.0] * len(self.factors)
        model = self.model
        both = model.user_factors[self.user].astype(np.float64) * model.item_factors[item]
        found: list[float] = both.reshape(len(self.factors), -1).sum(axis=1).tolist()
        return found

    def _cut(self, end: float) -> float:
        output = self.model.output
        return float(np.clip(end, *output.seen)) if output.clip else float(end)

    def _cut_formula(self, end: str) -> str:
        low, high = self.model.output.seen
        return f"MAX({low!r},MIN({high!r},{end}))" if self.model.output.clip else end


def _cell(place: tuple[int, int]) -> str:
    row, column = place
    return f"predict!${column_letters(column)}${row + 1}"
