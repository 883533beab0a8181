"""Sheets that predict by formulas: whoever has the workbook needs nothing else.

`predict` has a drop-down for the user and one for the item, the prediction, and the user's best
ten; `scores` ranks the items by the factors on the sheets `users` and `items`, without those that
the user has rated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.sheets import scalar
from xlcollab.factor import FactorModel
from xlcollab.grid import NewSheet
from xlcollab.ref import AreaRef, Rect, column_letters

_BEST = 10
_HEAD = 4
"""Rows of the sheet scores above its table: the user's place, bias and factors."""
_MOST_CELLS = 5_000_000
"""Products that a recalculation of the scores makes: more keep people waiting."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the model's numbers lie; the sheets users and items are alike."""

    n_users: int
    n_items: int
    n_rated: int
    factors: tuple[int, int]
    """The first column of the factors and the one behind the last."""

    def column(self, sheet: str, place: int) -> str:
        """All of a column of users or items below its head."""
        n = self.n_users if sheet == "users" else self.n_items
        letter = column_letters(place)
        return f"{sheet}!${letter}$2:${letter}${n + 1}"

    def row(self, sheet: str, number: int) -> str:
        """The factors in one row of a sheet, from 1."""
        first, last = column_letters(self.factors[0]), column_letters(self.factors[1] - 1)
        return f"{sheet}!${first}{number}:${last}{number}"


def live_sheets(model: FactorModel, head: tuple[str, ...]) -> list[NewSheet]:
    """The two sheets, or none for a model too large to rank by formulas. `head` is the header of
    the sheets users and items."""
    first = next((at for at, name in enumerate(head) if name.startswith("factor ")), len(head))
    layout = _Layout(
        len(model.user_ids), len(model.item_ids), len(model.rated.items), (first, len(head))
    )
    if not len(model.rated.items) or layout.n_items * max(1, len(head)) > _MOST_CELLS:
        return []
    user = int(np.argmax(model.rated.user_counts))
    raw = _raw(model, user)
    return [_predict_sheet(model, layout, user, raw), _scores_sheet(model, layout, user, raw)]


def _raw(model: FactorModel, user: int) -> NDArray[np.float64]:
    """What the formulas make of each item before the range, in the numbers that cells hold."""
    own = model.user_factors[user].astype(np.float64)
    products = model.item_factors.astype(np.float64) @ own
    biases = float(model.user_bias[user]) + model.item_bias.astype(np.float64)
    return np.asarray(model.output.centre + biases + products)


def _rating(model: FactorModel, z: float) -> float:
    output = model.output
    if output.span:
        return float(output.low + output.span / (1 + np.exp(-z)))
    return float(np.clip(z, *output.seen)) if output.clip else float(z)


def _rating_formula(model: FactorModel, z: str) -> str:
    output = model.output
    if output.span:
        return f"{output.low!r}+{output.span!r}/(1+EXP(-({z})))"
    low, high = output.seen
    return f"MAX({low!r},MIN({high!r},{z}))" if output.clip else z


def _predict_sheet(
    model: FactorModel, layout: _Layout, user: int, raw: NDArray[np.float64]
) -> NewSheet:
    ranked = _ranked(model, user, raw)
    item = int(ranked[0]) if len(ranked) else 0
    ids = model.item_ids.ids(ranked)
    titles = model.titles.get("item")
    rows: list[list[Any]] = [
        ["user", scalar(model.user_ids.ids([user])[0])],
        ["item", scalar(model.item_ids.ids([item])[0])],
        ["prediction", _rating(model, raw[item])],
        [],
        ["rank", "item", "rating", *(["title"] if titles else [])],
    ]
    at = f"MATCH($B$2,{layout.column('items', 0)},0)"
    bias = f"scores!$B$3+INDEX({layout.column('items', 2)},{at})"
    formulas = {(2, 1): _rating_formula(model, f"{bias}{_product_at(layout, at)}")}
    for rank in range(1, _BEST + 1):
        line = 4 + rank
        number = int(ranked[rank - 1]) if rank <= len(ranked) else None
        shown = "" if number is None else scalar(ids[rank - 1])
        value = "" if number is None else _rating(model, raw[number])
        rows.append([rank, shown, value])
        if titles:
            rows[-1].append("" if number is None else titles[number] or "")
        formulas |= _best_formulas(model, layout, line, has_titles=bool(titles))
    choices = {
        (0, 1): AreaRef("users", Rect(1, 0, layout.n_users)),
        (1, 1): AreaRef("items", Rect(1, 0, layout.n_items)),
    }
    widths = {0: 14.0, 1: 24.0, 2: 14.0, 3: 40.0}
    return NewSheet("predict", rows, widths=widths, formulas=formulas, choices=choices)


