"""Fitting a factor model to ratings and writing what was learned: `xlcollab fit`."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xlcollab.api.ratings_model import (
    MODEL_FILE,
    Size,
    plain,
    refuse_too_large,
    write_model_workbook,
)
from xlcollab.api.ratings_request import FitRequest
from xlcollab.api.ratings_scores import (
    Folds,
    Ranked,
    folds_of,
    ranked,
    sweep_json,
    sweep_table,
    swept,
)
from xlcollab.api.ratings_source import Source, read_source
from xlcollab.api.ratings_split import split_tables
from xlcollab.api.ratings_start import implied_settings, start_of
from xlcollab.errors import UsageError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    RateSweep,
    Tables,
    TrainingResult,
    TrainingSettings,
    estimate_memory,
    save_model,
    train,
)
from xlcollab.factor.distributed import Saving, train_distributed
from xlcollab.factor.processes import under_torchrun
from xlcollab.factor.result import OnEpoch, Status
from xlcollab.factor.settings import GRADIENT_RULES
from xlcollab.factor.train import Start
from xlcollab.files import output_path, refuse_unwritable

WORKBOOK = ".xlsx"
INTERRUPTED = 130
_NET_NOTE = (
    f"A net cannot be read back from a workbook; write a {MODEL_FILE} file to predict with it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A trained model, where it was written, and what was measured on the way."""

    result: TrainingResult
    tables: Tables
    output: Path
    seconds: dict[str, float]
    notes: tuple[str, ...]
    ranked: Ranked | None
    folds: Folds | None
    sweep: RateSweep | None

    @property
    def exit_code(self) -> int:
        return INTERRUPTED if self.result.status is Status.INTERRUPTED else 0

    def as_json(self) -> dict[str, Any]:
        """Errors of the kept model and what it was made of; what was not asked for is null."""
        result, train = self.result, self.tables.train
        scores = {
            f"{name}_{measure}": _number(getattr(found, measure, None))
            for name, found in (
                ("train", result.train),
                ("validation", result.validation),
                ("test", result.test),
            )
            for measure in ("rmse", "mae")
        }
        return scores | {
            "ranking": self.ranked and self.ranked.as_json(),
            "cross_validation": self.folds and self.folds.as_json(),
            "learning_rate_sweep": self.sweep and sweep_json(self.sweep),
            "epochs": result.epochs_run,
            "best_epoch": result.best_epoch,
            "ratings": len(train),
            "users": train.n_users,
            "items": train.n_items,
            "status": str(result.status),
            "seconds": self.seconds,
            "output": str(self.output),
            "notes": list(self.notes),
        }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def fit_ratings(
    request: FitRequest,
    on_epoch: OnEpoch | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Fitted | None:
    """Read, split, train, measure and write. `say` hears what was found and what memory it takes.

    Under torchrun every process calls this; the first one writes, the others get None. Raises
    UsageError, DataError by cell, row and column, and WriteRefusedError before training starts.
    """
    target = _target(request)
    clock = _Clock()
    start = start_of(request.start, request.start_cells, request.place)
    model, training = request.settings(implied_settings(start))
    _check_distributed(request, training)
    source = read_source(request.place)
    tables = split_tables(
        source.table,
        request.place,
        request.test,
        request.validation,
        watch=training.patience is not None,
        seed=training.seed,
    )
    if target.suffix == WORKBOOK:
        of = tables.train
        size = Size(len(of), of.n_users, of.n_items, model.n_factors)
        refuse_too_large(size, target, is_crosstab=source.is_crosstab)
    clock.lap("read")
    _tell(source, tables, model, training, say)
    sweep, folds = None, None
    if request.find_learning_rate:
        sweep = swept(tables.train, model, training)
        training = replace(training, learning_rate=sweep.suggestion)
        say(f"learning rate {sweep.suggestion:.3g} reached the lowest error in a few epochs")
        clock.lap("find learning rate")
    if request.measures.folds is not None:
        folds = folds_of(tables.train, model, training, request.measures.folds, on_epoch)
        clock.lap("folds")
    result = _train(request, tables, model, training, start, on_epoch)
    if result is None:
        return None
    clock.take(result.seconds)
    found = ranked(result.model, tables, request.measures, training.seed)
    if found is not None:
        clock.lap("rank")
    result = replace(result, seconds=dict(clock.seconds))
    _write(result, target, source, found, folds, sweep)
    clock.lap("write")
    notes = result.notes
    if target.suffix == WORKBOOK and not isinstance(plain(result.model), FactorModel):
        notes += (_NET_NOTE,)
    return Fitted(
        result=result,
        tables=tables,
        output=target,
        seconds=clock.seconds,
        notes=notes,
        ranked=found,
        folds=folds,
        sweep=sweep,
    )


def is_first_process() -> bool:
    """False in those processes of torchrun that leave reading aloud and writing to another."""
    return not under_torchrun() or os.environ.get("RANK") == "0"


def _target(request: FitRequest) -> Path:
    source = request.place.source
    target = request.output or output_path(source, "model").with_suffix(WORKBOOK)
    if target.suffix not in (WORKBOOK, MODEL_FILE):
        raise UsageError(
            f"{target.name}: write a workbook ({WORKBOOK}) or a model file ({MODEL_FILE})"
        )
    if target.resolve() == source.resolve():
        raise UsageError(f"{target} is the source itself; write to another file")
    refuse_unwritable(target)
    if request.checkpoint is not None:
        refuse_unwritable(request.checkpoint.path)
    return target


def _check_distributed(request: FitRequest, training: TrainingSettings) -> None:
    """What several processes, or a run that saves its state, cannot do; said in shell words."""
    if request.checkpoint is None and not under_torchrun():
        return
    if training.optimizer not in GRADIENT_RULES:
        raise UsageError(
            "torchrun and --checkpoint need a gradient rule on all ratings at once: add "
            f"--optimizer with one of {', '.join(GRADIENT_RULES)}"
        )
    if request.find_learning_rate or request.measures.folds is not None:
        raise UsageError(
            "--find-learning-rate and --folds run in one process that saves no checkpoint; run "
            "them first"
        )


def _tell(
    source: Source,
    tables: Tables,
    model: ModelSettings,
    training: TrainingSettings,
    say: Callable[[str], None],
) -> None:
    say(source.said)
    of = tables.train
    if model.is_closed_form:
        say(estimate_memory(len(of), of.n_users, of.n_items, model, training).sentence)


def _train(
    request: FitRequest,
    tables: Tables,
    model: ModelSettings,
    training: TrainingSettings,
    start: Start,
    on_epoch: OnEpoch | None,
) -> TrainingResult | None:
    wanted = request.checkpoint
    if wanted is None and not under_torchrun():
        return train(tables, model, training, start=start, on_epoch=on_epoch)
    saving = None if wanted is None else Saving(wanted.path, wanted.every, wanted.resume)
    return train_distributed(tables, model, training, start=start, saving=saving, on_epoch=on_epoch)


def _write(
    result: TrainingResult,
    target: Path,
    source: Source,
    found: Ranked | None,
    folds: Folds | None,
    sweep: RateSweep | None,
) -> None:
    """A workbook of what was learned, or a model file, as the target's ending says."""
    if target.suffix == MODEL_FILE:
        save_model(result.model, target)
        return
    more = [folds.table()] if folds else []
    more += [sweep_table(sweep)] if sweep else []
    write_model_workbook(
        result,
        target,
        with_predictions=source.is_crosstab,
        measured=found.rows() if found else (),
        more=more,
    )


class _Clock:
    """Seconds by phase, those of the training taken over from its result."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        self.take({phase: time.perf_counter() - self._last})

    def take(self, phases: dict[str, float]) -> None:
        self.seconds |= phases
        self._last = time.perf_counter()
