"""Running a tab as it stands, and how a run ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from xlcollab.api.session.viewer import finite
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.record import EpochRow, Recorder, StepRows
from xlcollab.history import Record
from xlcollab.interrupts import reason, unheard
from xlcollab.problems.tab.tab import GraddescTab
from xlcollab.settings.counting import counted

if TYPE_CHECKING:
    import pandas as pd

RunStatus = Literal["converged", "done", "time_limit", "diverged", "interrupted", "refused"]

EXIT_CODES: dict[RunStatus, int] = {"refused": 3, "diverged": 4, "interrupted": 130}
"""0 for every other status."""
_STILL = 1e-14
"""Weights that change by less than this, relative to themselves, stand still."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ended, in a word and in sentences."""

    status: RunStatus
    message: str


@dataclass(frozen=True, slots=True)
class TabRun:
    """The result of running one tab.

    `loss` holds the loss after each epoch, `measured` the root of the sum of squared errors, the
    start first. `record` has a row per epoch, the start first; `steps` one per row of the sheet.
    """

    sheet: str
    optimizer: str
    epochs: int
    weights: dict[str, float]
    loss: tuple[float, ...]
    measured: tuple[float, ...]
    ending: Ending
    record: Record | None
    steps: Record | None = None
    warnings: tuple[str, ...] = ()

    @property
    def status(self) -> RunStatus:
        return self.ending.status

    @property
    def message(self) -> str:
        return " ".join((self.ending.message, *self.warnings))

    @property
    def exit_code(self) -> int:
        return EXIT_CODES.get(self.status, 0)

    @property
    def losses(self) -> tuple[float, ...]:
        """The tab's own loss as its history shows it, the start first."""
        return () if self.record is None else tuple(self.record.column("loss").tolist())

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch, the start first; empty for a tab that could not be run."""
        import pandas as pd

        return pd.DataFrame() if self.record is None else self.record.frame()

    def as_json(self) -> dict[str, object]:
        """Plain numbers and texts; what is no number is null."""
        return {
            "sheet": self.sheet,
            "optimizer": self.optimizer,
            "epochs": self.epochs,
            "weights": {name: finite(value) for name, value in self.weights.items()},
            "loss": [finite(value) for value in self.loss],
            "status": self.status,
            "message": self.message,
        }


def finished(tab: GraddescTab, optimizer: str, recorder: Recorder, ending: Ending) -> TabRun:
    """The result of what a recorder saw; its last row is the end of the run."""
    last = recorder.epochs[-1]
    return TabRun(
        sheet=tab.sheet,
        optimizer=optimizer,
        epochs=len(recorder.epochs) - 1,
        weights=dict(zip(recorder.weights, last.weights.tolist(), strict=True)),
        loss=tuple(recorder.losses[1:]),
        measured=tuple(row.measured for row in recorder.epochs),
        ending=ending,
        record=recorder.record(),
        steps=recorder.step_record(tab.top + 1),
    )


def run_epochs(
    epochs: Epochs, count: int, recorder: Recorder, on_epoch: Callable[[], None] | None = None
) -> Ending:
    """Run `count` epochs; the registers end in the last good state. `on_epoch` is called before
    each of them, and may raise KeyboardInterrupt to end the run there."""
    note_epoch(epochs, recorder)
    bad = epochs.first_bad_row()
    if bad is not None or not epochs.carried:
        return _diverged(epochs, 0, bad)
    before, check = epochs.registers.copy(), unheard()
    try:
        for number in range(1, count + 1):
            check()
            if on_epoch is not None:
                on_epoch()
            _note_steps(epochs, recorder)
            epochs.epoch()
            bad = epochs.first_bad_row()
            if bad is not None or not epochs.carried:
                ending = _diverged(epochs, number, bad)
                epochs.registers[:] = before
                del recorder.steps[len(recorder.epochs) - 1 :]
                return ending
            note_epoch(epochs, recorder)
            before = epochs.registers.copy()
    except KeyboardInterrupt as stop:
        epochs.registers[:] = before
        return stopped(stop, f"after {counted(len(recorder.epochs) - 1, 'epoch')}")
    return _ending(recorder, count)


def stopped(stop: KeyboardInterrupt, when: str) -> Ending:
    """The ending of a run that was interrupted, or whose time was over."""
    word = reason(stop)
    what = "The time limit was reached" if word == "time_limit" else "The run was interrupted"
    return Ending(word, f"{what} {when}.")


def note_epoch(epochs: Epochs, recorder: Recorder) -> None:
    gradients = [weight.gradient for weight in epochs.tab.weights]
    known = [column for column in gradients if column is not None]
    means = iter(epochs.columns(known).mean(axis=0).tolist() if known else [])
    recorder.epochs.append(
        EpochRow(
            loss=epochs.loss,
            measured=epochs.measured_loss,
            rate=epochs.learning_rate,
            weights=epochs.weights,
            gradient=np.array([math.nan if g is None else next(means) for g in gradients]),
            memory=epochs.memory(),
        )
    )


def _note_steps(epochs: Epochs, recorder: Recorder) -> None:
    if not recorder.wants_steps:
        return
    tab = epochs.tab
    gradients = np.full((len(tab.rows), len(tab.weights)), math.nan)
    for index, weight in enumerate(tab.weights):
        if weight.gradient is not None:
            gradients[:, index] = epochs.column(weight.gradient)
    recorder.steps.append(
        StepRows(
            losses=(epochs.column(tab.prediction) - epochs.column(tab.target)) ** 2,
            rate=epochs.learning_rate,
            weights=epochs.columns([weight.column for weight in tab.weights]),
            gradients=gradients,
            memories=epochs.columns([m.column for m in tab.memories if m.column is not None]),
        )
    )


def _diverged(epochs: Epochs, number: int, row: int | None) -> Ending:
    tab, rate = epochs.tab, epochs.learning_rate
    where = f"row {row + 1} of {tab.sheet}" if row is not None else f"the end of {tab.sheet}"
    kept = f"the state after epoch {number - 1} is kept" if number else "nothing was run"
    advice = f"; try a learning rate of {rate / 10.0:.3g} instead of {rate:.3g}"
    return Ending(
        "diverged",
        f"Epoch {number} gave a number that is not finite at {where}; {kept}"
        f"{advice if math.isfinite(rate) else ''}.",
    )


def _ending(recorder: Recorder, count: int) -> Ending:
    if count and len(recorder.epochs) > 1:
        before, after = recorder.epochs[-2].weights, recorder.epochs[-1].weights
        if (np.abs(after - before) <= _STILL * np.abs(after)).all():
            return Ending("converged", f"The weights stood still in the last of {count} epochs.")
    return Ending("done", f"{counted(count, 'epoch', done='run')}.")
