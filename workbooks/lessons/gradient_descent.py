"""gradient_descent_formulas.xlsx: optimisers by formulas alone, no Solver and no macros."""

from __future__ import annotations

from lessons.descent_chain import (
    FIRST,
    ITERATIONS,
    WEIGHTS,
    column_of,
    descent_page,
    down,
    item_weight,
)
from lessons.descent_data import ITEMS, N_FACTORS, data_page
from lessons.descent_derivation import derivation_page
from lessons.descent_solver import solver_page
from xlcollab.lessons import Chart, Line, Page
from xlcollab.lessons.control import FIRST_ROW, Setting, control_page
from xlcollab.ref import Rect, cell_name

TITLE = "Gradient descent in formulas"

_INTRO = (
    "Every iteration of gradient descent is on the sheet descent, in formulas; change a yellow "
    "cell here and the whole run is computed anew, charts included. Try: each optimiser with the "
    "same rate; L2 at 0 and at 0.1, watching the test curve; initial weights all equal, which can "
    "never become different (why?); a rate so large that the run explodes. xlcollab reads these "
    "cells as settings too."
)
_STARTS = {
    "typed": (0.0, 0.0),
    "near the mean": (1.25, 0.1),
    "small random": (0.0, 0.1),
    "wide random": (0.0, 1.0),
    "all equal": (1.0, 0.0),
}
"""Initial weights → (centre, spread) of the draw."""
_RULES = {
    "gd": ("0", "0", "0", "0", "0", "1", "0", "0"),
    "momentum": ("momentum", "1", "0", "0", "1", "0", "0", "0"),
    "nesterov": ("momentum", "1", "0", "0", "momentum", "1", "0", "0"),
    "adagrad": ("0", "0", "1", "1", "0", "1", "1", "0"),
    "rmsprop": ("0", "0", "rho", "1-rho", "0", "1", "1", "0"),
    "adam": ("beta1", "1-beta1", "beta2", "1-beta2", "1", "0", "1", "1"),
    "adamw": ("beta1", "1-beta1", "beta2", "1-beta2", "1", "0", "1", "1"),
}
_PARTS = ("keep_m", "add_g", "keep_v", "add_g2", "use_m", "use_g", "divides", "corrects")
_MEANINGS = ("of m kept", "of g into m", "of v kept", "of g² into v", "of m in step",
             "of g in step", "divide by √v", "correct bias")  # fmt: skip
_RULES_INTRO = (
    "All optimisers are one formula: m ← keep·m + add·g, v ← keep·v + add·g², step = (use·m + "
    "use·g), divided by √v + epsilon or not, with both means corrected for their start at zero or "
    "not. This table is all that tells them apart; the row in bold is the chosen one. AdamW is "
    "Adam with the weight decay of the control sheet; set that to 0 for plain Adam."
)


def pages() -> list[Page]:
    """The sheets in tab order."""
    return [_control(), _rules(), data_page(), derivation_page(), descent_page(), solver_page()]


def _settings() -> list[Setting]:
    share = "share kept of "
    return [
        Setting("optimiser", "momentum", "which row of the sheet rules is used", tuple(_RULES),
                name="optimiser"),
        Setting("learning rate", 0.1, "size of a step", most=100, name="learning_rate"),
        Setting("schedule", "constant", "how the rate changes over the run",
                ("constant", "cosine", "exponential"), name="schedule"),
        Setting("gamma", 0.99, "exponential: factor on the rate per iteration", most=1,
                name="gamma"),
        Setting("L2", 0.02, "penalty L2 / 2 · sum of squared weights in the loss", most=100,
                name="l2_penalty"),
        Setting("weight decay", 0.0, "shrinks weights directly, apart from the gradient", most=10,
                name="weight_decay"),
        Setting("momentum", 0.8, share + "the last step: momentum, nesterov", most=0.9999,
                name="momentum"),
        Setting("beta1", 0.9, share + "the mean of gradients: adam, adamw", most=0.9999,
                name="beta1"),
        Setting("beta2", 0.999, share + "the mean of squares: adam, adamw", most=0.999999,
                name="beta2"),
        Setting("rho", 0.9, share + "the mean of squares: rmsprop", most=0.9999, name="rho"),
        Setting("epsilon", 1e-8, "keeps the division by √v finite", most=1, name="epsilon"),
        Setting("initial weights", "typed", "typed on the sheet data, or drawn", tuple(_STARTS),
                name="initial_weights"),
        Setting("test fraction", 0.2, "ratings whose draw is below it are kept for the test",
                most=0.9, name="test_fraction"),
        Setting("epochs", float(ITERATIONS), "iterations laid out on the sheet descent",
                least=ITERATIONS, most=ITERATIONS),
    ]  # fmt: skip


