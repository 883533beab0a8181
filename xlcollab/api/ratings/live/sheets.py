"""Sheets that predict by formulas: whoever has the workbook needs nothing else.

`predict` has a drop-down for the user and one for the item, the prediction, and the user's best
ten, with the ends between which they will probably lie where the model keeps draws; `scores` ranks
the items by the factors on the sheets `users` and `items`, without those that the user has rated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.live.intervals import ENDS, SHARE, Intervals, Places
from xlcollab.api.ratings.sheets import scalar
from xlcollab.factor import FactorModel
from xlcollab.factor.models.model import predicted_name
from xlcollab.factor.models.recommend import mixed
from xlcollab.grid import Look, NewSheet, Scalar
from xlcollab.history import HEAD_ROW, look_of, top
from xlcollab.ref import AreaRef, Rect, column_letters

_BEST = 10
"""Recommendations that a sheet lists; each is a row of formulas over all items."""
_FIRST = HEAD_ROW + 2
"""The first line of users, items and the others, counted from 1."""
_USER, _ITEM, _PREDICTION = HEAD_ROW, HEAD_ROW + 1, HEAD_ROW + 2
"""The rows of the sheet predict that hold the choices and what comes of them."""
_LABELS = ("share inside", *ENDS)
"""Beside them, where a model knows how sure it is."""
_RANKS = HEAD_ROW + 4
"""The row of its headings."""
_HEAD = 4
"""Rows of the sheet scores above its table: the user's place, bias and factors."""
_TIE = 1e-12
"""What parts equal scores, so that each has a rank of its own: too little to be seen."""
_MOST_CELLS = 10_000_000
"""Products that a recalculation of the scores makes: more keep people waiting. The draws of `best`
on MovieLens 100k make 5,046,000."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the model's numbers lie; the sheets users and items are alike."""

    n_users: int
    n_items: int
    n_rated: int
    heads: Mapping[str, Sequence[str]]
    """The headings of the sheets users and items."""
    n_factors: int

    def column(self, sheet: str, name: str) -> str:
        """All of a column of users or items below its head."""
        n = self.n_users if sheet == "users" else self.n_items
        letter = self.letter(sheet, name)
        return f"{sheet}!${letter}${_FIRST}:${letter}${n + _FIRST - 1}"

    def letter(self, sheet: str, name: str) -> str:
        return column_letters(self.heads[sheet].index(name))

    def factors(self, sheet: str, first: int, last: int) -> str:
        """The factors in rows of a sheet, from 1."""
        left = self.letter(sheet, "factor 1")
        right = self.letter(sheet, f"factor {self.n_factors}")
        return f"{sheet}!${left}{first}:${right}{last}"


def live_sheets(model: FactorModel, heads: Mapping[str, Sequence[str]]) -> list[NewSheet]:
    """The two sheets, or none for a model too large to rank by formulas. `heads` are the headings
    of the sheets users and items."""
    layout = _Layout(
        len(model.user_ids),
        len(model.item_ids),
        len(model.rated.items),
        heads,
        model.item_factors.shape[1],
    )
    if not len(model.rated.items) or layout.n_items * len(heads["items"]) > _MOST_CELLS:
        return []
    user = int(np.argmax(model.rated.user_counts))
    raw = _raw(model, user)
    intervals = None if model.draws is None else _intervals(model, layout, user, raw)
    found = [
        _predict_sheet(model, layout, user, raw, intervals),
        _scores_sheet(model, layout, user, raw),
    ]
    return found if intervals is None else [*found, intervals.sheet()]


def _intervals(
    model: FactorModel, layout: _Layout, user: int, raw: NDArray[np.float64]
) -> Intervals:
    """Those of the pair that is chosen and of the recommendations."""
    draws = model.draws
    assert draws is not None
    best: list[int | None] = _ranked(model, user, raw).tolist()
    best += [None] * (_BEST - len(best))
    shown = [best[0] or 0, *best]
    lines = [_RANKS + rank for rank in range(1, _BEST + 1)]
    places = Places(
        (_USER, 4),
        [(_PREDICTION, 1), *((line, 2) for line in lines)],
        [(_ITEM, 1), *((line, 1) for line in lines)],
        [((_ITEM, 4), (_PREDICTION, 4)), *(((line, 3), (line, 4)) for line in lines)],
    )
    k = layout.n_factors // draws.n
    areas = [_of_draw(layout, s * k, (s + 1) * k) for s in range(draws.n)] if k else []
    predicted = [_rating(model, raw[item or 0]) for item in shown]
    return Intervals(model, places, user, shown, predicted, layout.column("items", "item"), areas)


