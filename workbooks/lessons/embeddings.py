"""The sheet `embeddings`: the same model as `bias`, one row per rating, typed as look-ups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessons.rating_rows import (
    HEAD,
    embedding_table,
    error_columns,
    looked_up,
    measures,
    rating_columns,
)
from xlcollab.lessons import Page
from xlcollab.ref import Rect, cell_name

_WIDTH = 5
_INTRO = (
    "The same idea as on the sheet dotprod, in the way a program does it: one row per rating. "
    "MATCH finds the row of the user and of the film, INDEX fetches their embeddings, SUMPRODUCT "
    "multiplies them. Nothing is stored twice: each embedding cell serves all ratings of its user "
    "or film, and its gradient is the sum over them. Try: change one user's embedding and see "
    "which rows move."
)


def embeddings_page(users: Sequence[str], films: Sequence[str], count: int, first: int) -> Page:
    """`count` ratings, the first in row `first` of the sheet `ratings`."""
    rng = np.random.default_rng(31)
    left = _WIDTH + 2
    page = Page("embeddings", freeze=(HEAD + 1, 1))
    page.heading("Embeddings by look-up", _INTRO, left + 12, 4)
    page.heights[HEAD] = 32
    embedding_table(page, HEAD + 1, "user", users, _WIDTH, rng)
    embedding_table(page, HEAD + 3 + len(users), "film", films, _WIDTH, rng)
    rating_columns(page, left, count, first)
    looked_up(page, left + 6, count, "user", _WIDTH, left + 4)
    looked_up(page, left + 6 + _WIDTH, count, "film", _WIDTH, left + 5)
    predicted = left + 6 + 2 * _WIDTH
    _predictions(page, predicted, count)
    error_columns(page, predicted + 1, count, left + 2, predicted)
    measures(page, 1)
    page.minimise("rmse_train", ("user_table", "film_table"))
    page.widths = {
        0: 27,
        **dict.fromkeys(range(1, predicted + 4), 7.5),
        predicted: 9.5,
        left: 10,
        left + 1: 26,
    }
    return page


def _predictions(page: Page, column: int, count: int) -> None:
    page.put(HEAD, column, "predicted", "head")
    user, item = column - 2 * _WIDTH, column - _WIDTH
    page.fill(
        Rect(HEAD + 1, column, count),
        lambda row, _: (
            f"=AVERAGE(ratings_train)+SUMPRODUCT({cell_name(row, user)}:{cell_name(row, item - 1)},"
            f"{cell_name(row, item)}:{cell_name(row, column - 1)})"
        ),
        "number",
    )
