"""The graddesc tabs of a workbook: recognise, run, reset, compare.

tab = book.tab("adam")
tab.reset()
tab.run(epochs=50)
tab.history             # a DataFrame
book.save("after.xlsx")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlcollab.api.look.checking import brought_up_to_date, refresh
from xlcollab.api.session.saving import refuse_unchangeable
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.record import Recorder
from xlcollab.api.tabs.run import Ending, TabRun, finished, run_epochs
from xlcollab.api.tabs.sheets import history_of, steps_of, table_of, taken_names
from xlcollab.api.tabs.writing import (
    Results,
    appended_losses,
    cleared_list,
    input_edits,
    results_of,
    weight_edits,
)
from xlcollab.errors import UsageError
from xlcollab.grid import CellEdit, Changes, NewSheet
from xlcollab.interrupts import finished_first
from xlcollab.problems.tab.tab import GraddescTab, read_tab
from xlcollab.ref import AreaRef
from xlcollab.settings.asked import Asked
from xlcollab.settings.requests.tabs import RunRequest
from xlcollab.settings.solving import RuleSettings

if TYPE_CHECKING:
    import pandas as pd

    from xlcollab.api.session.session import Session
    from xlcollab.history import Record

OnEpoch = Callable[[int, float, Callable[[], list[CellEdit]]], None]
"""Told the epochs that were run, the loss, and what the weights and memories are now."""


class Tab:
    """One graddesc tab of an open workbook. Runs and resets change the workbook in memory.

    `copy` names copy pairs, such as 'N32->C1,M32->C2', in place of those found.

    Raises ModelError and DataError saying what is missing on the sheet, and where.
    """

    def __init__(self, book: Session, sheet: str, copy: str | None = None) -> None:
        refresh(book)
        self._book, self._copy = book, copy
        self.found: GraddescTab = read_tab(book.workbook, sheet, copy)
        """What was recognised: data, model, optimiser, settings, copy pairs, oddities."""
        self._last: TabRun | None = None

    @property
    def sheet(self) -> str:
        return self.found.sheet

    @property
    def optimizer(self) -> str:
        """The tab's own optimiser, named from its formulas."""
        return self.found.optimizer

    @property
    def history(self) -> pd.DataFrame:
        """The rows of the last run: one per epoch, the start first. Raises UsageError where nothing
        was run."""
        if self._last is None:
            raise UsageError(f"{self.sheet} has no history yet; run it first")
        return self._last.history

    def reset(self) -> None:
        """Do what the tab's reset button did."""
        epochs = Epochs(self._book.plan, self.found)
        epochs.reset()
        results = results_of(epochs, self._book.plan)
        self._store(epochs, results, [], reset=True, sheets=())

    def run(
        self,
        epochs: int = 1,
        *,
        reset: bool = False,
        every: str = "epoch",
        history: bool = True,
        optimizer: str | None = None,
        batch_size: int | None = None,
        schedule: str = "constant",
        on_epoch: OnEpoch | None = None,
        engine: Asked[RuleSettings] | None = None,
        **options: object,
    ) -> TabRun:
        """Run epochs and put the outcome into the workbook.

        Without `optimizer` the epochs are those of the sheet itself. With it (a first-order method
        such as "adam", or "tab" for the tab's own rule) the engine descends on the tab's data and
        model; `batch_size`, `schedule` and `options` (fields of `RuleSettings` such as
        learning_rate; `engine` holds the same) say how. `every="step"` records each row as well.
        Without `history` no sheets are added.

        A run that diverges ends with the last good epoch and says so in its status. `on_epoch`
        sees the sheet's own epochs go by, and may raise KeyboardInterrupt to end them.

        Raises UsageError for impossible settings, UnsupportedError naming the cell and the
        function that cannot be compiled, WriteRefusedError when the workbook takes no change.
        """
        _check_epochs(epochs)
        asked = Asked.of(RuleSettings, options).over(engine.values if engine else {})
        _check_options(optimizer, batch_size, schedule, asked)
        request = RunRequest(
            book=self._book.path,
            sheet=self.sheet,
            epochs=epochs,
            reset=reset,
            copy=self._copy,
            every=every,
            optimizer=optimizer,
            batch_size=batch_size,
            schedule=schedule,
            engine=asked,
            no_history=not history,
        )
        self._book.made_by("run", request)
        return self.run_as(request, on_epoch)

    def run_as(self, request: RunRequest, on_epoch: OnEpoch | None = None) -> TabRun:
        """`run`, asked for by a request, whose sheet is this one."""
        _check_epochs(request.epochs)
        _check_options(request.optimizer, request.batch_size, request.schedule, request.engine)
        refuse_unchangeable(self._book, sheets=not request.no_history)
        motion = Epochs(self._book.plan, self.found)
        self._book.rehearse(Changes(inputs=input_edits(motion)))
        if request.reset:
            motion.reset()
        recorder = Recorder.of_tab(self.found, steps=request.every == "step")
        own = request.optimizer is None
        if own:
            telling = _telling(on_epoch, recorder, lambda: input_edits(motion))
            ending = run_epochs(motion, request.epochs, recorder, telling)
            gradients, label = None, self.optimizer
        else:
            recorder = replace_memories(recorder)
            telling = _telling(on_epoch, recorder, lambda: weight_edits(self.found, recorder))
            ending, gradients, label = self._descend(motion, request, recorder, telling)
        with finished_first():
            results = results_of(motion, self._book.plan)
            run = finished(self.found, label, recorder, ending)
            losses = recorder.losses[:-1] if own else []
            sheets = () if request.no_history else self._sheets(run, gradients)
            left = self._store(motion, results, losses, reset=request.reset, sheets=sheets)
        self._last = replace(run, warnings=_warnings(left))
        return self._last

    def gradients(self) -> Record:
        """The derivatives of each row's squared error at the start weights: by autograd, by the
        sheet's analytic columns, by its finite-difference estimates, and the differences."""
        from xlcollab.api.tabs.model import TabModel

        model = TabModel(self._book.workbook, self.found)
        return model.gradients(model.start)

    def _descend(
        self,
        motion: Epochs,
        request: RunRequest,
        recorder: Recorder,
        telling: Callable[[], None] | None,
    ) -> tuple[Ending, Record, str]:
        """The engine's run, the slopes at its start, and its name; the start cells of `motion` take
        its weights."""
        from xlcollab.api.tabs.descent import Descent, Runner, descend
        from xlcollab.api.tabs.model import TabModel

        descent = Descent(
            optimizer=str(request.optimizer),
            batch_size=request.batch_size,
            schedule=request.schedule,
            options=request.engine,
        )
        model = TabModel(self._book.workbook, self.found)
        gradients = model.gradients(motion.weights)
        runner = Runner(model, motion, descent, request.epochs)
        ending = descend(runner, request.epochs, recorder, telling)
        motion.start_from(runner.weights.numpy())
        return ending, gradients, descent.label

    def _sheets(self, run: TabRun, gradients: Record | None) -> tuple[NewSheet, ...]:
        taken = taken_names(self._book.workbook)
        contours = self._contours(run)
        sheets = [*history_of(run, contours, taken)]
        if run.steps is not None:
            sheets.append(steps_of(run, taken))
        if gradients is not None:
            sheets.append(table_of(gradients, self.sheet, "gradients", taken))
        return tuple(sheets)

    def _contours(self, run: TabRun) -> list[Any]:
        from xlcollab.api.tabs.surface import contours, loss_surface

        if run.record is None or len(run.weights) != 2 or len(run.record) < 2:
            return []
        return contours(loss_surface(self._book.plan, self.found, run.record.weights))

    def _store(
        self,
        epochs: Epochs,
        results: Results,
        losses: list[float],
        *,
        reset: bool,
        sheets: tuple[NewSheet, ...],
    ) -> tuple[tuple[AreaRef, str], ...]:
        """Put the registers, the pasted losses and new sheets into the workbook. Returns the
        formulas that depend on the weights and cannot be evaluated, with the reason."""
        workbook, listed = self._book.workbook, self.found.losses
        cleared = cleared_list(workbook, listed) if reset else []
        appended = appended_losses(workbook, listed, losses, cleared=reset)
        self._book.apply(
            Changes(
                inputs=[*input_edits(epochs), *cleared, *appended],
                results=results.edits,
                sheets=sheets,
                replaces=frozenset(sheet.name for sheet in sheets),
            )
        )
        self.found = read_tab(self._book.workbook, self.sheet, self._copy)
        return brought_up_to_date(self._book, results.left_alone)


