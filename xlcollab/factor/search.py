"""Finding settings: a learning-rate sweep, cross-validation, and a search by optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xlcollab.errors import MissingPackageError, SolveError, UsageError
from xlcollab.factor.training.result import OnEpoch, Scores, Status, TrainingResult
from xlcollab.factor.training.train import Tables, resolved, train
from xlcollab.interrupts import OutOfTime, reason, unheard
from xlcollab.ratings import RatingsTable, k_folds, random_split
from xlcollab.settings.fitting import ModelSettings, TrainingSettings


@dataclass(frozen=True, slots=True)
class RateSweep:
    """Learning rates that were tried, the RMSE each reached, and the one to take.

    `training` are settings that train with the suggested rate under the rest of the recipe.
    """

    learning_rates: tuple[float, ...]
    train_rmse: tuple[float, ...]
    validation_rmse: tuple[float, ...]
    suggestion: float
    training: TrainingSettings


_SET_ASIDE = 0.1
"""Of the ratings, to compare rates on: the others are what the model will learn from."""
_ENOUGH = 2_000_000
"""Ratings that rates are compared on; of more, a part is drawn."""


def find_learning_rate(
    table: RatingsTable,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
    *,
    lowest: float | None = None,
    highest: float | None = None,
    n_rates: int = 13,
    epochs: int | None = None,
) -> RateSweep:
    """Try rates from `lowest` to `highest`, evenly in the logarithm, each for the whole run.

    Unless given these are a thirtieth and thirty times the recipe's rate. The rate with the lowest
    RMSE on a tenth of the ratings that is set aside is suggested: what the training ratings like
    best is what remembers them best. A rate that diverges counts as infinite. Every rate begins
    from the same start, which a sweep within one run (Smith 2017) does not. Raises SolveError where
    all diverge, UsageError for an implicit model.
    """
    asked, shape = training or TrainingSettings(), model or ModelSettings()
    _refuse_implicit(shape)
    _, settings = resolved(table, shape, replace(asked, learning_rate=None))
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    usual = settings.learning_rate or 1.0
    ends = lowest or usual / _AROUND, highest or usual * _AROUND
    rates = np.geomspace(*ends, n_rates).tolist()
    parts = _compared_on(table, settings.seed)
    reached = [_reached(parts, shape, replace(settings, learning_rate=rate)) for rate in rates]
    seen, unseen = zip(*reached, strict=True)
    if not np.isfinite(unseen).any():
        raise SolveError(
            f"every learning rate from {ends[0]:g} to {ends[1]:g} diverged; start lower"
        )
    best = rates[int(np.argmin(unseen))]
    whole = replace(settings, learning_rate=best, epochs=asked.epochs or settings.epochs)
    return RateSweep(tuple(rates), seen, unseen, best, whole)


def _refuse_implicit(model: ModelSettings) -> None:
    """Raises UsageError for a model that has no RMSE to compare by."""
    if model.implicit:
        raise UsageError(
            "an implicit model has no errors of ratings to compare by; compare how runs rank with "
            "cross_validate"
        )


_AROUND = 30.0
"""Half a power of ten more than one on either side of what is usual."""


def _compared_on(table: RatingsTable, seed: int) -> Tables:
    rng = np.random.default_rng(seed)
    if len(table) > _ENOUGH:
        table = table.take(np.sort(rng.choice(len(table), _ENOUGH, replace=False)))
    part, aside = random_split(table, _SET_ASIDE, rng)
    return Tables(part, validation=aside)


def cross_validate(
    table: RatingsTable,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
    n_folds: int = 5,
    on_epoch: OnEpoch | None = None,
) -> list[Scores]:
    """Test errors on each of `n_folds` disjoint parts, trained on the others, all epochs long.

    Raises KeyboardInterrupt when a run is stopped: folds cannot be kept in part.
    """
    settings = replace(training or TrainingSettings(), patience=None)
    folds = k_folds(table, n_folds, np.random.default_rng(settings.seed))
    scores = [
        _whole(Tables(part, test=test), model, settings, on_epoch).test for part, test in folds
    ]
    return [score for score in scores if score is not None]


if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True, slots=True)
class Span:
    """Where a setting is searched: from `low` to `high`, evenly in the logarithm if `log`."""

    low: float
    high: float
    log: bool = True


_FACTORS = 8, 128
"""From too few to tell tastes apart to more than any quality takes."""
_TIMES: Mapping[str, float] = {
    "learning_rate": 4.0,
    "bias_rate": 4.0,
    "l2_factors": 4.0,
    "l2_biases": 4.0,
    "epochs": 2.0,
}
"""How far from the recipe a setting is searched, on either side: enough for the penalties of tables
ten times as dense; a rate four times as high may diverge, which is told."""


def space_around(model: ModelSettings, training: TrainingSettings) -> dict[str, Span]:
    """What `tune` searches unless told otherwise: around settings that are resolved, those that
    the rule uses and that are not 0."""
    low, high = _FACTORS
    found = {"n_factors": Span(min(low, model.n_factors), max(high, model.n_factors))}
    for name, times in _TIMES.items():
        usual = getattr(training, name)
        if not usual:
            continue
        ends = usual / times, usual * times
        whole = max(1, round(ends[0])), round(ends[1])
        found[name] = Span(*whole) if isinstance(usual, int) else Span(*ends)
    return found


Values = Mapping[str, Any]
"""Settings of both kinds by name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of values that was tried, and its validation RMSE."""

    values: Values
    rmse: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """All trials in order, and the settings of the best, the recipe's among them."""

    trials: tuple[Trial, ...]
    model: ModelSettings
    training: TrainingSettings
    stopped: str | None = None
    """ "interrupted" or "time_limit" where the search ended early."""

    @property
    def best(self) -> Trial:
        return min(self.trials, key=lambda trial: trial.rmse)