def _of_draw(layout: _Layout, begin: int, end: int) -> tuple[str, str]:
    """Factors `begin` … `end` − 1 of the chosen user, and of all items."""
    own = f"scores!${column_letters(3 + begin)}$1:${column_letters(2 + end)}$1"
    left, right = (layout.letter("items", f"factor {i}") for i in (begin + 1, end))
    return own, f"items!${left}${_FIRST}:${right}${layout.n_items + _FIRST - 1}"


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
    model: FactorModel,
    layout: _Layout,
    user: int,
    raw: NDArray[np.float64],
    intervals: Intervals | None,
) -> NewSheet:
    ranked = _ranked(model, user, raw).tolist()
    at = f"MATCH($B${_ITEM + 1},{layout.column('items', 'item')},0)"
    bias = f"scores!$B$3+INDEX({layout.column('items', 'bias')},{at})"
    formulas = {(_PREDICTION, 1): _rating_formula(model, f"{bias}{_product_at(layout, at)}")}
    title = (3 if intervals is None else 5) if model.titles.get("item") else None
    for rank in range(1, _BEST + 1):
        formulas |= _best_formulas(model, layout, _RANKS + rank, title=title)
    if intervals is not None:
        formulas |= intervals.end_formulas()
    choices = {
        (_USER, 1): AreaRef("users", Rect(_FIRST - 1, 0, layout.n_users)),
        (_ITEM, 1): AreaRef("items", Rect(_FIRST - 1, 0, layout.n_items)),
    }
    ends = None if intervals is None else intervals.ends()
    rows = [
        *_chosen_rows(model, user, ranked[0] if ranked else 0, raw, ends),
        *_best_rows(model, ranked, raw, ends),
    ]
    charts = () if intervals is None else (intervals.chart(),)
    sheet = NewSheet("predict", rows, charts, formulas=formulas, choices=choices)
    return _dressed(sheet, len(rows[-1]), _look(model, raw), has_ends=intervals is not None)


Ends = list[tuple[Scalar, Scalar]]
"""The lower and upper end for the chosen pair, then for each rank."""


def _chosen_rows(
    model: FactorModel, user: int, item: int, raw: NDArray[np.float64], ends: Ends | None
) -> list[list[Scalar]]:
    """The head of the sheet: what is chosen and what comes of it."""
    new = "not yet taken" if model.settings.implicit else "unrated"
    rows: list[list[Scalar]] = [
        ["user", scalar(model.user_ids.ids([user])[0])],
        ["item", scalar(model.item_ids.ids([item])[0])],
        ["prediction", _rating(model, raw[item])],
    ]
    if ends is not None:
        for row, name, value in zip(rows, _LABELS, (SHARE, *ends[0]), strict=True):
            row += ["", name, value]
    told = f"fit, choose a user and an item; the best {_BEST} {new} items stand below"
    return [*map(list, top("Predict", told)), *rows, []]


def _best_rows(
    model: FactorModel, ranked: list[int], raw: NDArray[np.float64], ends: Ends | None
) -> list[list[Scalar]]:
    """The recommendations under their headings."""
    titles = model.titles.get("item")
    of_ends = () if ends is None else ENDS
    rows: list[list[Scalar]] = [
        ["rank", "item", predicted_name(model), *of_ends, *(["title"] if titles else [])]
    ]
    for rank in range(1, _BEST + 1):
        number = ranked[rank - 1] if rank <= len(ranked) else None
        shown = "" if number is None else scalar(model.item_ids.ids([number])[0])
        value = "" if number is None else _rating(model, raw[number])
        rows.append([float(rank), shown, value, *(() if ends is None else ends[rank])])
        if titles:
            rows[-1].append("" if number is None else titles[number] or "")
    return rows


def _look(model: FactorModel, raw: NDArray[np.float64]) -> Look:
    """Of predictions between the ends of these, for the one chosen next need not be shown now."""
    low, high = (_rating(model, float(end)) for end in (raw.min(), raw.max()))
    found = look_of([low, low + (high - low) / 3.0, high])
    return "number" if found == "whole" else found


def _dressed(sheet: NewSheet, width: int, shown: Look, *, has_ends: bool) -> NewSheet:
    """Labels in bold, frames around what is chosen and what comes of it."""
    chosen = (_USER, _ITEM, _PREDICTION)
    looks: dict[tuple[int, int], Look] = {(row, 0): "label" for row in chosen}
    widths, boxes = {0: 14.0, 1: 24.0, 2: 14.0, 3: 44.0}, [Rect(_USER, 1, 3)]
    columns: dict[int, Look] = {0: "whole", 1: "whole", 2: shown}
    if has_ends:
        looks |= {(row, 3): "label" for row in chosen}
        looks |= {(_USER, 4): "share", (_ITEM, 4): shown, (_PREDICTION, 4): shown}
        widths |= {3: 14.0, 4: 14.0, 5: 44.0}
        columns |= {3: shown, 4: shown}
        boxes.append(Rect(_USER, 4, 3))
    return replace(
        sheet,
        widths=widths,
        freeze=(HEAD_ROW, 0),
        row_looks={0: "title", 1: "note", _RANKS: "head"},
        column_looks=columns,
        cell_looks=looks | {(_PREDICTION, 1): shown},
        boxes=(*boxes, Rect(_RANKS + 1, 0, _BEST, width)),
    )


