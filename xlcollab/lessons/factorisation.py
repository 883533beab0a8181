"""Matrix factorisation in cells: factors at the edges, predictions and errors in the middle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from xlcollab.lessons.control import control_page, factor_settings
from xlcollab.lessons.page import Page, column_fixed, row_fixed, turned_height
from xlcollab.lessons.ratings_pages import Rating, crosstab_block, crosstab_page, ratings_page
from xlcollab.ref import Rect, cell_name

_HEAD = 4
"""The row of the items' names, below title, sentence and settings."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a factorisation sheet holds."""

    n_factors: int = 5
    test_fraction: float = 0.2
    l2: float = 0.0
    seed: int = 0
    item: str = "film"
    """What items are called in titles and texts."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One sheet: its name, texts ({item} stands for what is rated), and what is added to the plain
    dot product."""

    name: str
    title: str
    intro: str
    bias: bool = False
    squash: bool = False
    centre: float = field(default=0.0)
    """Mean of the drawn start factors."""


DOTPROD = Variant(
    "dotprod",
    "Dot product",
    "Each user and each {item} is a handful of numbers, its factors; a predicted rating is the "
    "dot product of the two. Nobody says what a factor means: solving finds numbers that fit the "
    "known ratings. Look at the errors below the predictions, and at the test RMSE beside the "
    "train RMSE. Try: `xlcollab solve` this book, then set L2 on the control sheet to 0 and solve "
    "again: train gets better, test gets worse.",
    centre=0.8,
)
BIAS = Variant(
    "bias",
    "Dot product and biases",
    "Some users are generous and some {item}s are simply good. The bias of each, and the mean of "
    "all train ratings, take that out, so that the factors only have to explain taste. Compare "
    "the test RMSE with that of the sheet dotprod. Try: sort the {item}s by their bias; that "
    "ranking is fairer than the mean rating, since it knows who has rated them.",
    bias=True,
)
SIGMOID = Variant(
    "sigmoid",
    "Into the range of ratings",
    "A rating never leaves its scale, but a sum can. Here the sum passes through a sigmoid that "
    "runs from the lowest to the highest rating, each moved outwards by a padding, as a sigmoid "
    "never reaches its ends. The padding is a variable too: solving learns it with the weights. "
    "Try: solve and see how far it moved; then fix it by leaving its cell out of the Solver model.",
    bias=True,
    squash=True,
)


def factorisation_pages(
    ratings: Sequence[Rating],
    sizes: Sizes = Sizes(),
    variants: Sequence[Variant] = (DOTPROD, BIAS),
    *,
    users: Sequence[str],
    items: Sequence[str],
) -> list[Page]:
    """The sheets ratings, crosstab, one per variant, and control, with `users` and `items` in the
    order given."""
    values = [rating.value for rating in ratings]
    settings = factor_settings(
        sizes.n_factors, min(values), max(values), sizes.test_fraction, sizes.l2
    )
    return [
        ratings_page(ratings, sizes.item),
        crosstab_page(users, items, sizes.item),
        *(factor_page(variant, users, items, sizes) for variant in variants),
        control_page(settings),
    ]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the blocks of a factor page stand."""

    n_users: int
    n_items: int
    n_factors: int
    bias: bool

    @property
    def left(self) -> int:
        """The first item's column: after names, factors, perhaps the bias, and row titles."""
        return self.n_factors + self.bias + 2

    @property
    def items(self) -> Rect:
        return Rect(_HEAD + 1, self.left, self.n_factors, self.n_items)

    @property
    def item_bias(self) -> Rect:
        return Rect(self.items.bottom, self.left, 1, self.n_items)

    def block(self, number: int) -> Rect:
        """0 predictions, 1 train errors, 2 test errors."""
        top = self.items.bottom + self.bias + 2
        return Rect(top + number * (self.n_users + 2), self.left, self.n_users, self.n_items)

    @property
    def users(self) -> Rect:
        return Rect(self.block(0).top, 1, self.n_users, self.n_factors)

    @property
    def user_bias(self) -> Rect:
        return Rect(self.users.top, self.users.right, self.n_users)


def factor_page(variant: Variant, users: Sequence[str], items: Sequence[str], sizes: Sizes) -> Page:
    """One sheet of factors, predictions, errors, measures and a Solver model."""
    layout = _Layout(len(users), len(items), sizes.n_factors, variant.bias)
    page = Page(variant.name, freeze=(_HEAD + 1, 1))
    page.widths = {0: 13} | dict.fromkeys(range(1, layout.left + layout.n_items), 6.3)
    page.widths[layout.left - 1] = 9
    page.heights[_HEAD] = turned_height(items)
    intro = variant.intro.format(item=sizes.item)
    page.heading(variant.title, intro, layout.left + layout.n_items, 3)
    _weights(page, variant, layout, sizes)
    _titles(page, layout, users, items, sizes.item)
    _predictions(page, variant, layout)
    _errors(page, layout)
    _measures(page, variant, layout)
    return page