def tune(
    tables: Tables | Sequence[Tables],
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
    *,
    space: Mapping[str, Span] | None = None,
    n_trials: int = 30,
    on_trial: Callable[[Trial], bool | None] | None = None,
) -> Tuning:
    """Search `space` for the lowest validation RMSE with optuna's tree-structured Parzen sampler.

    The recipe for these settings and ratings is tried first, and each trial is the recipe but for
    the values that are searched: a learning rate is one on its scale. Without a `space` what lies
    around the recipe is searched. `tables` needs validation ratings; of several, such as folds, the
    mean of their errors counts. A trial that diverges counts as infinitely bad. `on_trial` hears of
    each trial and ends the search with True; an interrupt from the keyboard ends it too, once a
    trial is whole. Raises MissingPackageError without optuna, UsageError for an implicit model.
    """
    parts = [tables] if isinstance(tables, Tables) else list(tables)
    model, training = model or ModelSettings(), training or TrainingSettings()
    _refuse_implicit(model)
    study = _study(training.seed)
    if not parts or any(part.validation is None for part in parts):
        raise UsageError("tune needs validation ratings to compare by; split some off")
    model, training = resolved(parts[0].train, model, training)
    spans = space or space_around(model, training)
    study.enqueue_trial(_usual(model, training, spans))
    trials: list[Trial] = []
    stopped: str | None = None
    check = unheard()
    try:
        for _ in range(n_trials):
            check()
            asked = study.ask()
            values = {name: _suggest(asked, name, span) for name, span in spans.items()}
            trials.append(_tried(parts, model, training, values))
            study.tell(asked, trials[-1].rmse)
            if on_trial is not None and on_trial(trials[-1]):
                stopped = "interrupted"
                break
    except KeyboardInterrupt as stop:
        if not trials:
            raise
        stopped = reason(stop)
    best = min(trials, key=lambda trial: trial.rmse)
    return Tuning(tuple(trials), *_with_values(model, training, best.values), stopped)


def _usual(
    model: ModelSettings, training: TrainingSettings, spans: Mapping[str, Span]
) -> dict[str, float]:
    """The values of these settings, as near as the spans have them; drawn where there is none."""
    found = {}
    for name, span in spans.items():
        value = getattr(model if hasattr(model, name) else training, name)
        if value is not None:
            found[name] = min(max(value, span.low), span.high)
    return found


def folds_of(table: RatingsTable, n_folds: int, seed: int) -> list[Tables]:
    """Each of `n_folds` disjoint parts held out to compare by, the others to train on. Raises
    UsageError for fewer than 2 folds or more than ratings."""
    folds = k_folds(table, n_folds, np.random.default_rng(seed))
    return [Tables(part, validation=aside) for part, aside in folds]


def _tried(
    parts: Sequence[Tables],
    model: ModelSettings,
    training: TrainingSettings,
    values: Mapping[str, float],
) -> Trial:
    errors, seconds = [], 0.0
    try:
        for tables in parts:
            result = _whole(tables, *_with_values(model, training, values))
            assert result.validation is not None
            errors.append(result.validation.rmse)
            seconds += sum(result.seconds.values())
    except SolveError:
        return Trial(values, float("inf"), 0.0)
    return Trial(values, float(np.mean(errors)), seconds)


def _with_values(
    model: ModelSettings, training: TrainingSettings, values: Values
) -> tuple[ModelSettings, TrainingSettings]:
    of_model = {field.name for field in fields(ModelSettings)}
    return (
        replace(model, **{name: value for name, value in values.items() if name in of_model}),
        replace(
            training, **{name: value for name, value in values.items() if name not in of_model}
        ),
    )


def _suggest(trial: optuna.Trial, name: str, span: Span) -> float:
    """A value from the span; a whole number where both ends are."""
    if isinstance(span.low, int) and isinstance(span.high, int):
        return trial.suggest_int(name, span.low, span.high, log=span.log)
    return trial.suggest_float(name, span.low, span.high, log=span.log)


def _whole(
    tables: Tables,
    model: ModelSettings | None,
    training: TrainingSettings,
    on_epoch: OnEpoch | None = None,
) -> TrainingResult:
    """A run to its end: one that is interrupted ends the search, half a run compares with none."""
    check = unheard()
    result = train(tables, model, training, on_epoch=on_epoch)
    check()
    if result.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    if result.status is Status.TIME_LIMIT:
        raise OutOfTime
    return result


def _reached(
    parts: Tables, model: ModelSettings, training: TrainingSettings
) -> tuple[float, float]:
    """The RMSE after a run on its ratings and on those set aside; infinite where it diverges."""
    try:
        result = _whole(Tables(parts.train, test=parts.validation), model, training)
    except SolveError:
        return float("inf"), float("inf")
    assert result.test is not None
    return result.train.rmse, result.test.rmse


def _study(seed: int) -> optuna.Study:
    """A search that is asked for values and told what they reached."""
    try:
        import optuna
    except ImportError:
        raise MissingPackageError("optuna") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
