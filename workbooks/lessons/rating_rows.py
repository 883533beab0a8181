"""What the sheets with one row per rating share: tables of embeddings, look-ups, errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlcollab.lessons import Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

HEAD = 5
"""The row of column titles; the first rating is below it."""


def draw(
    page: Page, name: str, rect: Rect, rng: np.random.Generator, scale: float, mean: float = 0.0
) -> None:
    """A named block of start weights, normal with standard deviation `scale`."""
    start = np.round(rng.normal(mean, scale, (rect.height, rect.width)), 3)
    page.names[name] = rect
    page.fill(rect, lambda row, column: float(start[row - rect.top, column - rect.left]), "weight")
    page.scales.append((rect, "weight"))


def embedding_table(
    page: Page,
    top: int,
    kind: str,
    ids: Sequence[str],
    width: int,
    rng: np.random.Generator,
    scale: float = 0.3,
) -> None:
    """A table of `ids` in column A and `width` weights each: `<kind>_names`, `<kind>_table`."""
    page.put(top - 1, 0, f"{kind} embeddings", "left head")
    page.row(top - 1, 1, [f"e{number + 1}" for number in range(width)], "head")
    page.column(top, 0, ids, "label")
    page.names[f"{kind}_names"] = Rect(top, 0, len(ids))
    draw(page, f"{kind}_table", Rect(top, 1, len(ids), width), rng, scale)


def rating_columns(page: Page, left: int, count: int, first: int) -> None:
    """user, item, rating, split and the two row numbers of each rating, from column `left` on.

    `first` is the row of the first rating on the sheet `ratings`.
    """
    titles = ("user", "film", "rating", "split", "user no.", "film no.")
    page.row(HEAD, left, titles, "head")
    top = HEAD + 1
    for offset, source in enumerate((0, 1, 2, 4)):
        style = ("plain", "plain", "rating", "word")[offset]
        page.fill(
            Rect(top, left + offset, count),
            lambda row, _, source=source: f"=ratings!{cell_name(row - top + first, source)}",  # type: ignore[misc]
            style,
        )
    for offset, kind in enumerate(("user", "film")):
        page.fill(
            Rect(top, left + 4 + offset, count),
            lambda row, _, offset=offset, kind=kind: (  # type: ignore[misc]
                f"=MATCH({cell_name(row, left + offset)},{kind}_names,0)"
            ),
            "whole",
        )


def looked_up(page: Page, left: int, count: int, kind: str, width: int, number: int) -> None:
    """The embedding of each row's user or item; `number` is the column of its row number."""
    page.row(HEAD, left, [f"{kind} e{n + 1}" for n in range(width)], "head")
    rect = Rect(HEAD + 1, left, count, width)
    page.fill(
        rect,
        lambda row, column: (
            f"=INDEX({kind}_table,{column_fixed(row, number)},{row_fixed(HEAD - 1, column)})"
        ),
        "number",
    )
    page.row(HEAD - 1, left, [float(n + 1) for n in range(width)], "metric head")


def error_columns(page: Page, left: int, count: int, rating: int, predicted: int) -> None:
    """Train and test errors; the split stands right of the rating."""
    top = HEAD + 1
    for offset, split in enumerate(("train", "test")):
        page.put(HEAD, left + offset, f"{split} error", "head")
        rect = Rect(top, left + offset, count)
        page.fill(
            rect,
            lambda row, _, split=split: (  # type: ignore[misc]
                f'=IF({cell_name(row, rating + 1)}="{split}",'
                f'{cell_name(row, rating)}-{cell_name(row, predicted)},"")'
            ),
            "number",
        )
        page.names[f"{split}_errors"] = rect
        page.scales.append((rect, "error"))


def measures(page: Page, left: int) -> None:
    """The RMSE of both parts, as cells `rmse_train` and `rmse_test`."""
    for offset, split in enumerate(("train", "test")):
        formula = f"=SQRT(SUMSQ({split}_errors)/COUNT({split}_errors))"
        page.metric(2, left + 2 * offset, 2, f"rmse_{split}", f"{split} RMSE", formula)
