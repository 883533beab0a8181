"""The sheet `with_or_without`: what the sigmoid makes of a sum, in numbers."""

from __future__ import annotations

from xlcollab.lessons import Chart, Line, Page
from xlcollab.ref import Rect, cell_name

_HEAD, _FIRST, _STEPS = 7, 8, 21
_INTRO = (
    "A prediction is a sum, and nothing keeps a sum on the scale of the ratings. On the left the "
    "sum is taken as it is, on the right it passes through a sigmoid that runs from a little below "
    "the lowest rating to a little above the highest. Look at the errors for somebody who gave a "
    "5: without the sigmoid a sum of 4 is punished, although it says nothing but `very good`; with "
    "it the prediction just comes closer to 5. The slopes tell the price: far out the sigmoid is "
    "flat, and what is flat learns slowly. Try: a padding of 0, with which 5 is never reached."
)


def with_or_without_page() -> Page:
    """Sums from −5 to 5 with both predictions, errors and slopes, and the two curves."""
    page = Page("with_or_without", freeze=(_HEAD + 1, 1))
    page.heading("With the sigmoid and without", _INTRO, 16, 4)
    given = (("lowest", 0.5), ("highest", 5.0), ("padding", 0.5), ("middle", 3.0), ("rated", 5.0))
    for number, (name, value) in enumerate(given):
        title = {"rated": "the rating given", "middle": "mean rating"}.get(name, f"{name} rating")
        title = "padding" if name == "padding" else title
        page.metric(3, 2 * number, 2, name, title, value, "input")
    heads = ("sum", "as it is", "error", "slope", "by sigmoid", "error", "slope")
    page.merge(Rect(_HEAD - 1, 1, 1, 3), "without", "head")
    page.merge(Rect(_HEAD - 1, 4, 1, 3), "with", "head")
    page.row(_HEAD, 0, heads, "head")
    rows = Rect(_FIRST, 0, _STEPS)
    page.column(_FIRST, 0, [(step - 10) / 2 for step in range(_STEPS)], "rating")
    at = {"s": 0, "plain": 1, "with": 4}
    formulas = {
        1: lambda row: f"=middle+{cell_name(row, at['s'])}",
        2: lambda row: f"=(rated-{cell_name(row, at['plain'])})^2",
        3: lambda row: "=1",
        4: lambda row: (
            f"=lowest-padding+(highest-lowest+2*padding)/(1+EXP(-{cell_name(row, at['s'])}))"
        ),
        5: lambda row: f"=(rated-{cell_name(row, at['with'])})^2",
        6: lambda row: (
            f"=(highest-lowest+2*padding)*EXP(-{cell_name(row, 0)})/(1+EXP(-{cell_name(row, 0)}))^2"
        ),
    }
    for column, formula in formulas.items():
        page.fill(
            Rect(_FIRST, column, _STEPS),
            lambda row, _, formula=formula: formula(row),  # type: ignore[misc]
            "number",
        )
    _summary(page)
    page.charts.append(
        Chart(
            "What becomes of a sum",
            "sum",
            "prediction",
            (
                Line("without", rows, Rect(_FIRST, 1, _STEPS)),
                Line("with the sigmoid", rows, Rect(_FIRST, 4, _STEPS)),
            ),
            (_HEAD + 7, 8),
        )
    )
    page.widths = dict.fromkeys(range(16), 10.0) | {7: 4.0, 8: 21.0}
    return page


def _summary(page: Page) -> None:
    """Counts and means that tell the two apart."""
    page.row(_HEAD, 8, ("", "without", "with"), "head")
    labels = (
        ("off the scale", "=SUMPRODUCT(({0}<lowest)+({0}>highest))", "whole"),
        ("beyond the padding", "=SUMPRODUCT(({0}<lowest-padding)+({0}>highest+padding))", "whole"),
        ("lowest prediction", "=MIN({0})", "number"),
        ("highest prediction", "=MAX({0})", "number"),
        ("mean squared error", "=AVERAGE({1})", "number"),
    )
    for number, (label, formula, style) in enumerate(labels):
        row = _HEAD + 1 + number
        page.put(row, 8, label, "label")
        for column, place in ((9, 1), (10, 4)):
            areas = [
                f"{cell_name(_FIRST, one)}:{cell_name(_FIRST + _STEPS - 1, one)}"
                for one in (place, place + 1)
            ]
            page.put(row, column, formula.format(*areas), style)
