"""The sheet `one_hot`: a one-hot vector times a matrix is a look-up."""

from __future__ import annotations

import numpy as np

from lessons.films import FILMS
from xlcollab.lessons import Page
from xlcollab.lessons.page import column_fixed, fixed, row_fixed, turned_height
from xlcollab.ref import Rect, cell_name

_WIDTH = 3
_CHOSEN = ("Steel Pigeons", "The Well Below", "Steel Pigeons", "A Quiet Ledger", "Copper Orbit",
           "Ash on the Piano")  # fmt: skip
_HEAD = 4
_INTRO = (
    "An embedding is nothing but a row of a table. Written as a network would have it, each chosen "
    "film becomes a row of zeros with a single 1, one-hot, and is multiplied by the whole table: "
    "all products are 0 but those of one row, so the product is that row. Looking the row up gives "
    "the same numbers without the multiplications, which is what every program does. Try: type "
    "another film into a yellow cell, and see the 1 move and both results follow; the difference "
    "stays 0. The slope follows, too: only the row that was chosen learns."
)


def one_hot_page() -> Page:
    """Six chosen films: one-hot rows, the table, the product, the look-up, the difference."""
    films = tuple(FILMS)[:5] + tuple(FILMS)[9:]
    n, left = len(films), 1
    table = left + n + 1
    page = Page("one_hot", freeze=(_HEAD + 1, 1))
    page.heading("One-hot times a matrix is a look-up", _INTRO, table + 10, 3)
    page.heights[_HEAD] = turned_height(films)
    page.put(_HEAD, 0, "chosen film", "left head")
    page.row(_HEAD, left, films, "turned head")
    ones = Rect(_HEAD + 1, left, len(_CHOSEN), n)
    page.column(ones.top, 0, _CHOSEN, "input")
    page.fill(
        ones,
        lambda row, column: f"=IF({column_fixed(row, 0)}={row_fixed(_HEAD, column)},1,0)",
        "whole",
    )
    page.scales.append((ones, "rating"))
    block = _table(page, ones.bottom + 3, films)
    _results(page, table, ones, block)
    page.widths = {0: 25} | dict.fromkeys(range(1, table + 11), 7.5) | {table - 1: 3}
    return page


def _table(page: Page, top: int, films: tuple[str, ...]) -> Rect:
    """The embeddings: a row for each film."""
    start = np.round(np.random.default_rng(5).normal(0.0, 1.0, (len(films), _WIDTH)), 2)
    page.put(top - 1, 0, "the table of embeddings", "left head")
    page.row(top - 1, 1, [f"e{number + 1}" for number in range(_WIDTH)], "head")
    page.column(top, 0, films, "label")
    block = Rect(top, 1, len(films), _WIDTH)
    page.fill(block, lambda row, column: float(start[row - top, column - 1]), "weight")
    page.scales.append((block, "weight"))
    page.names["film_table"] = block
    page.names["film_names"] = Rect(top, 0, len(films))
    return block


def _results(page: Page, left: int, ones: Rect, block: Rect) -> None:
    """The product, the look-up and their difference, side by side."""
    titles = ("one-hot × table", "looked up", "difference")
    for place, title in enumerate(titles):
        at = left + place * (_WIDTH + 1)
        page.merge(Rect(_HEAD, at, 1, _WIDTH), title, "head")

        def formula(row: int, column: int, place: int = place, at: int = at) -> str:
            number = column - at
            if place == 0:
                given = f"{column_fixed(row, ones.left)}:{column_fixed(row, ones.right - 1)}"
                own = f"{fixed(block.top, 1 + number)}:{fixed(block.bottom - 1, 1 + number)}"
                return f"=MMULT({given},{own})"
            if place == 1:
                return f"=INDEX(film_table,MATCH({column_fixed(row, 0)},film_names,0),{number + 1})"
            first, second = (cell_name(row, column - step * (_WIDTH + 1)) for step in (2, 1))
            return f"={first}-{second}"

        page.fill(Rect(ones.top, at, ones.height, _WIDTH), formula, "number")
