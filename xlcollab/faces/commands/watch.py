"""`xlcollab watch`: a run in a window of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xlcollab.errors import UsageError
from xlcollab.faces.commands.fit import fit_shown
from xlcollab.faces.commands.run import run_shown
from xlcollab.faces.commands.solve import solve_shown
from xlcollab.faces.request import command
from xlcollab.settings.asked import Asked
from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.requests.ratings import FitPlace, FitRequest
from xlcollab.settings.requests.solve import SolveRequest
from xlcollab.settings.requests.tabs import RunRequest
from xlcollab.settings.requests.watch import WatchRequest
from xlcollab.settings.solving import Settings

_WORKBOOKS = (".xlsx", ".xlsm")
_EPOCHS = 100
"""Where none are asked for: a run to look at, over in seconds on a sheet of a lesson."""


@command
def watch(request: WatchRequest) -> int:
    """Solve a workbook's models, or run its tabs, or fit ratings, and show the run in the browser.

    A page on this machine alone draws the losses and the weights and has a button Stop. The
    commands solve, run and fit show the same with --browser and take all their options.

    Example:  xlcollab watch collab_filter.xlsx --sheet dotprod

    Example:  xlcollab watch graddesc.xlsx --sheet momentum --epochs 200

    Example:  xlcollab watch ratings.csv
    """
    if request.book.suffix.lower() not in _WORKBOOKS:
        return fit_shown(_fit(request), opens=request.browser)
    if _holds_models(request.book, request.sheet):
        return solve_shown(_solve(request), opens=request.browser)
    return run_shown(_run(request), opens=request.browser)


def _holds_models(book: Path, sheet: str | None) -> bool:
    from xlcollab.api import open as open_book
    from xlcollab.api.look.holding import has_models

    return has_models(open_book(book), sheet)


def _solve(request: WatchRequest) -> SolveRequest:
    asked = {"iterations": request.iterations, "time_limit": request.time_limit}
    return SolveRequest(
        book=request.book,
        sheet=request.sheet,
        settings=Asked(
            Settings, {name: value for name, value in asked.items() if value is not None}
        ),
        browser=True,
        output=request.output,
        in_place=request.in_place,
        overwrite=request.overwrite,
        json=request.json,
    )


def _run(request: WatchRequest) -> RunRequest:
    return RunRequest(
        book=request.book,
        sheet=request.sheet,
        epochs=_EPOCHS if request.iterations is None else request.iterations,
        time_limit=request.time_limit,
        browser=True,
        output=request.output,
        in_place=request.in_place,
        overwrite=request.overwrite,
        json=request.json,
    )


def _fit(request: WatchRequest) -> FitRequest:
    """Raises UsageError for what only workbooks have."""
    if request.sheet is not None or request.in_place:
        flag = "--in-place" if request.sheet is None else "--sheet"
        raise UsageError(f"{flag} is for workbooks, and {request.book.name} is none; leave it out")
    epochs = {} if request.iterations is None else {"epochs": request.iterations}
    made = FitRequest(place=FitPlace(source=request.book), browser=True, json=request.json)
    training = Asked(TrainingSettings, epochs)
    made = replace(made, training=training, time_limit=request.time_limit)
    return replace(made, output=request.output, overwrite=request.overwrite)