def _control() -> Page:
    page = control_page(_settings(), _INTRO)
    page.widths |= {0: 27, 2: 52}
    page.heights[1] = 80
    below = FIRST_ROW + len(_settings()) + 1
    _start_table(page, below)
    films = _last_factors(page, below + len(_STARTS) + 4)
    x, train, test = down(0), down(column_of("train")), down(column_of("test"))
    curves = (Line("train", x, train, sheet="descent"), Line("test", x, test, sheet="descent"))
    names = Rect(films.top, 0, films.height)
    points = Line("films", films.shifted(0, 0), films.shifted(0, 1), labels=names, points=True)
    page.charts += [
        Chart("RMSE by iteration", "iteration", "RMSE", curves, at=(2, 4)),
        Chart("Films by their two factors", "factor 1", "factor 2", (points,), at=(22, 4)),
    ]
    return page


def _start_table(page: Page, top: int) -> None:
    page.row(top, 0, ("initial weights", "centre", "spread of the draw"), "left head")
    for row, (name, (centre, spread)) in enumerate(_STARTS.items(), top + 1):
        page.put(row, 0, name, "label")
        page.put(row, 1, centre, "number")
        page.put(row, 2, spread, "number")
    table = Rect(top + 1, 0, len(_STARTS))
    for column, name in enumerate(("start_names", "start_centres", "start_spreads")):
        page.names[name] = table.shifted(0, column)
    row = table.bottom
    page.put(row, 0, "chosen", "label")
    for column, part in ((1, "centre"), (2, "spread")):
        found = f"=INDEX(start_{part}s,MATCH(initial_weights,start_names,0))"
        page.put(row, column, found, "result")
        page.book_names[f"start_{part}"] = Rect(row, column)


def _last_factors(page: Page, top: int) -> Rect:
    """The films' factors after the last iteration; returns where the first factor stands."""
    page.row(top - 1, 0, ("films at the end", "factor 1", "factor 2"), "left head")
    page.column(top, 0, ITEMS, "label")
    for item in range(len(ITEMS)):
        for factor in range(N_FACTORS):
            column = WEIGHTS + item_weight(item, factor)
            last = f"=descent!{cell_name(FIRST + ITERATIONS, column)}"
            page.put(top + item, 1 + factor, last, "number")
    return Rect(top, 1, len(ITEMS))


def _rules() -> Page:
    page = Page("rules", widths={0: 14, **dict.fromkeys(range(1, 9), 13)}, freeze=(5, 1))
    page.heading("One formula, seven optimisers", _RULES_INTRO, 9, 4)
    page.put(3, 0, "optimiser", "left head")
    page.row(3, 1, _PARTS, "head")
    page.row(4, 1, _MEANINGS, "metric head")
    for row, (name, parts) in enumerate(_RULES.items(), 5):
        page.put(row, 0, name, "label")
        page.row(row, 1, [f"={part}" for part in parts], "number")
    names = Rect(5, 0, len(_RULES))
    page.names["rule_names"] = names
    page.put(names.bottom + 1, 0, "=optimiser", "label")
    for column, part in enumerate(_PARTS, 1):
        table = names.shifted(0, column)
        page.put(
            table.bottom + 1, column, f"=INDEX({table},MATCH(optimiser,rule_names,0))", "result"
        )
        page.book_names[part] = Rect(table.bottom + 1, column)
    return page
