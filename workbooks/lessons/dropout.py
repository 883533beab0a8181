"""The sheet `dropout`: units switched off at random, and why the rest is scaled up."""

from __future__ import annotations

import numpy as np

from xlcollab.lessons import Page
from xlcollab.lessons.page import Choice, column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

_UNITS, _DRAWS, _HEAD = 8, 40, 9
_INTRO = (
    "Dropout switches each unit of a layer off with some probability, anew for every row that is "
    "learned from, so that no unit can rely on another. Each line below is one such draw: a unit "
    "whose random number is below the rate counts 0, the others are divided by the share that "
    "stays, so that the output is right on average. Compare that mean with the output of all "
    "units; single draws are spread around it, and that noise is what keeps a net from learning "
    "its ratings by heart. Try: a rate of 0 and of 0.8. When predicting, nothing is dropped."
)


def dropout_page() -> Page:
    """Forty draws over a layer of eight units."""
    rng = np.random.default_rng(4)
    left = _UNITS + 2
    page = Page("dropout", freeze=(_HEAD + 1, 1))
    page.heading("Dropout", _INTRO, left + _UNITS + 2, 3)
    page.metric(2, 0, 1, "rate", "dropout rate", 0.3, "input")
    page.choices.append(Choice(page.names["rate"], least=0.0, most=0.95))
    units = [f"unit {number + 1}" for number in range(_UNITS)]
    page.row(5, 1, units, "head")
    for row, name, low in ((6, "activation", 0.0), (7, "output weight", -1.0)):
        page.put(row, 0, name, "label")
        values = np.round(rng.uniform(low, 1.0, _UNITS), 2).tolist()
        page.row(row, 1, values, "weight")
    page.put(_HEAD, 0, "draw", "left head")
    page.row(_HEAD, 1, units, "head")
    page.row(_HEAD, left, units, "head")
    page.merge(Rect(_HEAD - 1, left, 1, _UNITS), "what is left of each unit", "section")
    page.merge(Rect(_HEAD - 1, 1, 1, _UNITS), "random numbers, drawn once", "section")
    top = _HEAD + 1
    page.column(top, 0, [float(number + 1) for number in range(_DRAWS)], "whole")
    draws = np.round(rng.uniform(0.0, 1.0, (_DRAWS, _UNITS)), 3)
    page.fill(
        Rect(top, 1, _DRAWS, _UNITS),
        lambda row, column: float(draws[row - top, column - 1]),
        "draw",
    )
    kept = Rect(top, left, _DRAWS, _UNITS)
    page.fill(
        kept,
        lambda row, column: (
            f"=IF({cell_name(row, column - left + 1)}<rate,0,"
            f"{row_fixed(6, column - left + 1)}/(1-rate))"
        ),
        "number",
    )
    page.scales.append((kept, "rating"))
    _outputs(page, kept)
    page.widths = {0: 15} | dict.fromkeys(range(1, kept.right), 7.5) | {kept.right: 9.5}
    page.widths[left - 1] = 3
    return page


def _outputs(page: Page, kept: Rect) -> None:
    """The output of each draw, and what they are together."""
    weights = f"{row_fixed(7, 1)}:{row_fixed(7, _UNITS)}".replace("B$", "$B$").replace("I$", "$I$")
    page.put(_HEAD, kept.right, "output", "head")
    outputs = Rect(kept.top, kept.right, _DRAWS)
    page.fill(
        outputs,
        lambda row, _: (
            f"=SUMPRODUCT({column_fixed(row, kept.left)}:{column_fixed(row, kept.right - 1)},"
            f"{weights})"
        ),
        "number",
    )
    page.names["outputs"] = outputs
    activations = "$B$7:$I$7"
    whole = f"=SUMPRODUCT({activations},{weights})"
    page.metric(2, 2, 2, "all_units", "output of all units", whole)
    page.metric(2, 4, 2, "mean_output", "mean of the draws", "=AVERAGE(outputs)")
    page.metric(2, 6, 2, "spread", "their spread", "=STDEV(outputs)")
    page.metric(2, 8, 2, "dropped", "share dropped", f"=COUNTIF({_area(kept)},0)/{kept.size}")


def _area(rect: Rect) -> str:
    return f"{cell_name(rect.top, rect.left)}:{cell_name(rect.bottom - 1, rect.right - 1)}"
