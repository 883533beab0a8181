"""The sheet `data`: a few ratings, the split, and weights to start from."""

from __future__ import annotations

import numpy as np

from lessons.films import FILMS, VIEWERS
from lessons.rating_rows import draw
from xlcollab.lessons import Page
from xlcollab.ref import Rect, cell_name

N_FACTORS = 2
USERS = VIEWERS[:6]
ITEMS = tuple(FILMS)[1:12:2]
N_USERS, N_ITEMS = len(USERS), len(ITEMS)
N_CELLS = N_USERS * N_ITEMS

_SEED = 244
"""A draw whose few test ratings show what L2 is for."""
_TOP = 4
_STEP = N_USERS + 3
RATINGS = Rect(_TOP + 1, 1, N_USERS, N_ITEMS)
DRAWS = RATINGS.shifted(_STEP, 0)
MASKS = {
    "train": RATINGS.shifted(2 * _STEP, 0),
    "test": RATINGS.shifted(3 * _STEP, 0),
}
_RIGHT = N_ITEMS + 3
ITEM_WEIGHTS = Rect(_TOP + 1, _RIGHT + N_FACTORS + 1, N_FACTORS, N_ITEMS)
USER_WEIGHTS = Rect(DRAWS.top, _RIGHT, N_USERS, N_FACTORS)
Z_ITEMS = ITEM_WEIGHTS.shifted(2 * _STEP, 0)
Z_USERS = USER_WEIGHTS.shifted(2 * _STEP, 0)
_INTRO = (
    "On the left the ratings, a fixed random draw for each, and the masks that the test fraction "
    "on the control sheet makes of the draws. On the right weights to start from: typed ones, and "
    "draws from which the control sheet makes the other starts. Try: type another rating, or "
    "leave one out; the whole descent follows."
)


def data_page() -> Page:
    """Ratings, draws, masks; typed and drawn start weights."""
    rng = np.random.default_rng(_SEED)
    page = Page("data", freeze=(_TOP, 1))
    page.heading("Data and start weights", _INTRO, ITEM_WEIGHTS.right, 5)
    page.widths = {0: 12, **dict.fromkeys(range(1, ITEM_WEIGHTS.right), 10.5), _RIGHT - 1: 12}
    _ratings(page, rng)
    _weights(page, "start", ITEM_WEIGHTS, USER_WEIGHTS, "typed start weights", 1.2, rng)
    _weights(page, "drawn", Z_ITEMS, Z_USERS, "draws for random starts", 0.0, rng)
    for number, split in enumerate(MASKS):
        page.metric(
            2, 1 + 2 * number, 2, f"n_{split}", f"{split} ratings", f"=SUM({split}_mask)",
            "result whole",
        )  # fmt: skip
        page.book_names[f"n_{split}"] = page.names.pop(f"n_{split}")
    return page


def _block(page: Page, rect: Rect, title: str) -> None:
    """The titles of a block: users on its left, films above."""
    page.put(rect.top - 1, rect.left - 1, title, "left head")
    page.row(rect.top - 1, rect.left, ITEMS, "head")
    page.heights[rect.top - 1] = 46
    page.column(rect.top, rect.left - 1, USERS, "label")


def _ratings(page: Page, rng: np.random.Generator) -> None:
    films = np.array([FILMS[item] for item in ITEMS])
    taste = rng.normal(0.0, 0.8, (N_USERS, 2))
    liked = 3.2 + taste @ films.T + rng.normal(0.0, 0.3, (N_USERS, N_ITEMS))
    stars = np.clip(np.round(2 * liked) / 2, 0.5, 5.0)
    seen = rng.random(stars.shape) < 0.85
    draws = np.round(rng.random(stars.shape), 3)
    _block(page, RATINGS, "ratings")
    _block(page, DRAWS, "draws")
    for row, column in RATINGS.cells():
        i, j = row - RATINGS.top, column - RATINGS.left
        page.put(row, column, float(stars[i, j]) if seen[i, j] else "", "data")
        page.put(row + _STEP, column, float(draws[i, j]), "draw")
    page.scales.append((RATINGS, "rating"))
    for (split, rect), sign in zip(MASKS.items(), (">=", "<"), strict=True):
        _block(page, rect, f"{split} mask")
        down = RATINGS.top - rect.top
        page.fill(
            rect,
            lambda row, column, down=down, sign=sign: (  # type: ignore[misc]
                f'=IF({cell_name(row + down, column)}="",0,'
                f"IF({cell_name(row + down + _STEP, column)}{sign}test_fraction,1,0))"
            ),
            "whole",
        )
        page.book_names[f"{split}_mask"] = rect
        page.scales.append((rect, "rating"))


def start_weights() -> tuple[list[list[float]], list[list[float]]]:
    """The typed start weights: (users × factors, factors × items)."""
    page = data_page()
    blocks = ("start_users", "start_items")
    users, items = (_numbers(page, page.names[name]) for name in blocks)
    return users, items


def _numbers(page: Page, rect: Rect) -> list[list[float]]:
    return [
        [float(page.cells[row, column].content) for column in range(rect.left, rect.right)]
        for row in range(rect.top, rect.bottom)
    ]


def _weights(
    page: Page, name: str, items: Rect, users: Rect, title: str, mean: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Item weights above, user weights below and left, with their titles."""
    page.put(items.top - 1, users.left, title, "section")
    page.row(items.top - 1, items.left, ITEMS, "head")
    page.heights[items.top - 1] = 46
    page.column(items.top, items.left - 1, ("f1", "f2"), "right label")
    page.row(users.top - 1, users.left, ("f1", "f2"), "metric head")
    page.column(users.top, users.left - 1, USERS, "label")
    for part, rect in (("items", items), ("users", users)):
        draw(page, f"{name}_{part}", rect, rng, 0.15 if mean else 1.0, mean)
