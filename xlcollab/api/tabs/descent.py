"""Gradient descent on a tab's data and model by the tensor engine: `run --optimizer`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor

from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.forms import Annealer, EpochEnd, StandardForm, TabForm
from xlcollab.api.tabs.model import Batches, TabModel
from xlcollab.api.tabs.record import EpochRow, Recorder, StepRows
from xlcollab.api.tabs.run import Ending, stopped
from xlcollab.errors import UsageError
from xlcollab.interrupts import unheard
from xlcollab.optim.methods import first_order, rate_of
from xlcollab.problems.tab.rules import Annealing, Kind
from xlcollab.problems.tab.tab import GraddescTab
from xlcollab.settings.asked import Asked
from xlcollab.settings.counting import counted
from xlcollab.settings.requests.tabs import OPTIMIZERS
from xlcollab.settings.schedules import Rate
from xlcollab.settings.serving import check_options
from xlcollab.settings.solving import RuleSettings, Settings
from xlcollab.settings.words import ANNEALINGS, SPELLINGS

_SAME_RULE: dict[Kind, str] = {"sgd": "gd", "momentum": "momentum"}
"""The engine's rule where its name is not that of the tab's optimiser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """How the engine descends on a tab's model.

    `optimizer` is one of `OPTIMIZERS`: a first-order method, or "tab", the tab's own rule and
    settings, row by row, for comparison with the sheet. `batch_size` rows make a step,
    whose gradient is the mean of theirs; None is the whole data. Row by row (1), an epoch starts
    where the tab's own copies say, even if they lose the last row's update. `schedule` is one of
    `xlcollab.optim`, or "halving" or "quartering" as the lesson anneals. `options` are the
    rule's and the schedule's.
    """

    optimizer: str
    batch_size: int | None = None
    schedule: str = "constant"
    options: Asked[RuleSettings] = field(default_factory=lambda: Asked(RuleSettings, {}))

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise UsageError(f"optimizer is {self.optimizer!r}; choose one of {known}")
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch_size is {self.batch_size}; expected 1 or more")
        if self.optimizer == "tab" and (self.batch_size not in (None, 1) or self.options):
            raise UsageError(
                "optimizer tab follows the sheet row by row with its own settings: it takes no "
                "batch size but 1, and no options"
            )

    @property
    def method(self) -> str:
        return SPELLINGS.get(self.optimizer, self.optimizer)

    @property
    def label(self) -> str:
        """What the run is called: the optimiser and how it takes the rows."""
        if self.optimizer == "tab":
            return "tab"
        size = {None: "batch", 1: "row by row"}.get(self.batch_size)
        return f"{self.method} ({size or f'batches of {self.batch_size}'})"

    @property
    def annealing(self) -> Annealing:
        """The lesson's annealing that the schedule names, if it does."""
        return cast(Annealing, self.schedule) if self.schedule in ANNEALINGS else "none"

    def settings(self, tab: GraddescTab) -> Settings:
        """The settings of the rule. Raises UsageError for options that it does not use."""
        same = _is_same_rule(tab, self.method)
        rate = {"learning_rate": tab.setting("learning rate")} if same else {}
        values = {**rate, **self.options.values, "method": self.method}
        plain = {} if self.schedule in ANNEALINGS else {"schedule": self.schedule}
        settings = Asked.of(Settings, {**values, **plain}).made()
        check_options(settings)
        return settings


def _is_same_rule(tab: GraddescTab, method: str) -> bool:
    """Whether the tab's learning rate means the same to the engine's rule."""
    return method in (tab.optimizer, _SAME_RULE.get(tab.kind))


