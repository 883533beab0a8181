"""The sheet `mini_net`: a neural network in cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessons.rating_rows import (
    HEAD,
    draw,
    embedding_table,
    error_columns,
    looked_up,
    measures,
    rating_columns,
)
from xlcollab.lessons import Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

_WIDTH = 3
_HIDDEN = 6
_LAYERS = ("hidden_weights", "hidden_bias", "output_weights", "output_bias")
_SCALE = 0.5
_STARTS = ((0.6, 0.0), (0.1, 0.3), (0.5, 0.0), (0.1, 0.0))
"""(standard deviation, mean) of each layer. Biases above 0 keep the units alive at the start. Of 24
seeds that with the lowest training objective is taken: a third of them end on a plateau."""
_INTRO = (
    "A neural network: the embeddings of user and film side by side are the inputs, a hidden "
    "layer of six units takes weighted sums of them and keeps what is positive (ReLU), one output "
    "adds the units up, and a sigmoid brings the sum into the range of ratings. The weights stand "
    "below the embeddings, one column per unit. Try: `xlcollab solve --sheet mini_net --method "
    "adam`, then look which hidden units are zero in most rows. A unit that is zero everywhere "
    "has died and learns no more: the biases begin above 0, so that none is dead at the start."
)


def mini_net_page(users: Sequence[str], films: Sequence[str], count: int, first: int) -> Page:
    """`count` ratings, the first in row `first` of the sheet `ratings`."""
    rng = np.random.default_rng(72)
    left = _HIDDEN + 2
    page = Page("mini_net", freeze=(HEAD + 1, 1))
    page.heading("A small neural network", _INTRO, left + 14, 4)
    page.heights[HEAD] = 32
    embedding_table(page, HEAD + 1, "user", users, _WIDTH, rng, _SCALE)
    below = HEAD + 3 + len(users)
    embedding_table(page, below, "film", films, _WIDTH, rng, _SCALE)
    _layers(page, below + len(films) + 2, rng)
    rating_columns(page, left, count, first)
    inputs = left + 6
    looked_up(page, inputs, count, "user", _WIDTH, left + 4)
    looked_up(page, inputs + _WIDTH, count, "film", _WIDTH, left + 5)
    hidden = inputs + 2 * _WIDTH
    _forward(page, inputs, hidden, count, below + len(films) + 2)
    error_columns(page, hidden + _HIDDEN + 1, count, left + 2, hidden + _HIDDEN)
    measures(page, 1)
    page.minimise("rmse_train", ("user_table", "film_table", *_LAYERS))
    last = hidden + _HIDDEN + 3
    page.widths = {
        0: 27,
        **dict.fromkeys(range(1, last), 7.5),
        last - 3: 9.5,
        left: 10,
        left + 1: 26,
    }
    return page


def _layers(page: Page, top: int, rng: np.random.Generator) -> None:
    """Hidden weights (inputs down, units across), then a row of biases, a row of output weights."""
    page.put(top - 1, 0, "network", "left head")
    page.row(top - 1, 1, [f"unit {number + 1}" for number in range(_HIDDEN)], "head")
    inputs = [f"{kind} e{number + 1}" for kind in ("user", "film") for number in range(_WIDTH)]
    labels = [*inputs, "bias of the unit", "output weight", "output bias"]
    page.column(top, 0, labels, "label")
    rows = (2 * _WIDTH, 1, 1, 1)
    for name, height, (scale, mean) in zip(_LAYERS, rows, _STARTS, strict=True):
        width = 1 if name == "output_bias" else _HIDDEN
        draw(page, name, Rect(top, 1, height, width), rng, scale, mean)
        top += height


def _forward(page: Page, inputs: int, hidden: int, count: int, top: int) -> None:
    """Hidden units and the output of every row; the weights begin in row `top`."""
    page.row(HEAD, hidden, [f"unit {number + 1}" for number in range(_HIDDEN)], "head")
    bias = top + 2 * _WIDTH

    def unit(row: int, column: int) -> str:
        given = f"{column_fixed(row, inputs)}:{column_fixed(row, hidden - 1)}"
        own = column - hidden + 1
        weights = f"{row_fixed(top, own)}:{row_fixed(bias - 1, own)}"
        return f"=MAX(0,MMULT({given},{weights})+{row_fixed(bias, own)})"

    units = Rect(HEAD + 1, hidden, count, _HIDDEN)
    page.fill(units, unit, "number")
    page.scales.append((units, "rating"))
    page.put(HEAD, units.right, "predicted", "head")
    page.fill(
        Rect(HEAD + 1, units.right, count),
        lambda row, column: (
            "=rating_min+(rating_max-rating_min)/(1+EXP(-(output_bias+SUMPRODUCT("
            f"output_weights,{cell_name(row, hidden)}:{cell_name(row, column - 1)}))))"
        ),
        "number",
    )
