"""The ratings as a long table, and the crosstabs that formulas make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlcollab.lessons.page import Page, column_fixed, row_fixed, turned_height
from xlcollab.ref import Rect, cell_name


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating; `draw` in [0, 1) decides whether it is kept for the test."""

    user: str
    item: str
    value: float
    draw: float


_TABLE_TOP = 3
"""The row of the headings, below title and sentence."""
FIRST_RATING = _TABLE_TOP + 1
"""The row of the first rating on the sheet `ratings`."""
CROSS_TOP = 4
"""The row of the items' names, below title, sentence and what is counted."""


def ratings_page(ratings: Sequence[Rating], item: str) -> Page:
    """The sheet `ratings`: user, item, rating, draw, split."""
    page = Page("ratings", widths={0: 16, 1: 34, 2: 12, 3: 12, 4: 12}, freeze=(4, 0))
    page.heading(
        "Ratings",
        f"One row per rating: who gave how much to which {item}. The draw is a fixed random "
        "number; rows whose draw is below the test fraction on the control sheet are kept for the "
        "test, the rest train the model. Try: type another rating, or another test fraction, and "
        "watch every sheet follow.",
        5,
        5,
    )
    page.row(_TABLE_TOP, 0, ("user", "item", "rating", "draw", "split"), "left head")
    first, height = FIRST_RATING, len(ratings)
    page.column(first, 0, [rating.user for rating in ratings], "data text")
    page.column(first, 1, [rating.item for rating in ratings], "data text")
    page.column(first, 2, [rating.value for rating in ratings], "data")
    page.column(first, 3, [rating.draw for rating in ratings], "draw")
    page.fill(
        Rect(first, 4, height),
        lambda row, column: f'=IF({cell_name(row, 3)}<test_fraction,"test","train")',
        "word",
    )
    page.tables["ratings_table"] = Rect(_TABLE_TOP, 0, height + 1, 5)
    for column, name in enumerate(("user", "item", "value", "draw", "split")):
        page.book_names[f"rating_{name}"] = Rect(first, column, height)
    return page


def crosstab_page(users: Sequence[str], items: Sequence[str], item: str) -> Page:
    """The sheet `crosstab`: all ratings, then the train and the test part, users × items each."""
    page = Page("crosstab", freeze=(CROSS_TOP + 1, 1))
    page.widths = {0: 13, **dict.fromkeys(range(1, len(items) + 1), 6.3)}
    page.heights[CROSS_TOP] = turned_height(items)
    page.heading(
        "Crosstab",
        f"The long table folded out by formulas: users down, {item}s across, blank where nobody "
        "has rated. Below it stands the part that models are trained on, and the part kept for the "
        "test. The models fill in the blanks. Look at which rows resemble each other: that "
        "likeness is all a model has to go by.",
        len(items) + 1,
        4,
    )
    page.put(CROSS_TOP, 0, "all ratings", "left head")
    page.row(CROSS_TOP, 1, items, "turned head")
    for part, name in enumerate(("all", "train", "test")):
        block = crosstab_block(part, len(users), len(items))
        if part:
            page.put(block.top - 1, 0, f"{name} ratings", "section")
        page.column(block.top, 0, users, "label")
        page.fill(block, _rating_formula("" if name == "all" else name), "rating")
        page.scales.append((block, "rating"))
        page.book_names[f"ratings_{name}"] = block
        page.metric(
            2, 1 + 2 * part, 2, f"count_{name}", name, f"=COUNT(ratings_{name})", "result whole"
        )
    page.merge(Rect(2, 0, 2, 1), "ratings", "label")
    return page


def crosstab_block(part: int, n_users: int, n_items: int) -> Rect:
    """Where the crosstab sheet holds part 0 all, 1 train, 2 test ratings."""
    return Rect(CROSS_TOP + 1 + part * (n_users + 2), 1, n_users, n_items)


def _rating_formula(split: str) -> Callable[[int, int], str]:
    """The mean of what the user of a row gave the item of a column, or nothing."""
    only = f',rating_split,"{split}"' if split else ""

    def formula(row: int, column: int) -> str:
        who = f"rating_user,{column_fixed(row, 0)},rating_item,{row_fixed(CROSS_TOP, column)}{only}"
        return f'=IF(COUNTIFS({who})=0,"",AVERAGEIFS(rating_value,{who}))'

    return formula