class Runner:
    """One descent: weights, the form of the rule, and the rate."""

    def __init__(self, model: TabModel, epochs: Epochs, descent: Descent, count: int) -> None:
        self.model, self.epochs = model, epochs
        self.weights = torch.as_tensor(epochs.weights.copy())
        own = descent.optimizer == "tab"
        self._batches = Batches(model.rows, 1 if own else descent.batch_size).slices()
        row_by_row = own or descent.batch_size == 1
        self._keeps_last_step = not row_by_row or carries_updates(model.tab)
        self.form: StandardForm | TabForm
        if own:
            _check_tab_form(model.tab)
            self.form = TabForm(epochs)
            self._rate: Rate = lambda step: epochs.learning_rate
            self._annealer = Annealer("none", 1.0)
        else:
            settings = descent.settings(model.tab)
            rule = first_order(settings.method, settings)
            self.form = StandardForm(rule, settings.l2, self.weights)
            self._rate = rate_of(settings.method, settings, max(1, count * len(self._batches)))
            self._annealer = Annealer(descent.annealing, 1.0)
        self._steps = 0

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self._rate(self._steps) * self._annealer.rate

    def epoch(self) -> tuple[float, StepRows]:
        """One pass over the data: the loss it met, and its rows. Moves weights and state."""
        size, k = self.model.rows, len(self.weights)
        rows = StepRows(
            losses=np.empty(size),
            rate=self.rate,
            weights=np.empty((size, k)),
            gradients=np.empty((size, k)),
            memories=np.empty((size, 0)),
        )
        gradients = []
        for index, batch in enumerate(self._batches):
            errors, gradient = self._gradient(batch)
            rows.losses[batch], rows.weights[batch] = errors.numpy(), self.weights.numpy()
            rows.gradients[batch] = gradient.numpy()
            gradients.append(gradient)
            moved = self.form.step(self.weights, gradient, self.rate)
            if self._keeps_last_step or index + 1 < len(self._batches):
                self.weights = moved
            self._steps += 1
        loss = math.sqrt(float(rows.losses.sum()))
        self._end(EpochEnd(loss, torch.stack(gradients)))
        return loss, rows

    def _gradient(self, batch: slice) -> tuple[Tensor, Tensor]:
        """Squared errors of a batch and the gradient of their mean, both detached."""
        point = self.weights.clone().requires_grad_()
        errors = self.model.errors(point)[batch]
        (gradient,) = torch.autograd.grad(errors.mean(), point)
        return errors.detach(), gradient

    def _end(self, end: EpochEnd) -> None:
        self._annealer.end_epoch(end)
        self.form.end_epoch(end)


def carries_updates(tab: GraddescTab) -> bool:
    """Whether an epoch starts from the last row's updates, not from its inputs."""
    updates = {(tab.bottom, weight.update) for weight in tab.weights}
    sources = [pair.source for pair in tab.pairs if pair.role == "weight"]
    return all((cell.row, cell.column) in updates for cell in sources)


def _check_tab_form(tab: GraddescTab) -> None:
    """Raises UsageError for a tab whose rule `TabForm` does not have."""
    if tab.kind in ("adagrad_ann", "adam_ann"):
        raise UsageError(
            f"{tab.sheet} anneals by its own cells; run it without an optimizer, or name a "
            "rule and a schedule, such as adagrad with halving"
        )
    if not tab.as_lesson and tab.kind != "momentum":
        raise UsageError(
            f"optimizer tab knows the forms of the lesson's rules, and {tab.sheet} has another "
            f"({tab.optimizer}); run it without an optimizer, or name a rule, such as adam"
        )


def descend(
    runner: Runner, count: int, recorder: Recorder, on_epoch: Callable[[], None] | None = None
) -> Ending:
    """Run `count` epochs, and one more pass to know the loss at their end. `on_epoch` is called
    when the loss of a state is known, and may raise KeyboardInterrupt to end the run there."""
    good, check = runner.weights, unheard()
    try:
        for number in range(count + 1):
            check()
            weights, rate = runner.weights, runner.rate
            loss, rows = runner.epoch()
            if math.isfinite(loss) or number == 0:
                _note(recorder, loss, rate, weights, rows)
            if not math.isfinite(loss):
                runner.weights = good
                return _diverged(runner, number, rate, rows)
            good = weights
            if on_epoch is not None and number < count:
                on_epoch()
            if recorder.wants_steps and number < count:
                recorder.steps.append(rows)
    except KeyboardInterrupt as stop:
        runner.weights = good
        return stopped(stop, f"in epoch {len(recorder.epochs)}")
    runner.weights = good
    return Ending("done", f"{counted(count, 'epoch', done='run')}.")


def _note(recorder: Recorder, loss: float, rate: float, weights: Tensor, rows: StepRows) -> None:
    recorder.epochs.append(
        EpochRow(
            loss=loss,
            measured=loss,
            rate=rate,
            weights=weights.numpy().copy(),
            gradient=rows.gradients.mean(axis=0),
            memory=np.empty(0),
        )
    )


def _diverged(runner: Runner, number: int, rate: float, rows: StepRows) -> Ending:
    row = int(np.argmin(np.isfinite(rows.losses))) + runner.model.tab.top + 1
    kept = f"the weights after epoch {number - 1} are kept" if number else "nothing was run"
    return Ending(
        "diverged",
        f"Epoch {number} gave a number that is not finite at row {row} of "
        f"{runner.model.tab.sheet}; {kept}; try a learning rate of {rate / 10.0:.3g} instead of "
        f"{rate:.3g}.",
    )
