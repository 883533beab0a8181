"""The sheet `learning_rate`: a run whose rate grows from step to step, by formulas alone."""

from __future__ import annotations

from xlcollab.lessons import Chart, Line, Page
from xlcollab.ref import Rect, cell_name

_HEAD, _STEPS = 7, 44
_X = (0.2, 0.5, 0.9, 1.4, 1.8, 2.3, 2.7, 3.1, 3.6, 4.0)
_Y = (1.1, 1.9, 2.4, 3.6, 4.1, 5.3, 5.8, 7.1, 7.9, 8.8)
_INTRO = (
    "Which learning rate? One run tells (Smith 2017): begin with a rate that is far too small, let "
    "it grow by a factor with every step, and write the loss down. First nothing happens, then the "
    "loss falls, then the steps become too long and it explodes. A good rate is about a tenth of "
    "the one with the lowest loss: still falling, and far from the edge. Every step below is "
    "gradient descent on the line y = a·x + b in formulas. Try: another growth, or a first rate "
    "of 0.5. `xlcollab lr-find` draws the same curve for any Solver model."
)
_COLUMNS = ("step", "rate", "log10 rate", "a", "b", "slope of a", "slope of b", "loss")


def rate_finder_page() -> Page:
    """The chain of steps, the data on its right, and the curve."""
    page = Page("learning_rate", freeze=(_HEAD + 1, 1))
    page.heading("The learning-rate finder", _INTRO, 16, 4)
    page.metric(3, 0, 2, "first_rate", "first rate", 1e-4, "input")
    page.metric(3, 2, 2, "growth", "growth", 1.25, "input")
    page.row(_HEAD, 0, _COLUMNS, "head")
    data = len(_COLUMNS) + 1
    page.row(_HEAD, data, ("x", "y"), "head")
    top = _HEAD + 1
    page.column(top, data, _X, "weight")
    page.column(top, data + 1, _Y, "weight")
    page.names |= {"x": Rect(top, data, len(_X)), "y": Rect(top, data + 1, len(_Y))}
    page.column(top, 0, [float(step) for step in range(_STEPS)], "whole")
    for column in range(1, len(_COLUMNS)):
        page.fill(Rect(top, column, _STEPS), _formula, "fine number")
    page.fill(Rect(top, 7, _STEPS), _formula, "large number")
    rates, losses = Rect(top, 1, _STEPS), Rect(top, 7, _STEPS)
    page.names |= {"rates": rates, "losses": losses}
    lowest = "=INDEX(rates,MATCH(MIN(losses),losses,0))"
    page.metric(3, 4, 2, "lowest", "rate of the lowest loss", lowest)
    page.metric(3, 6, 2, "suggested", "a tenth of it", "=lowest/10")
    page.charts.append(
        Chart(
            "Loss by learning rate",
            "log10 of the rate",
            "loss",
            (Line("loss", Rect(top, 2, _STEPS), losses),),
            (_HEAD, data + 3),
            log_y=True,
        )
    )
    page.widths = dict.fromkeys(range(16), 11.0) | {7: 16.0}
    return page


def _formula(row: int, column: int) -> str:
    """A step: the weights of the row above, moved against their slopes by the rate there."""
    here = [cell_name(row, place) for place in range(8)]
    above = [cell_name(row - 1, place) for place in range(8)]
    is_first = row == _HEAD + 1
    return {
        1: "=first_rate" if is_first else f"={above[1]}*growth",
        2: f"=LOG10({here[1]})",
        3: "=0" if is_first else f"={above[3]}-{above[1]}*{above[5]}",
        4: "=0" if is_first else f"={above[4]}-{above[1]}*{above[6]}",
        5: f"=2*SUMPRODUCT({here[3]}*x+{here[4]}-y,x)/COUNT(x)",
        6: f"=2*SUMPRODUCT({here[3]}*x+{here[4]}-y)/COUNT(x)",
        7: f"=SUMPRODUCT(({here[3]}*x+{here[4]}-y)^2)/COUNT(x)",
    }[column]
