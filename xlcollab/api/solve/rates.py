"""Looking for a learning rate on a model: the curve, what is read off it, and its sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlcollab.api.session.controlled import controlled
from xlcollab.api.session.devices import fitting_threads, working_place
from xlcollab.api.session.pictures import html_line, html_table
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.session import Session
from xlcollab.api.solve.compiling import compile_model
from xlcollab.api.solve.given import given_model
from xlcollab.errors import UsageError
from xlcollab.grid import Changes, NewSheet
from xlcollab.history import ChartSpec, Record, free_of_ours, history_sheet
from xlcollab.interrupts import time_limit
from xlcollab.optim.range_test import RangeTest, RateRange, range_test
from xlcollab.problems import SolverModel
from xlcollab.settings.asked import Asked
from xlcollab.settings.methods import FIRST_ORDER
from xlcollab.settings.option import settings_of
from xlcollab.settings.requests.rates import RatesRequest
from xlcollab.settings.schedules import SCHEDULES, schedule_options
from xlcollab.settings.serving import RATE_SEARCH
from xlcollab.settings.solving import Computing, Settings
from xlcollab.settings.spoken import flag_of

if TYPE_CHECKING:
    import pandas as pd

WORD = "learning rates"
"""What the added sheet is called, after the model's."""
_COLUMNS = ("learning rate", "objective")
_METHOD = "adam"
"""Where neither the caller nor the control sheet names a method with a rate."""


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The objective by the learning rate of one growing run, and the rate to take."""

    model: SolverModel
    test: RangeTest

    @property
    def suggestion(self) -> float:
        """The rate to take."""
        return self.test.suggestion

    @property
    def record(self) -> Record:
        columns = (self.test.rates, self.test.objectives)
        return Record.of(dict(zip(_COLUMNS, columns, strict=True)))

    @property
    def history(self) -> pd.DataFrame:
        """A row per rate: learning rate, objective after its step."""
        return self.record.frame()

    @property
    def sentence(self) -> str:
        """What the curve says."""
        test, size = self.test, len(self.test.rates)
        told = (
            f"{test.method}: {size} steps with rates from {test.rates[0]:.3g} to "
            f"{test.rates[-1]:.3g}; the objective fell fastest at {test.steepest:.3g} and was best "
            f"at {test.best:.3g}"
        )
        if test.ended_early:
            return f"{told}, beyond which it got worse"
        is_last = test.best == test.rates[-1]
        return f"{told}, the highest rate that was tried" if is_last else told

    def plot(self, ax: Any = None) -> Any:
        """The curve in an axis of matplotlib, which is returned."""
        from xlcollab.api.session.plotting import axis_of

        ax = axis_of(ax)
        ax.plot(self.test.rates, self.test.objectives)
        ax.axvline(self.suggestion, linestyle="--", color="0.5")
        ax.set(xscale="log", xlabel="learning rate", ylabel=str(self.model.objective))
        ax.set_title(f"take {self.suggestion:.3g}")
        return ax

    def __repr__(self) -> str:
        """One line, not all rates."""
        told = f"take {self.suggestion:.3g}, {self.sentence}"
        return f"<{type(self).__name__} {self.model.objective}: {told}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [("falls fastest", self.test.steepest), ("best", self.test.best)]
        title = f"{self.model.objective}: take a learning rate of {self.suggestion:.3g}"
        table = html_table(title, ("the objective", "learning rate"), rows, (self.sentence,))
        return table + html_line(self.test.objectives, "objective by growing rate")

    def as_json(self) -> dict[str, Any]:
        test = self.test
        return {
            "sheet": self.model.sheet,
            "objective": str(self.model.objective),
            "method": test.method,
            "suggestion": self.suggestion,
            "steepest": test.steepest,
            "best": test.best,
            "ended_early": test.ended_early,
            "learning_rates": test.rates.tolist(),
            "objectives": test.objectives.tolist(),
        }


@dataclass(frozen=True, slots=True)
class FoundRate:
    """A curve that was written."""

    curve: RateCurve
    output: Path


def find_rate(
    book: Session,
    model: SolverModel,
    settings: Asked[Settings],
    computing: Asked[Computing],
    rates: RateRange,
) -> RateCurve:
    """Try growing rates from the present weights, which stay as they are.

    The method is the one asked for, else the control sheet's where it has a rate, else adam.
    Raises UsageError for a model without an objective, and what `range_test` raises.
    """
    if model.objective is None:
        raise UsageError(f"the model of {model.sheet} has no objective that a rate could improve")
    whole = controlled(book.workbook, settings)
    values = {name: value for name, value in whole.values.items() if name not in _NOT_OF_A_RATE}
    if "method" not in settings and values.get("method") not in FIRST_ORDER:
        values["method"] = _METHOD
    made = Settings(**values)  # type: ignore[arg-type]
    compiled = compile_model(book, model, made)
    place = working_place(controlled(book.workbook, computing).made(), compiled.size)
    start = compiled.start.to(device=place.device, dtype=place.dtype)
    with fitting_threads(compiled.size), time_limit(made.time_limit):
        return RateCurve(model, range_test(compiled.objective(place), start, made, rates))


_NOT_OF_A_RATE = frozenset(("learning_rate", "iterations", "restarts", "init", "schedule")).union(
    *map(schedule_options, SCHEDULES)
)
"""What belongs to a whole run; one in which the rate grows has a schedule of its own."""


def refuse_unused(asked: Asked[Settings], spelt: Callable[[str], str] = str) -> None:
    """Raises UsageError for a setting that no run of growing rates has a use for; `spelt` says how
    its name is typed."""
    unused = [spelt(name) for name in asked if name not in RATE_SEARCH]
    if unused:
        raise UsageError(
            "looking for a learning rate is one run in which the rate grows, which has no use for "
            f"{', '.join(unused)}; leave {'them' if len(unused) > 1 else 'it'} out"
        )


def rates_sheet(book: Session, curve: RateCurve) -> NewSheet:
    """The curve as a sheet with its chart, the rates on a logarithmic axis."""
    sheet = history_sheet(
        curve.record,
        sheet=curve.model.sheet,
        title=f"{curve.model.sheet}: take a learning rate of {curve.suggestion:.3g}",
        sentence=curve.sentence,
        existing_names=free_of_ours(book.workbook, WORD.split()),
        charts=(ChartSpec("Objective by learning rate", *_CHART),),
        what=WORD,
    )
    return replace(sheet, charts=tuple(replace(chart, log_x=True) for chart in sheet.charts))


_CHART = (_COLUMNS[0], _COLUMNS[1:], "objective after a step")


def add_rates(book: Session, curve: RateCurve) -> None:
    """Put the sheet of the curve into the book."""
    sheet = rates_sheet(book, curve)
    book.apply(Changes(sheets=(sheet,), replaces=frozenset((sheet.name,))))


def find_rate_in_book(request: RatesRequest) -> FoundRate:
    """Open, try, add the sheet, save: the whole of `xlcollab lr-find`."""
    known = settings_of(Settings)
    refuse_unused(request.settings, lambda name: flag_of(known[name], is_open=True).split("/")[0])
    book = Session(request.book)
    place = {"in_place": request.in_place, "overwrite": request.overwrite}
    refuse_target(book, request.output, "rates", **place)
    refuse_unchangeable(book, sheets=True, instead="")
    book.made_by("lr-find", request)
    model = given_model(book, request.model, request.sheet)
    rates = RateRange(request.lowest, request.highest, request.steps)
    curve = find_rate(book, model, request.settings, request.computing, rates)
    add_rates(book, curve)
    return FoundRate(curve, save_beside(book, request.output, "rates", **place))


def of_one_cycle(
    book: Session,
    model: SolverModel,
    iterations: int,
    learning_rate: float | None,
    more: Mapping[str, object],
) -> dict[str, object]:
    """What `solve` is told for one cycle: `more` wins, all but the schedule."""
    asked = {"method": _METHOD, **more, "iterations": iterations, "schedule": "one-cycle"}
    if learning_rate is None:
        known = settings_of(Settings)
        settings = {name: value for name, value in asked.items() if name in known}
        curve = find_rate(
            book, model, Asked.of(Settings, settings), Asked(Computing, {}), RateRange()
        )
        learning_rate = curve.suggestion
    return {**asked, "learning_rate": learning_rate}
