"""The optimiser tabs: what they share, and a table of what tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlcollab.lessons import Chart, Line, Page
from xlcollab.lessons.page import fixed
from xlcollab.ref import Rect, cell_name

_HEAD, _START, _FIRST = 5, 6, 7
"""Rows of column titles, of what is carried over from the last epoch, and of the first step."""
_X, _Y, _B, _A, _PREDICTED, _ERROR = range(6)
_B_UP, _B_ESTIMATE, _A_UP, _A_ESTIMATE, _B_GRADIENT, _A_GRADIENT = range(6, 12)
_MEMORY = 12
_NUDGE = 0.01
_EPOCHS = 100


@dataclass(frozen=True, slots=True)
class Memory:
    """A column pair (one per weight) that is carried from row to row.

    `rule` is the formula with {above}, {g} (this row's gradient) and settings by name. `target` and
    `last` are the names of its start and end, by which an epoch feeds the next.
    """

    title: str
    rule: str
    target: str
    last: str
    note: str


@dataclass(frozen=True, slots=True)
class Tab:
    """`step` is what is taken off a weight: {g}, {m}, {v}, {t}, {w} and settings by name."""

    name: str
    title: str
    intro: str
    settings: tuple[tuple[str, float, str], ...]
    step: str
    memories: tuple[Memory, ...] = ()
    counts: bool = False


_MEAN = "a running memory of gradients; an epoch begins where the last one ended"
_SQUARE = "a running memory of squared gradients: how large gradients are in this direction"
_SETTINGS = {
    "lr": "learning rate: how much of the step is taken",
    "momentum": "share of the last step that is kept",
    "rho": "share of the mean of squares that is kept",
    "beta1": "share of the mean of gradients that is kept",
    "beta2": "share of the mean of squares that is kept",
    "eps": "keeps the division finite",
    "decay": "weight decay: every step shrinks the weights by lr · decay",
    "fade": "factor on the learning rate per step",
}


def _settings(**values: float) -> tuple[tuple[str, float, str], ...]:
    return tuple((name, value, _SETTINGS[name]) for name, value in values.items())


_ADAM = (
    Memory("mean", "{beta1}*{above}+(1-{beta1})*{g}", "momtarget", "momlast", _MEAN),
    Memory("mean square", "{beta2}*{above}+(1-{beta2})*{g}^2", "gradtarget", "ms_last", _SQUARE),
)


_ADAM_STEP = "{lr}*{m}/(1-{beta1}^{t})/(SQRT({v}/(1-{beta2}^{t}))+{eps})"

TABS = (
    Tab(
        "sgd",
        "Stochastic gradient descent",
        "One data point, one gradient, one step against it: w ← w - lr · g. Each point pulls the "
        "line its own way, so the loss jitters downwards. Compare the gradient columns: the "
        "estimate nudges the weight by 0.01 and looks, the exact one comes from calculus. Try: a "
        "learning rate of 0.02.",
        _settings(lr=0.005),
        "{lr}*{g}",
    ),
    Tab(
        "momentum",
        "Momentum",
        "The heavy ball (Polyak 1964): a step is this gradient plus a share of the last step. In "
        "directions where gradients agree it gathers speed; where they contradict each other they "
        "cancel. Try: momentum 0.5 and 0.95 with the same learning rate, and watch the loss swing.",
        _settings(lr=0.001, momentum=0.9),
        "{lr}*{m}",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
    ),
    Tab(
        "nesterov",
        "Nesterov's momentum",
        "Momentum that looks ahead: the step uses the memory as it will be after this gradient. "
        "It brakes a little earlier than the heavy ball when the slope turns. Compare its loss "
        "with that on the sheet momentum at the same settings.",
        _settings(lr=0.001, momentum=0.9),
        "{lr}*({g}+{momentum}*{m})",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
    ),
    Tab(
        "adagrad",
        "Adagrad",
        "Each weight has its own rate: the learning rate over the root of all squared gradients "
        "so far (Duchi et al. 2011). Slope and intercept have gradients of very different size; "
        "here both move at their own pace. The sum only grows, so steps only shrink. Try: a "
        "tenfold learning rate.",
        _settings(lr=1.0, eps=1e-8),
        "{lr}*{g}/(SQRT({v})+{eps})",
        (Memory("sum of squares", "{above}+{g}^2", "gradtarget", "ms_last", _SQUARE),),
    ),
    Tab(
        "rmsprop",
        "RMSprop",
        "Adagrad with a fading memory (Hinton 2012): a running mean of squares in place of the "
        "sum, so that steps do not die out. Near the end they do not get smaller either: the "
        "weights dance around the best line. Try: rho 0.5, or the annealing of the last sheet.",
        _settings(lr=0.1, rho=0.9, eps=1e-8),
        "{lr}*{g}/(SQRT({v})+{eps})",
        (Memory("mean square", "{rho}*{above}+(1-{rho})*{g}^2", "gradtarget", "ms_last", _SQUARE),),
    ),
    Tab(
        "adam",
        "Adam",
        "Momentum and RMSprop at once (Kingma and Ba 2015). Both means start at zero and are too "
        "small at first, so each is divided by 1 - beta^t, where t counts the steps. Every weight "
        "moves by about the learning rate per step, whatever the size of its gradient. Try: clear "
        "the start of t after an epoch and see what the correction does.",
        _settings(lr=0.2, beta1=0.9, beta2=0.999, eps=1e-8),
        _ADAM_STEP,
        _ADAM,
        counts=True,
    ),
    Tab(
        "adamw",
        "AdamW",
        "Adam with weight decay kept out of the gradient (Loshchilov and Hutter 2019): the "
        "weights shrink by lr · decay of themselves, which Adam's division does not touch. As an "
        "L2 penalty in the gradient it would be divided away for weights with large gradients. "
        "Try: decay 0 and 0.1.",
        _settings(lr=0.2, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01),
        f"({{lr}}*{{decay}}*{{w}}+{_ADAM_STEP})",
        _ADAM,
        counts=True,
    ),
    Tab(
        "annealing",
        "Annealing",
        "Stochastic descent with momentum whose learning rate fades by a factor per step: large "
        "steps while far away, small ones to settle. The count t goes on over epochs. Compare the "
        "end of the loss curve with the sheet momentum. Try: fade 1 (no annealing) and fade 0.9 "
        "(too much).",
        _settings(lr=0.003, momentum=0.8, fade=0.98),
        "{lr}*{fade}^{t}*{m}",
        (Memory("step", "{momentum}*{above}+{g}", "momtarget", "momlast", _MEAN),),
        counts=True,
    ),
)


def tab_page(tab: Tab, rides: Sequence[tuple[float, float]]) -> Page:
    """One tab: head cells, a start row, a row per ride, and the list of losses by epoch."""
    count = len(rides)
    update = _MEMORY + 2 * len(tab.memories) + tab.counts
    page = Page(tab.name, freeze=(_FIRST, 2))
    page.heading(tab.title, tab.intro, 14, 4)
    page.widths = dict.fromkeys(range(update + 4), 10.5) | {update + 4: 3, update + 5: 12}
    page.heights[_HEAD] = 34
    settings = _head(page, tab)
    _data(page, rides)
    _model(page, count)
    columns = _memories(page, tab, settings, count)
    _updates(page, tab, settings, columns, update, count)
    _chain(page, update, count)
    _losses(page, update + 2, count)
    return page


def _head(page: Page, tab: Tab) -> dict[str, str]:
    """Start weights and settings, as input cells; returns {setting: address}."""
    page.metric(2, 2, 1, "const", "intercept b", 1.0, "input")
    page.metric(2, 3, 1, "slope", "slope a", 1.0, "input")
    page.notes[2, 2] = (
        "Where the first row starts. An epoch's end is copied here to begin the next."
    )
    addresses = {}
    for number, (name, value, note) in enumerate(tab.settings):
        column = 5 + number
        page.metric(2, column, 1, name, name, value, "input")
        page.notes[2, column] = note
        addresses[name] = fixed(3, column)
    return addresses


def _data(page: Page, rides: Sequence[tuple[float, float]]) -> None:
    page.row(_HEAD, _X, ("x", "y"), "head")
    for row, ride in enumerate(rides, _FIRST):
        page.row(row, _X, ride, "data")
    page.names |= {"x": Rect(_FIRST, _X, len(rides)), "y": Rect(_FIRST, _Y, len(rides))}


def _model(page: Page, count: int) -> None:
    """Prediction, squared error, and the gradient by calculus and by a nudge."""
    titles = ("b", "a", "prediction", "error²", "error² at b+", "est. de/db", "error² at a+",
              "est. de/da", "de/db", "de/da")  # fmt: skip
    page.row(_HEAD, _B, titles, "head")
    formulas: dict[int, Callable[[int], str]] = {
        _PREDICTED: lambda row: f"={_at(row, _B)}+{_at(row, _A)}*{_at(row, _X)}",
        _ERROR: lambda row: f"=({_at(row, _PREDICTED)}-{_at(row, _Y)})^2",
        _B_UP: lambda row: (
            f"=({_at(row, _B)}+{_NUDGE}+{_at(row, _A)}*{_at(row, _X)}-{_at(row, _Y)})^2"
        ),
        _B_ESTIMATE: lambda row: f"=({_at(row, _B_UP)}-{_at(row, _ERROR)})/{_NUDGE}",
        _A_UP: lambda row: (
            f"=({_at(row, _B)}+({_at(row, _A)}+{_NUDGE})*{_at(row, _X)}-{_at(row, _Y)})^2"
        ),
        _A_ESTIMATE: lambda row: f"=({_at(row, _A_UP)}-{_at(row, _ERROR)})/{_NUDGE}",
        _B_GRADIENT: lambda row: f"=2*({_at(row, _PREDICTED)}-{_at(row, _Y)})",
        _A_GRADIENT: lambda row: f"={_at(row, _B_GRADIENT)}*{_at(row, _X)}",
    }
    for column, formula in formulas.items():
        _fill(page, column, count, formula)
    page.scales.append((Rect(_FIRST, _B_GRADIENT, count, 2), "weight"))
    page.notes[_HEAD, _B_ESTIMATE] = (
        "How much the squared error grows when b grows by 0.01, per unit: the gradient by trial."
    )
    page.notes[_HEAD, _B_GRADIENT] = (
        "By the chain rule: e = (a·x + b - y)², so de/db = 2·(a·x + b - y), and de/da = x · de/db."
    )


def _memories(
    page: Page, tab: Tab, settings: dict[str, str], count: int
) -> dict[str, tuple[int, int]]:
    """Memory columns and their start cells; returns {m, v, t: (column for b, column for a)}."""
    columns = {}
    left = _MEMORY
    for memory in tab.memories:
        key = "v" if memory.target == "gradtarget" else "m"
        columns[key] = (left, left + 1)
        for offset, weight in enumerate("ba"):
            page.put(_HEAD, left + offset, f"{memory.title} of {weight}", "head")
            page.put(_START, left + offset, 0.0, "input")
            gradient = _B_GRADIENT + offset
            _fill(
                page,
                left + offset,
                count,
                lambda row, column=left + offset, gradient=gradient, rule=memory.rule: (  # type: ignore[misc]
                    "=" + rule.format(above=_at(row - 1, column), g=_at(row, gradient), **settings)
                ),
            )
        page.notes[_HEAD, left] = memory.note
        page.notes[_START, left] = "Where the memory starts: what the last epoch left behind."
        page.names[memory.target] = Rect(_START, left, 1, 2)
        page.names[memory.last] = Rect(_FIRST + count - 1, left, 1, 2)
        left += 2
    if tab.counts:
        columns["t"] = (left, left)
        page.put(_HEAD, left, "step t", "head")
        page.put(_START, left, 0.0, "input")
        _fill(page, left, count, lambda row: f"={_at(row - 1, left)}+1", "whole")
        page.names |= {
            "counttarget": Rect(_START, left),
            "countlast": Rect(_FIRST + count - 1, left),
        }
    return columns


def _updates(
    page: Page,
    tab: Tab,
    settings: dict[str, str],
    columns: dict[str, tuple[int, int]],
    update: int,
    count: int,
) -> None:
    """New b and new a: the weight less the step."""
    page.row(_HEAD, update, ("new b", "new a"), "head")
    for offset, weight in enumerate((_B, _A)):

        def formula(row: int, offset: int = offset, weight: int = weight) -> str:
            cells = {key: _at(row, pair[offset]) for key, pair in columns.items()}
            gradient = _at(row, _B_GRADIENT + offset)
            step = tab.step.format(g=gradient, w=_at(row, weight), **cells, **settings)
            return f"={_at(row, weight)}-{step}"

        _fill(page, update + offset, count, formula)


def _chain(page: Page, update: int, count: int) -> None:
    """The first row starts at the head cells, each other row at the update above it."""
    for offset, (column, name) in enumerate(((_B, "const"), (_A, "slope"))):
        head = page.names[name]
        start = cell_name(head.top, head.left)
        _fill(
            page,
            column,
            count,
            lambda row, offset=offset, start=start: (  # type: ignore[misc]
                f"={start}" if row == _FIRST else f"={_at(row - 1, update + offset)}"
            ),
        )
        page.names[f"last{name}"] = Rect(_FIRST + count - 1, update + offset)


def _losses(page: Page, column: int, count: int) -> None:
    """The RMSE over all rides at each row's weights, its chart, and the list by epoch."""
    steps = [float(number) for number in range(1, count + 1)]
    page.put(_HEAD, column, "step", "head")
    page.column(_FIRST, column, steps, "whole")
    loss = column + 1
    page.put(_HEAD, loss, "RMSE of all", "head")
    page.notes[_HEAD, loss] = (
        "The error over all rides of the sheet data with the weights of this row: that of the best "
        "line, plus what it costs to be away from it (the squared error is a parabola in a and b)."
    )
    _fill(page, loss, count, _loss_of_all)
    page.metric(2, loss, 1, "rmse", "rmse", f"=SQRT(AVERAGE({Rect(_FIRST, _ERROR, count)}))")
    page.notes[2, loss] = "Root of the mean squared error, each ride at the weights of its row."
    x = Rect(_FIRST, column, count)
    line = Line("RMSE", x, x.shifted(0, 1))
    below = (_FIRST + count + 1, _B)
    page.charts.append(Chart("RMSE over the epoch", "step", "RMSE", (line,), at=below))
    _loss_list(page, column + 3)


def _loss_of_all(row: int) -> str:
    b, a = f"({_at(row, _B)}-least_b)", f"({_at(row, _A)}-least_a)"
    return f"=SQRT(least_mse+{b}^2+2*{b}*{a}*mean_x+{a}^2*mean_x2)"


def _loss_list(page: Page, column: int) -> None:
    """Where `xlcollab run` writes the loss of each epoch."""
    page.put(_HEAD, column, "RMSE by epoch", "head")
    page.column(_START, column, [""] * _EPOCHS, "fine number")
    page.names |= {
        "rmsestart": Rect(_HEAD, column),
        "rmses": Rect(_START, column, _EPOCHS),
    }


def _fill(
    page: Page, column: int, count: int, formula: Callable[[int], str], style: str = "fine number"
) -> None:
    page.fill(Rect(_FIRST, column, count), lambda row, _: formula(row), style)


def _at(row: int, column: int) -> str:
    return cell_name(row, column)
