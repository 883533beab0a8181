"""Fitting a factor model to ratings and writing what was learned: `xlcollab fit`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from xlcollab.api.ratings_source import read_source, together
from xlcollab.api.ratings_workbook import write_model_workbook
from xlcollab.errors import UsageError
from xlcollab.factor import (
    QUALITIES,
    ModelSettings,
    Tables,
    TrainingResult,
    TrainingSettings,
    estimate_memory,
    save_model,
    train,
)
from xlcollab.factor.result import OnEpoch, Status
from xlcollab.files import output_path, refuse_unwritable
from xlcollab.ratings import (
    Columns,
    RatingsTable,
    column_split,
    leave_k_out,
    random_split,
    time_split,
)
from xlcollab.ratings.duplicates import Aggregate

WORKBOOK, MODEL_FILE = ".xlsx", ".safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """What is asked of a fit. At most one of the ways to hold ratings out for test is given."""

    source: Path
    sheet: str | None = None
    area: str | None = None
    columns: Columns = field(default_factory=Columns)
    duplicates: Aggregate = "error"
    test: Path | None = None
    test_fraction: float | None = None
    test_by_time: float | None = None
    leave_out: int | None = None
    test_split: str | None = None
    validation_fraction: float = 0.1
    """Held out of the training ratings when `patience` asks for early stopping."""
    quality: str = "fast"
    model: Mapping[str, Any]
    """Fields of ModelSettings that were asked for."""
    training: Mapping[str, Any]
    """Fields of TrainingSettings that were asked for."""
    output: Path | None = None

    @staticmethod
    def of(given: Mapping[str, Any]) -> FitRequest:
        """From the parameters of the command, by name; None and False ask for nothing."""
        words = {name: _word(value) for name, value in given.items()}
        asked = {name: value for name, value in words.items() if value not in (None, False)}
        if words["hidden"]:
            asked["hidden_sizes"] = tuple(words["hidden"])
        asked["bias"] = words["bias"]
        own = {one.name for one in fields(FitRequest)}
        names = {kind: {one.name for one in fields(kind)} for kind in _KINDS}
        return FitRequest(
            **{name: value for name, value in asked.items() if name in own},
            columns=Columns(words["user_column"], words["item_column"], words["rating_column"]),
            model={name: asked[name] for name in names[ModelSettings] & asked.keys()},
            training={
                name: asked[name]
                for name in names[TrainingSettings] & asked.keys()
                if asked[name] != _default(name)
            },
        )

    def settings(self) -> tuple[ModelSettings, TrainingSettings]:
        """The settings, with those of the quality where nothing else was asked."""
        if self.quality not in QUALITIES:
            raise UsageError(f"quality is {self.quality!r}; choose one of {', '.join(QUALITIES)}")
        given = {**QUALITIES[self.quality], **self.model, **self.training}
        return _made(ModelSettings, given), _made(TrainingSettings, given)


_KINDS: tuple[type[Any], ...] = (ModelSettings, TrainingSettings)


def _default(name: str) -> Any:
    return next(one.default for one in fields(TrainingSettings) if one.name == name)


def _word(value: Any) -> Any:
    """An option's choice as its plain word."""
    return str(value) if isinstance(value, str) else value


def _made(kind: type[Any], given: Mapping[str, Any]) -> Any:
    names = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in names})


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, where it was written, and what was said on the way."""

    request: FitRequest
    result: TrainingResult
    train: RatingsTable
    output: Path
    seconds: dict[str, float]
    said: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return 130 if self.result.status is Status.INTERRUPTED else 0

    def as_json(self) -> dict[str, Any]:
        """Errors of the kept model, and what it was made of; no test RMSE is null."""
        test = self.result.test
        return {
            "train_rmse": _number(self.result.train.rmse),
            "test_rmse": None if test is None else _number(test.rmse),
            "epochs": len(self.result.history),
            "ratings": len(self.train),
            "users": self.train.n_users,
            "items": self.train.n_items,
            "status": str(self.result.status),
            "seconds": self.seconds,
            "output": str(self.output),
            "notes": list(self.result.notes),
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def fit_ratings(
    request: FitRequest,
    on_epoch: OnEpoch | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Fitted:
    """Read, split, train and write. `say` hears what was found and how much memory it takes.

    Raises UsageError, DataError by row and column, and WriteRefusedError before training starts.
    """
    target = _target(request)
    model, training = request.settings()
    began = time.perf_counter()
    source = read_source(
        request.source,
        sheet=request.sheet,
        area=request.area,
        columns=request.columns,
        duplicates=request.duplicates,
    )
    tables = split_tables(source.table, request, training)
    read_seconds = time.perf_counter() - began
    of = tables.train
    said = [source.said]
    if model.is_closed_form:
        said.append(estimate_memory(len(of), of.n_users, of.n_items, model, training).sentence)
    for sentence in said:
        say(sentence)
    result = train(tables, model, training, on_epoch=on_epoch)
    began = time.perf_counter()
    write_result(result, of, target, with_predictions=source.is_crosstab)
    seconds = {"read": read_seconds, **result.seconds, "write": time.perf_counter() - began}
    return Fitted(request, result, of, target, seconds, tuple(said))


def _target(request: FitRequest) -> Path:
    target = request.output
    if target is None:
        target = output_path(request.source, "model").with_suffix(WORKBOOK)
    if target.suffix not in (WORKBOOK, MODEL_FILE):
        raise UsageError(
            f"{target.name}: write a workbook ({WORKBOOK}) or a model file ({MODEL_FILE})"
        )
    if target.resolve() == request.source.resolve():
        raise UsageError(f"{target} is the source itself; write to another file")
    refuse_unwritable(target)
    return target


def write_result(
    result: TrainingResult, table: RatingsTable, target: Path, *, with_predictions: bool
) -> None:
    """A workbook of what was learned, or a model file, as the target's ending says."""
    if target.suffix == MODEL_FILE:
        save_model(result.model, target)
    else:
        write_model_workbook(result, table, target, with_predictions=with_predictions)


def split_tables(table: RatingsTable, request: FitRequest, training: TrainingSettings) -> Tables:
    """Training, validation and test ratings as the request wants them."""
    rng = np.random.default_rng(training.seed)
    rest, test = _held_out(table, request, rng)
    if training.patience is None:
        return Tables(rest, test=test)
    rest, validation = random_split(rest, request.validation_fraction, rng)
    return Tables(rest, validation, test)


def _held_out(
    table: RatingsTable, request: FitRequest, rng: np.random.Generator
) -> tuple[RatingsTable, RatingsTable | None]:
    ways = {
        "--test": request.test,
        "--test-fraction": request.test_fraction,
        "--test-by-time": request.test_by_time,
        "--leave-out": request.leave_out,
        "--test-split": request.test_split,
    }
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other; give one")
    if request.test is not None:
        columns, duplicates = request.columns, request.duplicates
        other = read_source(request.test, columns=columns, duplicates=duplicates)
        return together(table, other.table)
    if request.test_fraction is not None:
        return random_split(table, request.test_fraction, rng)
    if request.test_by_time is not None:
        return time_split(table, request.test_by_time)
    if request.leave_out is not None:
        return leave_k_out(table, request.leave_out, rng)
    if request.test_split is not None:
        return column_split(table, request.test_split)
    return table, None
