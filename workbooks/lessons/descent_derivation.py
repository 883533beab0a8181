"""The sheet `derivation`: one iteration of the descent taken apart, and its gradient checked."""

from __future__ import annotations

from collections.abc import Callable

from lessons.descent_chain import (
    ITERATIONS,
    WEIGHTS,
    column_of,
    down,
    item_weight,
    user_weight,
)
from lessons.descent_data import ITEMS, MASKS, N_FACTORS, N_ITEMS, N_USERS, RATINGS, USERS
from xlcollab.lessons import Page
from xlcollab.lessons.page import Choice, column_fixed, fixed, row_fixed
from xlcollab.ref import AreaRef, Rect, absolute_name, cell_name

_LEFT = 4
_ITEM_FACTORS = Rect(6, _LEFT, N_FACTORS, N_ITEMS)
_PREDICTED = Rect(11, _LEFT, N_USERS, N_ITEMS)
_USER_FACTORS = Rect(11, 1, N_USERS, N_FACTORS)
_ERRORS = _PREDICTED.shifted(N_USERS + 4, 0)
_ITEM_GRADIENT = Rect(_ERRORS.bottom + 5, _LEFT, N_FACTORS, N_ITEMS)
_USER_GRADIENT = Rect(_ITEM_GRADIENT.bottom + 1, 1, N_USERS, N_FACTORS)
_ITEM_CHECK = _ITEM_GRADIENT.shifted(N_USERS + N_FACTORS + 7, 0)
_USER_CHECK = _USER_GRADIENT.shifted(N_USERS + N_FACTORS + 7, 0)
_NUDGE = 1e-4
_INTRO = (
    "One iteration, slowly. Type its number into the yellow cell; the blocks show the weights of "
    "that row of the sheet descent and every step from there to the gradient. The last blocks "
    "nudge each weight a little up and down and measure how the loss changes: the same numbers, "
    "found without calculus."
)
_TEXTS = {
    4: "1. Take the weights of the iteration: films above, users on the left.",
    9: "2. Predict: each cell is the user's factors times the film's factors, added up.",
    _ERRORS.top - 2: "3. Errors of the train ratings: rating minus prediction; 0 elsewhere.",
    _ITEM_GRADIENT.top - 3: (
        "4. Loss = Σ error² / n + L2 / 2 · Σ weight². The prediction grows with a user's factor "
        "at the rate of the film's factor and the other way round (product rule),"
    ),
    _ITEM_GRADIENT.top - 2: (
        "    so by the chain rule: gradient = -2 / n · Σ error · the other side's factor + L2 · "
        "weight."
    ),
    _ITEM_CHECK.top - 2: (
        "5. Check: (loss with the weight a little up - loss a little down) / twice the nudge."
    ),
}


def derivation_page() -> Page:
    """Weights, predictions, errors, gradient and its check for the iteration in `shown`."""
    page = Page("derivation", freeze=(4, 1))
    page.heading("One iteration, step by step", _INTRO, _LEFT + N_ITEMS, 4)
    page.widths = {0: 12, 1: 9, 2: 9, 3: 5, **dict.fromkeys(range(_LEFT, _LEFT + N_ITEMS), 12)}
    _measures(page)
    for row, text in _TEXTS.items():
        page.put(row, 0, text, "section")
    _block(
        page, "item_factors", _ITEM_FACTORS, _weight_of(WEIGHTS, item_weight, _ITEM_FACTORS, True)
    )
    _block(
        page, "user_factors", _USER_FACTORS, _weight_of(WEIGHTS, user_weight, _USER_FACTORS, False)
    )
    page.row(_ITEM_FACTORS.top - 1, _LEFT, ITEMS, "head")
    page.heights[_ITEM_FACTORS.top - 1] = 46
    _block(page, "predictions", _PREDICTED, _prediction, "rating")
    _block(page, "errors", _ERRORS, _error, "error")
    _gradients(page)
    _labels(page)
    return page


def _measures(page: Page) -> None:
    page.metric(2, 0, 1, "shown", "iteration", 0.0, "input")
    page.choices.append(Choice(Rect(3, 0), least=0, most=ITERATIONS))
    loss = "=SUMSQ(errors)/n_train+l2_penalty/2*SUMSQ(user_factors,item_factors)"
    page.metric(2, 1, 2, "loss", "loss", loss)
    chain = _chain(column_of("loss"))
    page.metric(2, 4, 1, "chain_loss", "loss on descent", f"=INDEX({chain},shown+1)")
    items, users = (f"SUMXMY2({side}_gradient,{side}_check)" for side in ("item", "user"))
    title = "distance of the gradient from its check"
    page.metric(2, 5, 3, "distance", title, f"=SQRT({items}+{users})", "result tiny")


def _chain(column: int) -> str:
    return absolute_name(AreaRef("descent", down(column)))


def _weight_of(
    left: int, place: Callable[[int, int], int], rect: Rect, of_items: bool
) -> Callable[[int, int], str]:
    """The weight of the shown iteration: factors down for items, across for users."""

    def formula(row: int, column: int) -> str:
        i, j = row - rect.top, column - rect.left
        number = place(j, i) if of_items else place(i, j)
        return f"=INDEX({_chain(left + number)},shown+1)"

    return formula


