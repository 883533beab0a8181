"""Predicted ratings of pairs, of tables of pairs and of whole crosstabs: `xlcollab predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.ids import as_written, json_id, known_or_text
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import Model, Table, predict
from xlcollab.factor.models.interval import interval
from xlcollab.factor.models.model import predicted_name
from xlcollab.factor.models.recommend import titles_of
from xlcollab.factor.sheets import Row
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.crosstab import MAX_CELLS
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.requests.ratings import PredictRequest


def predictions_of(request: PredictRequest) -> Table:
    """The predictions as a table, written if an output is asked for.

    user, item, the item's title where the model has titles, rating; or for a crosstab the users
    down and the items across.
    Raises UsageError on a crosstab of intervals.
    """
    if request.interval is not None and request.crosstab:
        raise UsageError("--interval has two numbers a pair, a crosstab has one; use --pairs")
    if request.output is not None:
        from xlcollab.api.ratings.sheets import check_table_file  # loads what writes workbooks

        inputs = [request.model, *([request.pairs] if request.pairs else [])]
        check_table_file(
            request.output,
            "predictions",
            ("user", *([] if request.crosstab else ["item"])),
            inputs=inputs,
            overwrite=request.overwrite,
        )
    model = open_model(request.model, rated=request.ratings is not None)
    if request.ratings is not None:
        from xlcollab.api.ratings.newcomers import with_newcomers

        model, _ = with_newcomers(model, request.ratings)
    if request.crosstab:
        return _crosstab(model, request)
    if request.pairs is not None:
        from xlcollab.api.ratings.reading.pairs import read_pairs  # loads what reads tables

        pairs = read_pairs(request.pairs)
        if not request.unknown_ids:
            pairs.refuse_unknown(model)
        table = _pairs(model, pairs.users, pairs.items, request, pairs.side(model))
    else:
        table = _typed(model, request)
    if request.output is not None:
        from xlcollab.api.ratings.sheets import write_table
        from xlcollab.api.session.provenance import Provenance

        said = _said(model, request, "each pair")
        write_table(
            replace(table, sentence=said), request.output, Provenance.of("predict", request)
        )
    return table


def _said(model: Model, request: PredictRequest, what: str) -> str:
    return f"predict, the {predicted_name(model)} that {request.model.name} has for {what}"


def as_json(table: Table) -> dict[str, object]:
    """{"predictions": one object per pair}, or {"users", "items", "ratings"} of a crosstab."""
    if table.columns[:2] == _PAIR and _without_title(table.columns[2:]) in _PREDICTED:
        rows = [dict(zip(table.columns, map(json_id, row), strict=True)) for row in table.rows]
        return {"predictions": rows}
    return {
        "users": [json_id(row[0]) for row in table.rows],
        "items": list(table.columns[1:]),
        "ratings": [list(row[1:]) for row in table.rows],
    }


def _without_title(columns: tuple[str, ...]) -> tuple[str, ...]:
    return columns[1:] if columns[:1] == (_TITLE,) else columns


_PAIR = ("user", "item")
_TITLE = "title"
_ENDS = ("low", "high")
"""The columns of an interval."""
_PREDICTED = (("rating",), ("rating", *_ENDS), ("preference",))
"""What stands beside a pair."""


def _typed(model: Model, request: PredictRequest) -> Table:
    """One user serves several items, and the other way."""
    users = _parsed(model.user_ids, request.user, request.unknown_ids)
    items = _parsed(model.item_ids, request.item, request.unknown_ids)
    n = max(len(users), len(items))
    if len(users) not in (1, n) or len(items) not in (1, n):
        raise UsageError(
            f"{len(users)} users and {len(items)} items are given; give as many of both, or one"
        )
    users, items = users * (n // len(users)), items * (n // len(items))
    return _pairs(model, users, items, request)


def _pairs(
    model: Model,
    users: list[Id],
    items: list[Id],
    request: PredictRequest,
    side: Mapping[str, NDArray[np.int32]] | None = None,
) -> Table:
    users, items = as_written(model.user_ids, users), as_written(model.item_ids, items)
    ratings = predict(model, users, items, "bias" if request.unknown_ids else "error", side)
    numbers = model.user_ids.numbers(users, "negative"), model.item_ids.numbers(items, "negative")
    titles = _titles(model, numbers[1])
    columns = [users, items, *([titles] if titles else []), ratings.tolist()]
    head = (*_PAIR, *([_TITLE] if titles else []), predicted_name(model))
    if request.interval is not None:
        columns += [end.tolist() for end in interval(model, *numbers, request.interval)]
        head = (*head, *_ENDS)
    return Table("predictions", head, list(zip(*columns, strict=True)))


def _titles(model: Model, items: NDArray[np.int32]) -> list[str | None]:
    """Those of the items, None for an unknown one; nothing where the model has none of them."""
    found = titles_of(model, np.maximum(items, 0))
    known = [title if n >= 0 else None for title, n in zip(found, items.tolist(), strict=True)]
    return known if any(known) else []


def _crosstab(model: Model, request: PredictRequest) -> Table:
    """Written where an output is asked for; what cannot be written is refused before the work."""
    users = _parsed(model.user_ids, request.user) or model.user_ids.index.tolist()
    items = _parsed(model.item_ids, request.item) or model.item_ids.index.tolist()
    if len(users) * len(items) > MAX_CELLS:
        raise DataError(
            f"a crosstab of {len(users):,} × {len(items):,} is too large; name users with --user "
            "or items with --item, or predict a file of --pairs"
        )
    table = Table("predictions", ("user", *map(str, items)), [])
    if request.output is None:
        return replace(table, rows=_rows(model, users, items))
    from xlcollab.api.ratings.wide import Wide, refuse_unfit, write_wide
    from xlcollab.api.session.provenance import Provenance

    wide = Wide(table.name, _said(model, request, "every user (down) and item (across)"), items)
    refuse_unfit(wide, users, request.output)
    table = replace(table, rows=_rows(model, users, items))
    write_wide(wide, table.rows, request.output, Provenance.of("predict", request))
    return table


def _rows(model: Model, users: list[Id], items: list[Id]) -> list[Row]:
    numbers = model.item_ids.numbers(items)
    return [
        (user, *_of_user(model, number, numbers))
        for user, number in zip(users, model.user_ids.numbers(users), strict=True)
    ]


def _of_user(model: Model, user: int, items: Any) -> list[float]:
    ratings: list[float] = model.predict_numbers(np.full_like(items, user), items).tolist()
    return ratings


def _parsed(ids: Vocabulary, texts: Sequence[str], unknown_ids: bool = False) -> list[Id]:
    """Ids typed in a shell; DataError on an unknown one unless these are let through."""
    return [known_or_text(ids, text) if unknown_ids else ids.parse(text) for text in texts]