def _best_formulas(
    model: FactorModel, layout: _Layout, line: int, *, title: int | None
) -> dict[tuple[int, int], str]:
    """Item, rating and, in column `title`, title of the rank that stands in the first cell of a
    line, from 0."""
    scores = f"scores!$B${_HEAD + 2}:$B${_HEAD + 1 + layout.n_items}"
    place = f"MATCH(LARGE({scores},A{line + 1}),{scores},0)"
    raw = f"INDEX({scores.replace('$B$', '$C$')},{place})"
    found = {
        (line, 1): f'IFERROR(INDEX({layout.column("items", "item")},{place}),"")',
        (line, 2): f'IFERROR({_rating_formula(model, raw)},"")',
    }
    if title is not None:
        titles = f"'item features'!$B${_FIRST}:$B${layout.n_items + _FIRST - 1}"
        found[line, title] = f'IFERROR(INDEX({titles},{place})&"","")'
    return found


def _product_at(layout: _Layout, at: str) -> str:
    """+ the user's factors · those of the item at a place; nothing without factors."""
    if not layout.n_factors:
        return ""
    left, right = (layout.letter("items", f"factor {i}") for i in (1, layout.n_factors))
    block = f"items!${left}${_FIRST}:${right}${layout.n_items + _FIRST - 1}"
    return f"+SUMPRODUCT({_own(layout)},INDEX({block},{at},0))"


def _own(layout: _Layout) -> str:
    """The chosen user's factors, in the first row of scores."""
    return f"scores!$D$1:${column_letters(2 + layout.n_factors)}$1"


def _ranked(model: FactorModel, user: int, raw: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best items that the user has not rated."""
    left = np.setdiff1d(np.arange(len(raw)), model.rated.by(user))
    return left[np.argsort(-_mixed(model, raw)[left], kind="stable")][:_BEST]


def _mixed(model: FactorModel, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """What items are ranked by: see `recommend`."""
    counts = model.rated.item_counts(len(raw))
    return mixed(raw, counts, model.output.slope, model.popularity)


def _scores_sheet(
    model: FactorModel, layout: _Layout, user: int, raw: NDArray[np.float64]
) -> NewSheet:
    chosen = f"predict!$B${_USER + 1}"
    who = f"MATCH({chosen},{layout.column('users', 'user')},0)"
    start = int(model.rated.starts[user])
    count = int(model.rated.user_counts[user])
    centre = model.output.centre
    rows: list[list[Any]] = [
        ["place of the user", float(user + 1), "factors", *model.user_factors[user].tolist()],
        ["first of the rated", float(start + 1)],
        ["mean and bias", centre + float(model.user_bias[user])],
        ["ratings", float(count)],
        ["item", "score", "before the range"],
    ]
    formulas = {
        (0, 1): who,
        (1, 1): f"IFERROR(MATCH({chosen},{_rated(layout, 'A')},0),0)",
        (2, 1): f"{centre!r}+INDEX({layout.column('users', 'bias')},$B$1)",
        (3, 1): f"INDEX({layout.column('users', 'ratings')},$B$1)",
    }
    for number in range(layout.n_factors):
        factor = layout.column("users", f"factor {number + 1}")
        formulas[0, 3 + number] = f"INDEX({factor},$B$1)"
    rated, wide = set(model.rated.by(user).tolist()), layout.n_factors > 0
    known = _rated(layout, "B")
    bias = layout.letter("items", "bias")
    stretch = f"INDEX({known},$B$2):INDEX({known},$B$2+$B$4-1)"
    ratings, scores = layout.letter("items", "ratings"), _mixed(model, raw)
    for number, one in enumerate(model.item_ids.index.tolist()):
        line = _HEAD + 1 + number
        at = number + _FIRST
        product = f"+SUMPRODUCT({_own(layout)},{layout.factors('items', at, at)})" if wide else ""
        popular = f"{model.popularity!r}*LN(1+items!${ratings}{at})"
        score = f"C{line + 1}/{model.output.slope!r}+{popular}-ROW()*{_TIE!r}"
        is_rated = f"ISNUMBER(MATCH(A{line + 1},{stretch},0))"
        formulas[line, 0] = f"items!$A{at}"
        formulas[line, 1] = f'IF($B$2*$B$4=0,{score},IF({is_rated},"",{score}))'
        formulas[line, 2] = f"$B$3+items!${bias}{at}{product}"
        value = "" if number in rated else scores[number] - (line + 1) * _TIE
        rows.append([scalar(one), value, raw[number]])
    return NewSheet("scores", rows, widths={0: 24.0, 1: 16.0}, formulas=formulas, hidden=True)


def _rated(layout: _Layout, letter: str) -> str:
    """A column of the pairs that were rated."""
    return f"rated!${letter}${_FIRST}:${letter}${layout.n_rated + _FIRST - 1}"
