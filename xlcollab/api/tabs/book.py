"""Running and comparing the graddesc tabs of a whole workbook: `xlcollab run` and `compare`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xlcollab.api.session.elsewhere import models_instead
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.together import told_together
from xlcollab.api.session.viewer import Viewer
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.record import Recorder
from xlcollab.api.tabs.run import Ending, TabRun, finished, run_epochs, stopped
from xlcollab.api.tabs.sheets import comparison_of, taken_names
from xlcollab.api.tabs.surface import FullLoss
from xlcollab.api.tabs.tab import Tab
from xlcollab.api.tabs.viewing import TabView
from xlcollab.errors import ModelError, UsageError
from xlcollab.grid import Changes
from xlcollab.interrupts import raise_if_stopped, time_limit
from xlcollab.problems.tab.tab import GraddescTab, find_tabs
from xlcollab.settings.requests.tabs import CompareRequest, RunRequest

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session


@dataclass(frozen=True, slots=True)
class TabRuns:
    """What running a workbook's tabs came to. `output` is None when nothing was written."""

    workbook: Path
    output: Path | None
    runs: tuple[TabRun, ...]
    is_comparison: bool = False
    """Whether the runs are shown by the one measure for all, not by their tabs' own losses."""

    @property
    def exit_code(self) -> int:
        """The highest code among the tabs: 0 done, 3 refused, 4 diverged, 130 interrupted."""
        return max(run.exit_code for run in self.runs)

    def as_json(self) -> dict[str, object]:
        return {
            "workbook": str(self.workbook),
            "output": None if self.output is None else str(self.output),
            "tabs": [run.as_json() for run in self.runs],
        }

    def lines(self) -> list[tuple[object, ...]]:
        """A summary line per tab: sheet, optimiser, epochs, loss before and after, status."""
        return [
            (
                run.sheet,
                run.optimizer,
                run.epochs,
                *self._ends(run),
                ", ".join(f"{name} {value:.6g}" for name, value in run.weights.items()),
                run.status,
            )
            for run in self.runs
        ]

    def _ends(self, run: TabRun) -> tuple[object, object]:
        losses = run.measured if self.is_comparison else run.losses
        return (losses[0], losses[-1]) if losses else ("", "")

    def sentences(self) -> list[str]:
        """What happened to each tab; those to which the same happened together."""
        return told_together((run.sheet, run.message) for run in self.runs)


def run_book(
    request: RunRequest,
    viewer: Viewer | None = None,
    on_epoch: Callable[[str, int, float], None] | None = None,
) -> TabRuns:
    """Open, run the tabs, save: the whole of `xlcollab run`. `viewer` looks on, and `on_epoch` is
    told the tab, the epochs that were run and the loss.

    Raises ModelError when the workbook (or the sheet asked for) holds no tab.
    """
    from xlcollab.api.session.session import Session

    book = Session(request.book)
    output, place = request.output, {"in_place": request.in_place, "overwrite": request.overwrite}
    refuse_target(book, output, "run", **place)
    refuse_unchangeable(book, sheets=not request.no_history)
    book.made_by("run", request)
    sheets = [request.sheet] if request.sheet else [sheet for sheet, _ in _tabs(book)]
    if request.copy and len(sheets) > 1:
        raise UsageError(f"--copy needs --sheet: {book.path.name} has tabs {', '.join(sheets)}")
    alone = request.sheet is not None
    runs = _in_turn(
        [
            (sheet, partial(_attempt, book, sheet, request, (viewer, on_epoch), alone=alone))
            for sheet in sheets
        ],
        request.time_limit,
    )
    saved = None
    if _is_worth_saving(runs, request):
        saved = save_beside(book, output, "run", **place)
    return TabRuns(book.path, saved, runs)


def _in_turn(
    runs: Sequence[tuple[str, Callable[[], TabRun]]], seconds: float | None
) -> tuple[TabRun, ...]:
    """[(what, run)] one after the other, within `seconds` for all; one that is stopped is the last.

    Raises KeyboardInterrupt where not even the first one came to an end with something to keep.
    """
    done: list[TabRun] = []
    with time_limit(seconds):
        for name, run in runs:
            try:
                raise_if_stopped()
                done.append(run())
            except KeyboardInterrupt as stop:
                if not done:
                    raise
                done.append(_unrun(name, stopped(stop, "before its first epoch")))
            if done[-1].status in _STOPPED:
                break
    return tuple(done)


_STOPPED = ("interrupted", "time_limit")


def _is_worth_saving(runs: Sequence[TabRun], request: RunRequest | CompareRequest) -> bool:
    early = any(run.status in _STOPPED for run in runs)
    return any(run.record is not None for run in runs) and (request.keep_partial or not early)


Told = tuple["Viewer | None", Callable[[str, int, float], None] | None]
"""Who looks on."""


def _attempt(book: Session, sheet: str, request: RunRequest, told: Told, *, alone: bool) -> TabRun:
    """One tab; what is wrong with it hinders the others only if it was asked for alone."""
    try:
        tab = Tab(book, sheet, request.copy)
        view = TabView(sheet, request.epochs, *told)
        run = tab.run_as(request, None if told == (None, None) else view.epoch)
        view.finish(run.message)
        return run
    except ModelError as error:
        if alone:
            raise
        return _refused(sheet, error)


def _refused(sheet: str, error: ModelError) -> TabRun:
    return _unrun(sheet, Ending("refused", str(error)))


