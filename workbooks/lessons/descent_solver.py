"""The sheet `solver`: the same model for a solver, beside the end of the descent in formulas."""

from __future__ import annotations

from lessons.descent_chain import FIRST, ITERATIONS, WEIGHTS, item_weight, user_weight
from lessons.descent_data import (
    ITEMS,
    MASKS,
    N_FACTORS,
    N_ITEMS,
    N_USERS,
    RATINGS,
    USERS,
    start_weights,
)
from xlcollab.lessons import Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

_LEFT = N_FACTORS + 2
_ITEM_FACTORS = Rect(5, _LEFT, N_FACTORS, N_ITEMS)
_PREDICTED = Rect(9, _LEFT, N_USERS, N_ITEMS)
_USER_FACTORS = Rect(9, 1, N_USERS, N_FACTORS)
_ERRORS = _PREDICTED.shifted(N_USERS + 2, 0)
_END_OF_ITEMS = Rect(_ERRORS.bottom + 3, _LEFT, N_FACTORS, N_ITEMS)
_END_OF_USERS = Rect(_END_OF_ITEMS.bottom + 1, 1, N_USERS, N_FACTORS)
_INTRO = (
    "The model of the sheet descent without its iterations, and with a Solver model: minimise the "
    "train MSE by changing the factors. `xlcollab solve --sheet solver` starts from the typed "
    "weights, takes its settings from the control sheet, and makes the very steps that the sheet "
    "descent makes in formulas: the distance from their end becomes zero, up to rounding. Excel's "
    "Solver finds its own way. Try: `--method lbfgs`, and compare the errors."
)


def solver_page() -> Page:
    """Weights, predictions, errors, measures, and the weights at the end of the descent."""
    page = Page("solver", freeze=(5, 1))
    page.heading("A solver in place of formulas", _INTRO, _LEFT + N_ITEMS, 5)
    page.widths = {0: 12, 1: 9, 2: 9, 3: 5, **dict.fromkeys(range(_LEFT, _LEFT + N_ITEMS), 11)}
    page.row(_ITEM_FACTORS.top - 1, _LEFT, ITEMS, "head")
    page.heights[_ITEM_FACTORS.top - 1] = 46
    users, items = start_weights()
    _weights(page, "users", _USER_FACTORS, users)
    _weights(page, "items", _ITEM_FACTORS, items)
    _results(page)
    _end_of_descent(page)
    _labels(page)
    _measures(page)
    page.minimise("mse_train", ("users", "items"))
    return page


def _weights(page: Page, name: str, rect: Rect, start: list[list[float]]) -> None:
    page.fill(rect, lambda row, column: start[row - rect.top][column - rect.left], "weight")
    page.names[name] = rect
    page.scales.append((rect, "weight"))


def _results(page: Page) -> None:
    page.put(_PREDICTED.top - 1, _LEFT, "predicted ratings", "section")
    page.fill(_PREDICTED, _prediction, "number")
    page.scales.append((_PREDICTED, "rating"))
    page.put(_ERRORS.top - 1, _LEFT, "train errors", "section")
    page.fill(_ERRORS, _error, "number")
    page.names["errors"] = _ERRORS
    page.scales.append((_ERRORS, "error"))


def _prediction(row: int, column: int) -> str:
    user = f"{column_fixed(row, _USER_FACTORS.left)}:{column_fixed(row, _USER_FACTORS.right - 1)}"
    first, last = _ITEM_FACTORS.top, _ITEM_FACTORS.bottom - 1
    return f"=MMULT({user},{row_fixed(first, column)}:{row_fixed(last, column)})"


def _error(row: int, column: int) -> str:
    i, j = row - _ERRORS.top, column - _ERRORS.left
    train = MASKS["train"]
    mask = f"data!{cell_name(train.top + i, train.left + j)}"
    rating = f"data!{cell_name(RATINGS.top + i, RATINGS.left + j)}"
    return f"=IF({mask}=1,{rating}-{cell_name(_PREDICTED.top + i, column)},0)"


def _end_of_descent(page: Page) -> None:
    page.put(_END_OF_ITEMS.top - 2, 0, "weights at the end of the sheet descent", "section")
    page.fill(
        _END_OF_ITEMS,
        lambda row, column: _last(item_weight(column - _LEFT, row - _END_OF_ITEMS.top)),
        "number",
    )
    page.fill(
        _END_OF_USERS,
        lambda row, column: _last(user_weight(row - _END_OF_USERS.top, column - 1)),
        "number",
    )
    page.names |= {"end_items": _END_OF_ITEMS, "end_users": _END_OF_USERS}


def _last(number: int) -> str:
    return f"=descent!{cell_name(FIRST + ITERATIONS, WEIGHTS + number)}"


def _labels(page: Page) -> None:
    factors = [f"f{number + 1}" for number in range(N_FACTORS)]
    for rect in (_USER_FACTORS, _ERRORS, _END_OF_USERS):
        page.column(rect.top, 0, USERS, "label")
    for rect in (_ITEM_FACTORS, _END_OF_ITEMS):
        page.column(rect.top, _LEFT - 1, factors, "right label")
    for rect in (_USER_FACTORS, _END_OF_USERS):
        page.row(rect.top - 1, 1, factors, "metric head")


def _measures(page: Page) -> None:
    page.metric(2, 0, 1, "mse_train", "train MSE", "=SUMSQ(errors)/n_train")
    page.metric(2, 1, 2, "penalty", "L2 penalty", "=l2_penalty/2*SUMSQ(users,items)")
    page.metric(2, _LEFT, 1, "loss", "loss", "=mse_train+penalty")
    distance = "=SQRT(SUMXMY2(users,end_users)+SUMXMY2(items,end_items))"
    page.metric(2, _LEFT + 1, 3, "distance", "distance from the descent's end", distance)
