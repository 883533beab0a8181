"""The sheet `penalty`: a curve with too many weights, and a penalty on them to sweep over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.lessons import Chart, Line, Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

_DEGREE, _TRAIN, _TEST, _HEAD = 7, 10, 10, 9
_INTRO = (
    "Eight weights for ten points: without a penalty the curve goes through every wiggle of the "
    "train points and misses the test points. The L2 penalty adds the squared weights to the "
    "error, so that large weights must earn their place. Too little changes nothing, too much "
    "leaves a flat line; in between the test error is lowest. Try: `xlcollab sweep "
    "building_blocks.xlsx --sheet penalty --parameter 'penalty!A4=0,0.001,0.01,0.1,1'` solves "
    "once for each penalty and writes a table with the test error; the trained copy has it."
)


def weight_penalty_page() -> Page:
    """Train points above, test points below, both as powers of x times the weights."""
    page = Page("penalty", freeze=(_HEAD + 1, 1))
    page.heading("How much penalty?", _INTRO, 15, 4)
    page.metric(2, 0, 1, "strength", "L2 penalty", 0.0, "input")
    last = 2 + _DEGREE
    page.put(5, 0, "weights", "label")
    page.row(5, 2, [f"x^{power}" for power in range(_DEGREE + 1)], "head")
    page.names["weights"] = Rect(6, 2, 1, _DEGREE + 1)
    page.row(6, 2, [0.0] * (_DEGREE + 1), "fine weight")
    page.put(6, 0, "to be solved for", "text")
    page.row(_HEAD, 0, ("x", "y"), "head")
    page.row(_HEAD, 2, [f"x^{power}" for power in range(_DEGREE + 1)], "head")
    page.row(_HEAD, last + 1, ("predicted", "error"), "head")
    x, y = _points()
    top = _HEAD + 1
    page.column(top, 0, x.tolist(), "weight")
    page.column(top, 1, y.tolist(), "weight")
    count = _TRAIN + _TEST
    page.fill(
        Rect(top, 2, count, _DEGREE + 1),
        lambda row, column: "=1" if column == 2 else f"={column_fixed(row, 0)}^{column - 2}",
        "number",
    )
    weights = f"{row_fixed(6, 2)}:{row_fixed(6, last)}".replace("C$", "$C$").replace("J$", "$J$")
    page.fill(
        Rect(top, last + 1, count),
        lambda row, _: f"=SUMPRODUCT({cell_name(row, 2)}:{cell_name(row, last)},{weights})",
        "number",
    )
    page.fill(
        Rect(top, last + 2, count),
        lambda row, _: f"={cell_name(row, 1)}-{cell_name(row, last + 1)}",
        "number",
    )
    for number, (name, first, size) in enumerate(
        (("train", top, _TRAIN), ("test", top + _TRAIN, _TEST))
    ):
        page.names[f"{name}_errors"] = Rect(first, last + 2, size)
        formula = f"=SQRT(SUMSQ({name}_errors)/{size})"
        page.metric(2, 2 + 2 * number, 2, f"rmse_{name}", f"{name} RMSE", formula)
        page.put(first, last + 3, f"{name} from here", "text")
    squares = f"=SUMSQ({cell_name(6, 3)}:{cell_name(6, last)})"
    page.metric(2, 6, 2, "squares", "squared weights", squares)
    page.metric(
        2, 8, 2, "objective", "objective", f"=SUMSQ(train_errors)/{_TRAIN}+strength*squares"
    )
    page.minimise("objective", ("weights",))
    page.charts.append(_chart(top, last + 1))
    page.widths = {0: 15} | dict.fromkeys(range(1, 16), 8.5)
    return page


def _points() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A smooth curve and noise; train and test points lie between each other."""
    rng = np.random.default_rng(379)
    x = np.round(np.concatenate([np.linspace(-1, 1, _TRAIN), np.linspace(-0.9, 0.9, _TEST)]), 2)
    return x, np.round(np.sin(2.5 * x) + rng.normal(0, 0.35, len(x)), 2)


def _chart(top: int, predicted: int) -> Chart:
    train, test = Rect(top, 0, _TRAIN), Rect(top + _TRAIN, 0, _TEST)
    lines = (
        Line("train points", train, train.shifted(0, 1), points=True),
        Line("test points", test, test.shifted(0, 1), points=True),
        Line("predicted", train, train.shifted(0, predicted)),
    )
    return Chart("The curve", "x", "y", lines, (_HEAD, predicted + 4))