def _unrun(sheet: str, ending: Ending) -> TabRun:
    return TabRun(sheet, "", 0, {}, (), (), ending, None)


def _tabs(book: Session) -> list[tuple[str, GraddescTab | ModelError]]:
    """The tabs of the book. Raises ModelError when there are none."""
    found = find_tabs(book.workbook)
    if not found:
        raise ModelError(
            f"{book.path.name} holds no chain of gradient descent on any sheet: rows in which each "
            "weight is the update of the row above (such as C5: =N4, with N5 computed from C5)"
            f"{models_instead(book)}"
        )
    return found


def compare_book(request: CompareRequest) -> TabRuns:
    """Open, compare, save: the whole of `xlcollab compare`."""
    from xlcollab.api.session.session import Session

    book = Session(request.book)
    output, overwrite = request.output, request.overwrite
    refuse_target(book, output, "compare", overwrite=overwrite)
    book.made_by("compare", request)
    runs = compare_tabs(book, request)
    worth = _is_worth_saving(runs, request)
    saved = save_beside(book, output, "compare", overwrite=overwrite) if worth else None
    return TabRuns(book.path, saved, runs, is_comparison=True)


def compare_tabs(book: Session, request: CompareRequest) -> tuple[TabRun, ...]:
    """Run every tab, and every optimizer named, from the start that the tabs' resets put.

    The workbook gets one sheet with the losses by epoch and their chart; its tabs stay as they
    are. All start from the weights that the first tab's reset puts, and the loss is the same for
    all: the root of the sum of squared errors over all rows, at the weights after the epoch.
    Optimizers descend on the model of `request.sheet`, by default that of the first tab.

    Raises ModelError when there is no tab, UsageError for impossible settings, WriteRefusedError
    when no sheet can be added.
    """
    if (request.engine or request.batch_size is not None) and not request.optimizer:
        raise UsageError("settings of the engine need an optimizer; the tabs have their own")
    refuse_unchangeable(book, sheets=True, instead="")
    found = _tabs(book)
    start: dict[str, float] = {}
    tabs = [
        (sheet, partial(_compared, book, sheet, tab, request.epochs, start)) for sheet, tab in found
    ]
    engine = [
        (name, partial(_engine_run, book, found, name, request, start))
        for name in request.optimizer
    ]
    runs = _in_turn([*tabs, *engine], request.time_limit)
    drawn = [run for run in runs if run.record is not None]
    if drawn:
        sheet = comparison_of(drawn, taken_names(book.workbook))
        book.apply(Changes(sheets=(sheet,), replaces=frozenset({sheet.name})))
    return runs


def _compared(
    book: Session, sheet: str, tab: GraddescTab | ModelError, count: int, start: dict[str, float]
) -> TabRun:
    if isinstance(tab, ModelError):
        return _refused(sheet, tab)
    try:
        epochs = Epochs(book.plan, tab)
    except ModelError as error:
        return _refused(sheet, error)
    _put(epochs, start)
    recorder = Recorder.of_tab(tab, steps=False)
    run = finished(tab, tab.optimizer, recorder, run_epochs(epochs, count, recorder))
    return _on_all_rows(book, tab, run)


def _put(epochs: Epochs, start: dict[str, float]) -> None:
    """Reset, and put the weights that all start from; a tab of other weights keeps its own, and so
    does the first, which says what they are."""
    epochs.reset()
    names = [weight.name for weight in epochs.tab.weights]
    own = dict(zip(names, epochs.weights.tolist(), strict=True))
    if not start:
        start |= own
    can_be_put = all(weight.start is not None for weight in epochs.tab.weights)
    if own != start and own.keys() == start.keys() and can_be_put:
        epochs.start_from(np.array([start[name] for name in names]))


def _on_all_rows(book: Session, tab: GraddescTab, run: TabRun) -> TabRun:
    """The run with the loss over all rows at the weights of each epoch: a tab's own loss meets
    each row with the weights that it had there."""
    if run.record is None:
        return run
    loss = FullLoss(book.plan, tab)
    return replace(run, measured=tuple(loss.at(row) for row in run.record.weights.tolist()))


def _engine_run(
    book: Session,
    found: Sequence[tuple[str, GraddescTab | ModelError]],
    name: str,
    request: CompareRequest,
    start: dict[str, float],
) -> TabRun:
    from xlcollab.api.tabs.descent import Descent, Runner, descend
    from xlcollab.api.tabs.model import TabModel

    tab = _model_tab(found, request.sheet)
    descent = Descent(
        optimizer=name,
        batch_size=request.batch_size,
        schedule=request.schedule,
        options=request.engine,
    )
    epochs = Epochs(book.plan, tab)
    _put(epochs, start)
    recorder = Recorder([weight.name for weight in tab.weights], (), steps=False)
    runner = Runner(TabModel(book.workbook, tab), epochs, descent, request.epochs)
    ending = descend(runner, request.epochs, recorder)
    run = replace(finished(tab, descent.label, recorder, ending), sheet=descent.label)
    return _on_all_rows(book, tab, run)


def _model_tab(
    found: Sequence[tuple[str, GraddescTab | ModelError]], sheet: str | None
) -> GraddescTab:
    for name, tab in found:
        if isinstance(tab, GraddescTab) and sheet in (None, name):
            return tab
    raise ModelError(f"no tab {sheet or ''} with a model for the optimizers was found")