def _titles(
    page: Page, layout: _Layout, users: Sequence[str], items: Sequence[str], item: str
) -> None:
    page.put(_HEAD, layout.left - 1, f"{item}s", "right label")
    page.row(_HEAD, layout.left, items, "turned head")
    factors = [f"factor {number + 1}" for number in range(layout.n_factors)]
    page.column(_HEAD + 1, layout.left - 1, factors, "right label")
    above = layout.users.top - 1
    page.put(above, 0, "users", "section")
    page.row(above, 1, [f"f{number + 1}" for number in range(layout.n_factors)], "metric head")
    if layout.bias:
        page.put(layout.item_bias.top, layout.left - 1, "bias", "right label")
        page.put(above, layout.user_bias.left, "bias", "metric head")
    for number, title in enumerate(("predicted ratings", "train errors", "test errors")):
        block = layout.block(number)
        page.put(block.top - 1, layout.left, title, "section")
        page.column(block.top, 0, users, "label")


def _weights(page: Page, variant: Variant, layout: _Layout, sizes: Sizes) -> None:
    """The start weights: drawn with the seed, and typed as numbers."""
    rng = np.random.default_rng([sizes.seed, len(variant.name), variant.bias, variant.squash])
    blocks = {"item_factors": layout.items, "user_factors": layout.users}
    if variant.bias:
        blocks |= {"item_bias": layout.item_bias, "user_bias": layout.user_bias}
    for name, rect in blocks.items():
        centre = variant.centre if name.endswith("factors") else 0.0
        drawn = np.round(rng.normal(centre, 0.2, (rect.height, rect.width)), 3)
        start = drawn.tolist()
        page.names[name] = rect
        page.fill(
            rect,
            lambda row, column, rect=rect, start=start: start[row - rect.top][column - rect.left],  # type: ignore[misc]
            "weight",
        )
        page.scales.append((rect, "weight"))


def _predictions(page: Page, variant: Variant, layout: _Layout) -> None:
    block, items, users = layout.block(0), layout.items, layout.users

    def formula(row: int, column: int) -> str:
        user = f"{column_fixed(row, users.left)}:{column_fixed(row, users.right - 1)}"
        item = f"{row_fixed(items.top, column)}:{row_fixed(items.bottom - 1, column)}"
        total = f"MMULT({user},{item})"
        if variant.bias:
            biases = row_fixed(layout.item_bias.top, column), column_fixed(row, users.right)
            total += f"+{biases[0]}+{biases[1]}"
        if not variant.squash:
            return f"={total}" + ("+mean_rating" if variant.bias else "")
        return f"=rating_min-padding+(rating_max-rating_min+2*padding)/(1+EXP(-({total})))"

    page.fill(block, formula, "number")
    page.names["predictions"] = block
    page.scales.append((block, "rating"))


def _errors(page: Page, layout: _Layout) -> None:
    """Rating minus prediction where there is a rating."""
    for part, name in ((1, "train_errors"), (2, "test_errors")):
        block = layout.block(part)
        page.fill(block, _error_formula(layout, part), "number")
        page.names[name] = block
        page.scales.append((block, "error"))


def _error_formula(layout: _Layout, part: int) -> Callable[[int, int], str]:
    block, predicted = layout.block(part), layout.block(0)
    ratings = crosstab_block(part, layout.n_users, layout.n_items)

    def formula(row: int, column: int) -> str:
        down, across = row - block.top, column - block.left
        rating = f"crosstab!{cell_name(ratings.top + down, ratings.left + across)}"
        return f'=IF({rating}="","",{rating}-{cell_name(predicted.top + down, column)})'

    return formula


def _measures(page: Page, variant: Variant, layout: _Layout) -> None:
    weights = ["user_factors", "item_factors"]
    weights += ["user_bias", "item_bias"] if variant.bias else []
    measures = [
        ("rmse_train", "train RMSE", "=SQRT(SUMSQ(train_errors)/COUNT(train_errors))"),
        ("rmse_test", "test RMSE", "=SQRT(SUMSQ(test_errors)/COUNT(test_errors))"),
        ("penalty", "L2 penalty", f"=l2_penalty/2*SUMSQ({','.join(weights)})"),
        ("penalised", "RMSE + penalty", "=rmse_train+penalty"),
    ]
    if variant.bias and not variant.squash:
        measures.append(("mean_rating", "mean rating", "=AVERAGE(ratings_train)"))
    page.merge(Rect(2, 0, 2, 1), "goodness of fit", "label")
    for number, (name, title, formula) in enumerate(measures):
        page.metric(2, 1 + 2 * number, 2, name, title, formula)
    if variant.squash:
        page.metric(2, 1 + 2 * len(measures), 2, "padding", "padding", 0.5, "input")
        weights.append("padding")
    page.minimise("rmse_train", weights)