def _block(
    page: Page, name: str, rect: Rect, formula: Callable[[int, int], str], scale: str = "weight"
) -> None:
    page.fill(rect, formula, "number" if scale != "weight" else "fine number")
    page.names[name] = rect
    page.scales.append((rect, scale))


def _prediction(row: int, column: int) -> str:
    return f"=MMULT({_user(row)},{_item(column)})"


def _user(row: int, shift: int = 0) -> str:
    """The factors of a user, in the row of its prediction."""
    first, last = _USER_FACTORS.left, _USER_FACTORS.right - 1
    return f"{column_fixed(row + shift, first)}:{column_fixed(row + shift, last)}"


def _item(column: int) -> str:
    first, last = _ITEM_FACTORS.top, _ITEM_FACTORS.bottom - 1
    return f"{row_fixed(first, column)}:{row_fixed(last, column)}"


def _error(row: int, column: int) -> str:
    i, j = row - _ERRORS.top, column - _ERRORS.left
    train = MASKS["train"]
    mask = f"data!{cell_name(train.top + i, train.left + j)}"
    rating = f"data!{cell_name(RATINGS.top + i, RATINGS.left + j)}"
    return f"={mask}*({rating}-{cell_name(_PREDICTED.top + i, column)})"


def _gradients(page: Page) -> None:
    page.names["nudge"] = Rect(3, _LEFT + N_ITEMS - 1)
    page.put(2, _LEFT + N_ITEMS - 1, "nudge", "metric head")
    page.put(3, _LEFT + N_ITEMS - 1, _NUDGE, "input")
    _block(page, "item_gradient", _ITEM_GRADIENT, _item_gradient)
    _block(page, "user_gradient", _USER_GRADIENT, _user_gradient)
    _block(page, "item_check", _ITEM_CHECK, _item_check)
    _block(page, "user_check", _USER_CHECK, _user_check)


def _errors_of_item(column: int) -> str:
    return f"{row_fixed(_ERRORS.top, column)}:{row_fixed(_ERRORS.bottom - 1, column)}"


def _errors_of_user(row: int) -> str:
    return f"{column_fixed(row, _ERRORS.left)}:{column_fixed(row, _ERRORS.right - 1)}"


def _factor_of_users(factor: int) -> str:
    """The column of one factor of all users."""
    column = _USER_FACTORS.left + factor
    return f"{fixed(_USER_FACTORS.top, column)}:{fixed(_USER_FACTORS.bottom - 1, column)}"


def _factor_of_items(factor: int) -> str:
    row = _ITEM_FACTORS.top + factor
    return f"{fixed(row, _ITEM_FACTORS.left)}:{fixed(row, _ITEM_FACTORS.right - 1)}"


def _item_gradient(row: int, column: int) -> str:
    factor = row - _ITEM_GRADIENT.top
    weight = cell_name(_ITEM_FACTORS.top + factor, column)
    total = f"SUMPRODUCT({_errors_of_item(column)},{_factor_of_users(factor)})"
    return f"=-2/n_train*{total}+l2_penalty*{weight}"


def _user_gradient(row: int, column: int) -> str:
    user, factor = row - _USER_GRADIENT.top, column - _USER_GRADIENT.left
    weight = cell_name(_USER_FACTORS.top + user, column)
    total = f"SUMPRODUCT({_errors_of_user(_ERRORS.top + user)},{_factor_of_items(factor)})"
    return f"=-2/n_train*{total}+l2_penalty*{weight}"


def _item_check(row: int, column: int) -> str:
    factor = row - _ITEM_CHECK.top
    weight = cell_name(_ITEM_FACTORS.top + factor, column)
    train, j = MASKS["train"], column - _LEFT
    mask = absolute_name(AreaRef("data", Rect(train.top, train.left + j, N_USERS)))
    return _check(mask, _errors_of_item(column), _factor_of_users(factor), weight)


def _user_check(row: int, column: int) -> str:
    user, factor = row - _USER_CHECK.top, column - _USER_CHECK.left
    weight = cell_name(_USER_FACTORS.top + user, column)
    train = MASKS["train"]
    mask = absolute_name(AreaRef("data", Rect(train.top + user, train.left, 1, N_ITEMS)))
    return _check(mask, _errors_of_user(_ERRORS.top + user), _factor_of_items(factor), weight)


def _check(mask: str, errors: str, other: str, weight: str) -> str:
    """A nudge of a weight takes nudge · the other factor off each error it takes part in."""
    up = f"SUMPRODUCT({mask},({errors}-nudge*{other})^2)/n_train+l2_penalty/2*({weight}+nudge)^2"
    less = f"SUMPRODUCT({mask},({errors}+nudge*{other})^2)/n_train+l2_penalty/2*({weight}-nudge)^2"
    return f"=(({up})-({less}))/(2*nudge)"


def _labels(page: Page) -> None:
    for rect in (_USER_FACTORS, _ERRORS, _USER_GRADIENT, _USER_CHECK):
        page.column(rect.top, 0, USERS, "label")
    for rect in (_ITEM_FACTORS, _ITEM_GRADIENT, _ITEM_CHECK):
        page.column(rect.top, _LEFT - 1, ("f1", "f2"), "right label")
    for rect in (_USER_FACTORS, _USER_GRADIENT, _USER_CHECK):
        page.row(rect.top - 1, 1, ("f1", "f2"), "metric head")
