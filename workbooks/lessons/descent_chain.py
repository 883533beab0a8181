"""The sheet `descent`: one row per iteration, from weights to gradients to the next weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lessons.descent_data import (
    ITEM_WEIGHTS,
    ITEMS,
    MASKS,
    N_CELLS,
    N_FACTORS,
    N_ITEMS,
    N_USERS,
    RATINGS,
    USER_WEIGHTS,
    USERS,
    Z_ITEMS,
    Z_USERS,
)
from xlcollab.lessons import Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

ITERATIONS = 120
HEAD = 6
FIRST = HEAD + 1
N_WEIGHTS = N_FACTORS * (N_USERS + N_ITEMS)

WEIGHTS = 5
_PREDICTED = WEIGHTS + N_WEIGHTS
_ERRORS = _PREDICTED + N_CELLS
GRADIENTS = _ERRORS + N_CELLS
_MEANS = GRADIENTS + N_WEIGHTS
_SQUARES = _MEANS + N_WEIGHTS
_STEPS = _SQUARES + N_WEIGHTS
_END = _STEPS + N_WEIGHTS
_RATING_ROW, _TRAIN_ROW, _TEST_ROW = 3, 4, 5

_INTRO = (
    "Each row is one iteration over all train ratings, left to right: learning rate, RMSE on "
    "train and test, loss; the weights; what they predict; the train errors; the gradient of the "
    "loss by each weight; the running means that the optimiser keeps; its step. The next row's "
    "weights are this row's minus rate times step. Nothing else happens in gradient descent. Try: "
    "follow one weight with Formulas > Trace Dependents."
)


def column_of(name: str) -> int:
    """The column of rate, train, test or loss."""
    return ("iteration", "rate", "train", "test", "loss").index(name)


def user_weight(user: int, factor: int) -> int:
    """Place among the weights: the users' first factor, their second, then the films'."""
    return factor * N_USERS + user


def item_weight(item: int, factor: int) -> int:
    return N_FACTORS * N_USERS + factor * N_ITEMS + item


def down(column: int) -> Rect:
    """A column over all iterations."""
    return Rect(FIRST, column, ITERATIONS + 1)


def descent_page() -> Page:
    """Iterations 0 to ITERATIONS."""
    page = Page("descent", freeze=(FIRST, WEIGHTS))
    page.heading("Gradient descent, one iteration a row", _INTRO, 22, 4)
    page.widths = {0: 9, **dict.fromkeys(range(1, 5), 9), **dict.fromkeys(range(5, _END), 9)}
    page.heights[HEAD] = 62
    page.printed = Rect(0, 0, FIRST + ITERATIONS + 1, _PREDICTED)
    _titles(page)
    _measures(page)
    _weights(page)
    _pairs(page)
    _columns(page, GRADIENTS, N_WEIGHTS, _gradient, "fine number", "weight")
    _memory(page, _MEANS, "keep_m", "add_g", lambda gradient: gradient)
    _memory(page, _SQUARES, "keep_v", "add_g2", lambda gradient: f"{gradient}^2")
    _columns(page, _STEPS, N_WEIGHTS, _step, "fine number", "weight")
    return page


def _weight_titles() -> Iterator[str]:
    for ids in (USERS, ITEMS):
        for factor in range(N_FACTORS):
            yield from (f"{name} f{factor + 1}" for name in ids)


def _titles(page: Page) -> None:
    page.row(HEAD, 0, ("iteration", "rate", "train RMSE", "test RMSE", "loss"), "head")
    page.column(_RATING_ROW, WEIGHTS - 1, ("rating", "train", "test"), "right label")
    pairs = [f"{user}: {item}" for user in USERS for item in ITEMS]
    groups = (
        (WEIGHTS, "weights", list(_weight_titles())),
        (_PREDICTED, "predictions", pairs),
        (_ERRORS, "train errors", pairs),
        (GRADIENTS, "gradient of the loss", list(_weight_titles())),
        (_MEANS, "mean of gradients m", list(_weight_titles())),
        (_SQUARES, "mean of squares v", list(_weight_titles())),
        (_STEPS, "step", list(_weight_titles())),
    )
    for left, title, names in groups:
        page.put(2, left, title, "section")
        page.row(HEAD, left, names, "head")


def _measures(page: Page) -> None:
    last = ITERATIONS
    page.column(FIRST, 0, [float(number) for number in range(last + 1)], "whole")
    page.book_names["iteration"] = down(0)
    page.fill(down(1), _rate, "fine number")
    errors = Rect(FIRST, _ERRORS, 1, N_CELLS)
    predicted = Rect(FIRST, _PREDICTED, 1, N_CELLS)
    weights = Rect(FIRST, WEIGHTS, 1, N_WEIGHTS)

    def at(rect: Rect, row: int) -> str:
        return str(rect.shifted(row - FIRST, 0))

    formulas: tuple[Callable[[int, int], str], ...] = (
        lambda row, _: f"=SQRT(SUMSQ({at(errors, row)})/n_train)",
        lambda row, _: (
            f"=IF(n_test=0,0,SQRT(SUMPRODUCT(test_line,"
            f"(rating_line-{at(predicted, row)})^2)/MAX(1,n_test)))"
        ),
        lambda row, _: f"={cell_name(row, 2)}^2+l2_penalty/2*SUMSQ({at(weights, row)})",
    )
    for column, formula in enumerate(formulas, 2):
        page.fill(down(column), formula, "fine number")


def _rate(row: int, _: int) -> str:
    t = cell_name(row, 0)
    cosine = f"(1+COS(PI()*{t}/{ITERATIONS}))/2"
    return f'=learning_rate*IF(schedule="cosine",{cosine},IF(schedule="exponential",gamma^{t},1))'


def _weights(page: Page) -> None:
    """Row 0: the start; then the weights before, less decay and step."""
    for number in range(N_WEIGHTS):
        page.put(FIRST, WEIGHTS + number, _start(number), "fine number")
    page.fill(
        Rect(FIRST + 1, WEIGHTS, ITERATIONS, N_WEIGHTS),
        lambda row, column: (
            f"={cell_name(row - 1, column)}*(1-{column_fixed(row - 1, 1)}*weight_decay)"
            f"-{column_fixed(row - 1, 1)}*{cell_name(row - 1, column - WEIGHTS + _STEPS)}"
        ),
        "fine number",
    )
    page.scales.append((Rect(FIRST, WEIGHTS, ITERATIONS + 1, N_WEIGHTS), "weight"))


def _start(number: int) -> str:
    """The typed weight, or one drawn around a centre; both stand on the sheet data."""
    of_users = number < N_FACTORS * N_USERS
    if of_users:
        factor, one = divmod(number, N_USERS)
        places = [(rect.top + one, rect.left + factor) for rect in (USER_WEIGHTS, Z_USERS)]
    else:
        factor, one = divmod(number - N_FACTORS * N_USERS, N_ITEMS)
        places = [(rect.top + factor, rect.left + one) for rect in (ITEM_WEIGHTS, Z_ITEMS)]
    typed, drawn = (f"data!{cell_name(*place)}" for place in places)
    return f'=IF(initial_weights="typed",{typed},start_centre+start_spread*{drawn})'


def _pairs(page: Page) -> None:
    """Ratings and masks above the predictions; predictions; errors of the train ratings."""
    for number in range(N_CELLS):
        user, item = divmod(number, N_ITEMS)
        column = _PREDICTED + number
        for row, source in (
            (_RATING_ROW, RATINGS), (_TRAIN_ROW, MASKS["train"]), (_TEST_ROW, MASKS["test"]),
        ):  # fmt: skip
            place = f"data!{cell_name(source.top + user, source.left + item)}"
            shown = f'=IF({place}="",0,{place})' if source is RATINGS else f"={place}"
            page.put(row, column, shown, "rating" if source is RATINGS else "whole")
    page.names["rating_line"] = Rect(_RATING_ROW, _PREDICTED, 1, N_CELLS)
    page.names["test_line"] = Rect(_TEST_ROW, _PREDICTED, 1, N_CELLS)
    _columns(page, _PREDICTED, N_CELLS, _prediction, "number", "rating")
    _columns(page, _ERRORS, N_CELLS, _error, "number", "error")


def _columns(
    page: Page,
    left: int,
    count: int,
    formula: Callable[[int, int], str],
    style: str,
    scale: str,
) -> None:
    """`formula` of (row, number) into `count` columns from `left` on."""
    rect = Rect(FIRST, left, ITERATIONS + 1, count)
    page.fill(rect, lambda row, column: formula(row, column - left), style)
    page.scales.append((rect, scale))


def _prediction(row: int, number: int) -> str:
    user, item = divmod(number, N_ITEMS)
    products = [
        f"{cell_name(row, WEIGHTS + user_weight(user, factor))}"
        f"*{cell_name(row, WEIGHTS + item_weight(item, factor))}"
        for factor in range(N_FACTORS)
    ]
    return "=" + "+".join(products)


def _error(row: int, number: int) -> str:
    predicted = _PREDICTED + number
    return (
        f"={row_fixed(_TRAIN_ROW, predicted)}"
        f"*({row_fixed(_RATING_ROW, predicted)}-{cell_name(row, predicted)})"
    )


def _gradient(row: int, number: int) -> str:
    """−2/n · Σ error · the other side's factor + L2 · weight."""
    if number < N_FACTORS * N_USERS:
        factor, user = divmod(number, N_USERS)
        pairs = [(user, item, item_weight(item, factor)) for item in range(N_ITEMS)]
    else:
        factor, item = divmod(number - N_FACTORS * N_USERS, N_ITEMS)
        pairs = [(user, item, user_weight(user, factor)) for user in range(N_USERS)]
    products = "+".join(
        f"{cell_name(row, _ERRORS + user * N_ITEMS + item)}*{cell_name(row, WEIGHTS + other)}"
        for user, item, other in pairs
    )
    return f"=-2/n_train*({products})+l2_penalty*{cell_name(row, WEIGHTS + number)}"


def _memory(page: Page, left: int, keep: str, add: str, new: Callable[[str], str]) -> None:
    """keep · the value before + add · the new one; nothing before iteration 0."""
    shift = GRADIENTS - left

    def formula(row: int, column: int) -> str:
        added = f"{add}*{new(cell_name(row, column + shift))}"
        return f"={added}" if row == FIRST else f"={keep}*{cell_name(row - 1, column)}+{added}"

    page.fill(Rect(FIRST, left, ITERATIONS + 1, N_WEIGHTS), formula, "fine number")


def _step(row: int, number: int) -> str:
    mean = cell_name(row, _MEANS + number)
    square = cell_name(row, _SQUARES + number)
    gradient = cell_name(row, GRADIENTS + number)
    count = f"({column_fixed(row, 0)}+1)"
    root = f"SQRT({square}/(1-corrects*beta2^{count}))+epsilon"
    return f"=(use_m*{mean}+use_g*{gradient})/(1-corrects*beta1^{count})/IF(divides=1,{root},1)"
