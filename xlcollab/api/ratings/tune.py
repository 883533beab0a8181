"""Searching for good settings on a validation split, written as a sheet: `xlcollab tune`."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from xlcollab.api.ratings.fitted import INTERRUPTED
from xlcollab.api.ratings.sheets import check_table_file, write_table
from xlcollab.api.ratings.source import read_source
from xlcollab.api.session.provenance import Provenance
from xlcollab.disk import output_path
from xlcollab.errors import SolveError, UsageError
from xlcollab.factor import (
    QUALITIES,
    ModelSettings,
    Span,
    Tables,
    TrainingSettings,
    Trial,
    Tuning,
    tune,
    tuning_table,
)
from xlcollab.factor.search import folds_of
from xlcollab.interrupts import raise_stopped, time_limit
from xlcollab.ratings import RatingsTable, random_split
from xlcollab.settings.asked import Asked
from xlcollab.settings.near import meant
from xlcollab.settings.option import settings_of
from xlcollab.settings.requests.ratings import FitPlace, FitRequest, TuneRequest
from xlcollab.settings.spoken import spoken

SEARCHABLE = tuple(
    name
    for kind in (ModelSettings, TrainingSettings)
    for name, setting in settings_of(kind).items()
    if setting.kind in (int, float) and setting.many == 1 and name not in ("restarts", "seed")
)


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """What is told after every trial."""

    number: int
    trials: int
    """Asked for."""
    best: float
    """The lowest validation RMSE so far."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """All trials and where they were written; `asked` is how many were wanted."""

    tuning: Tuning
    asked: int
    output: Path
    command: str
    """What fits all ratings by the best settings."""

    @property
    def is_whole(self) -> bool:
        """False where Ctrl-C or the time limit ended the search early."""
        return self.tuning.stopped is None

    @property
    def exit_code(self) -> int:
        return INTERRUPTED if self.tuning.stopped == "interrupted" else 0

    @property
    def sentence(self) -> str:
        """How the search ended, in words."""
        if self.is_whole:
            return "All trials were run."
        tried = len(self.tuning.trials)
        what = (
            "time limit was reached"
            if self.tuning.stopped == "time_limit"
            else "search was stopped"
        )
        return f"The {what}; the {tried} of {self.asked} trials so far are kept."

    def as_json(self) -> dict[str, object]:
        best = self.tuning.best
        return {
            "status": self.tuning.stopped or "trial_limit",
            "best": dict(best.values),
            "validation_rmse": best.rmse,
            "trials": len(self.tuning.trials),
            "fit": self.command,
            "output": str(self.output),
        }


_SHORT = {"lr": "learning_rate", "mom": "momentum", "bs": "batch_size", "eps": "epsilon"}
"""Settings as the command line knows them, too."""


def parse_span(text: str) -> tuple[str, Span]:
    """ "n_factors=5..100" → (name, Span), by the logarithm where the low end is above 0.

    Whole ends search whole numbers. Raises UsageError on another form or an unknown setting.
    """
    name, _, bounds = text.partition("=")
    low, _, high = bounds.partition("..")
    try:
        ends = _number(low), _number(high)
    except ValueError:
        raise UsageError(f"{text!r} is no range; write it as n_factors=5..100") from None
    name = name.strip().lstrip("-").replace("-", "_")
    name = _SHORT.get(name, name)
    if name not in SEARCHABLE:
        raise UsageError(
            f"{name!r} cannot be searched; choose from {', '.join(SEARCHABLE)}"
            f"{meant(name, SEARCHABLE)}"
        )
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] <= ends[1]):
        raise UsageError(f"{text!r} must rise from a low to a high number")
    return name, Span(*ends, log=ends[0] > 0)


def tune_ratings(
    request: TuneRequest, on_trial: Callable[[TrialProgress], None] | None = None
) -> Tuned:
    """Try settings within the spans and write one row per trial. Needs the package optuna.

    Ctrl-C and the time limit keep the trials so far, unless `keep_partial` is off. Raises
    SolveError if every trial diverged.
    """
    space = dict(map(parse_span, request.search))
    source, trials = request.place.source, request.trials
    target = request.output or output_path(source, "tune").with_suffix(".xlsx")
    check_table_file(target, "tune", ("trial",), inputs=[source], overwrite=request.overwrite)
    name = request.optimizer or str(QUALITIES["fast"]["optimizer"])
    training = TrainingSettings(optimizer=name, seed=request.seed)
    table = read_source(request.place).table
    parts = _parts(table, request)
    with time_limit(request.time_limit):
        tuning = tune(
            parts,
            training=training,
            space=space,
            n_trials=trials,
            on_trial=None if on_trial is None else _counted(on_trial, trials),
        )
    if tuning.stopped and not request.keep_partial:
        raise_stopped(tuning.stopped)
    if not math.isfinite(tuning.best.rmse):
        raise SolveError("every trial diverged; search lower learning rates")
    write_table(tuning_table(tuning), target, Provenance.of("tune", request, effective=[training]))
    return Tuned(tuning, trials, target, _command(request, tuning))


def _parts(table: RatingsTable, request: TuneRequest) -> list[Tables]:
    """What each trial is trained on and compared by: a random part held out, or folds."""
    if request.folds is not None:
        return folds_of(table, request.folds, request.seed)
    rng = np.random.default_rng(request.seed)
    return [Tables(*random_split(table, request.validation_fraction, rng))]


def _command(request: TuneRequest, tuning: Tuning) -> str:
    """What one types to fit all ratings by the best settings, which are the recipe's but for those
    that were searched."""
    place = request.place
    said = {one.name: getattr(place, one.name) for one in fields(place)}
    model, training = (_other(one) for one in (tuning.model, tuning.training))
    fit = FitRequest(
        place=FitPlace(**said),
        model=Asked.of(ModelSettings, model),
        training=Asked.of(TrainingSettings, {"optimizer": tuning.training.optimizer, **training}),
    )
    return shlex.join(["xlcollab", "fit", *map(str, spoken(fit))])


def _other(settings: ModelSettings | TrainingSettings) -> dict[str, object]:
    """What is not as it is by default."""
    values = {one.name: (getattr(settings, one.name), one.default) for one in fields(settings)}
    return {name: value for name, (value, usual) in values.items() if value != usual}


def _counted(tell: Callable[[TrialProgress], None], trials: int) -> Callable[[Trial], None]:
    errors: list[float] = []

    def told(trial: Trial) -> None:
        errors.append(trial.rmse)
        tell(TrialProgress(len(errors), trials, min(errors)))

    return told


def _number(text: str) -> float:
    """Whole numbers stay whole: they say that whole numbers are searched."""
    try:
        return int(text)
    except ValueError:
        return float(text)