def _best_formulas(
    model: FactorModel, layout: _Layout, line: int, *, has_titles: bool
) -> dict[tuple[int, int], str]:
    """Item, rating and title of the rank that stands in the first cell of a line, from 0."""
    scores = f"scores!$B${_HEAD + 2}:$B${_HEAD + 1 + layout.n_items}"
    best = f"LARGE({scores},A{line + 1})"
    place = f"MATCH({best},{scores},0)"
    found = {
        (line, 1): f'IFERROR(INDEX({layout.column("items", 0)},{place}),"")',
        (line, 2): f'IFERROR({_rating_formula(model, best)},"")',
    }
    if has_titles:
        titles = f"'item features'!$B$2:$B${layout.n_items + 1}"
        found[line, 3] = f'IFERROR(INDEX({titles},{place})&"","")'
    return found


def _product_at(layout: _Layout, at: str) -> str:
    """+ the user's factors · those of the item at a place; nothing without factors."""
    first, end = layout.factors
    if first == end:
        return ""
    letters = column_letters(first), column_letters(end - 1)
    block = f"items!${letters[0]}$2:${letters[1]}${layout.n_items + 1}"
    return f"+SUMPRODUCT({_own(layout)},INDEX({block},{at},0))"


def _own(layout: _Layout) -> str:
    """The chosen user's factors, in the first row of scores."""
    width = layout.factors[1] - layout.factors[0]
    return f"scores!$D$1:${column_letters(2 + width)}$1"


def _ranked(model: FactorModel, user: int, raw: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best items that the user has not rated."""
    left = np.setdiff1d(np.arange(len(raw)), model.rated.by(user))
    return left[np.argsort(-raw[left], kind="stable")][:_BEST]


def _scores_sheet(
    model: FactorModel, layout: _Layout, user: int, raw: NDArray[np.float64]
) -> NewSheet:
    first, end = layout.factors
    who = f"MATCH(predict!$B$1,{layout.column('users', 0)},0)"
    start = int(model.rated.starts[user])
    count = int(model.rated.user_counts[user])
    centre = model.output.centre
    rows: list[list[Any]] = [
        ["place of the user", float(user + 1), "factors", *model.user_factors[user].tolist()],
        ["first of the rated", float(start + 1)],
        ["mean and bias", centre + float(model.user_bias[user])],
        ["ratings", float(count)],
        ["item", "score"],
    ]
    formulas = {
        (0, 1): who,
        (1, 1): f"IFERROR(MATCH(predict!$B$1,rated!$A$2:$A${layout.n_rated + 1},0),0)",
        (2, 1): f"{centre!r}+INDEX({layout.column('users', 2)},$B$1)",
        (3, 1): f"INDEX({layout.column('users', 1)},$B$1)",
    }
    for number, column in enumerate(range(first, end)):
        formulas[0, 3 + number] = f"INDEX({layout.column('users', column)},$B$1)"
    rated = set(model.rated.by(user).tolist())
    known = f"rated!$B$2:$B${layout.n_rated + 1}"
    stretch = f"INDEX({known},$B$2):INDEX({known},$B$2+$B$4-1)"
    tie = f"{model.output.spread * 1e-12!r}"
    for number, one in enumerate(model.item_ids.index.tolist()):
        line = _HEAD + 1 + number
        product = f"+SUMPRODUCT({_own(layout)},{layout.row('items', number + 2)})"
        score = f"$B$3+items!$C{number + 2}{product if end > first else ''}-ROW()*{tie}"
        is_rated = f"ISNUMBER(MATCH(A{line + 1},{stretch},0))"
        formulas[line, 0] = f"items!$A{number + 2}"
        formulas[line, 1] = f'IF($B$2*$B$4=0,{score},IF({is_rated},"",{score}))'
        value = "" if number in rated else raw[number] - (line + 1) * model.output.spread * 1e-12
        rows.append([scalar(one), value])
    return NewSheet("scores", rows, widths={0: 24.0, 1: 16.0}, formulas=formulas)