def _telling(
    on_epoch: OnEpoch | None, recorder: Recorder, weights: Callable[[], list[CellEdit]]
) -> Callable[[], None] | None:
    if on_epoch is None:
        return None
    return lambda: on_epoch(len(recorder.epochs) - 1, recorder.epochs[-1].loss, weights)


def replace_memories(recorder: Recorder) -> Recorder:
    """A recorder without the tab's memory cells: the engine has its own state."""
    return Recorder(recorder.weights, (), steps=recorder.wants_steps)


def _warnings(left: Sequence[tuple[AreaRef, str]]) -> tuple[str, ...]:
    """Formulas that depend on the weights and keep their old values."""
    return tuple(f"{area} keeps its stored value: {reason}." for area, reason in left[:3])


def _check_epochs(epochs: int) -> None:
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 0:
        raise UsageError(f"epochs is {epochs!r}; expected a whole number, 0 or more")


def _check_options(
    optimizer: str | None, batch_size: int | None, schedule: str, options: Asked[RuleSettings]
) -> None:
    """Options of the engine make no sense for the sheet's own epochs."""
    given = list(options)
    given += ["batch_size"] if batch_size is not None else []
    given += ["schedule"] if schedule != "constant" else []
    if optimizer is None and given:
        raise UsageError(
            f"{', '.join(given)} needs an optimizer, such as adam: without one the sheet's own "
            "formulas and settings run"
        )
