"""An optimiser tab: head, memories, a row per ride, losses; what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lessons.graddesc_table import Tab
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
