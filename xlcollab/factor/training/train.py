"""Train a model on a ratings table: the door of the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xlcollab.errors import DataError, UsageError, said
from xlcollab.factor.models.model import Model, Rated
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.output import Output
from xlcollab.factor.training.baseline import BiasesAlone
from xlcollab.factor.training.implicit import train_implicit
from xlcollab.factor.training.loop import Loop, Outcome, Trainable, best_run
from xlcollab.factor.training.result import OnEpoch, Scores, TrainingResult
from xlcollab.factor.training.scale import Scale, deviation
from xlcollab.factor.training.starting import Start as Start
from xlcollab.factor.training.starting import given_arrays
from xlcollab.factor.training.starting import rows_to_start as rows_to_start
from xlcollab.factor.training.tables import Clock as Clock
from xlcollab.factor.training.tables import Tables as Tables
from xlcollab.factor.training.trainable import Job, factor_trainable
from xlcollab.interrupts import finished_first
from xlcollab.ratings import RatingsTable, cold_ids, mae, rmse
from xlcollab.ratings.checks import needs_double
from xlcollab.settings.counting import amount, has
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.recipes import Profile, start_spread

MOST = 1e140
"""What ratings must be below in size, and the inverse of what they must span: so that sums of
squares neither overflow nor vanish."""


def train(
    tables: Tables | RatingsTable,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
    *,
    start: Start = None,
    on_epoch: OnEpoch | None = None,
) -> TrainingResult:
    """Train `model` as `training` says; the best of 1 + restarts runs, of each its best epoch.

    Best is the lowest validation RMSE; without validation ratings the last epoch, and the run with
    the lowest training RMSE. `start` gives the numbers to begin with, otherwise drawn from the
    seed. `on_epoch` hears of every epoch and may stop the run.

    Raises UsageError on settings that do not go together, DataError on ratings that cannot be used,
    DivergedError if the error is no longer finite.
    """
    tables = tables if isinstance(tables, Tables) else Tables(tables)
    if model is not None and model.implicit:
        return train_implicit(tables, model, training, start=start, on_epoch=on_epoch)
    model, settings = resolved(tables.train, model or ModelSettings(), training)
    _check(tables, model, settings)
    clock = Clock()
    rated = Rated.of(tables.train)

    def run(seed: int) -> tuple[Trainable, Outcome]:
        job = job_of(tables.train, model, settings, rated, seed)
        with enough_threads(job.work):
            trainable = _trainable(job, start)
            clock.lap("prepare")
            outcome = loop_of(trainable, job, tables, on_epoch).run()
        clock.lap("train")
        return trainable, outcome

    return finished(tables, *best_run(settings, run), clock, settings)


def resolved(
    table: RatingsTable, model: ModelSettings, training: TrainingSettings | None
) -> tuple[ModelSettings, TrainingSettings]:
    """Settings with the recipe for this rule, model, batch and table in place of every None."""
    profile = Profile(len(table), most_of_a_row(table), table.n_users, table.n_items)
    return filled_in(model, training or TrainingSettings(), table.range, profile)


def filled_in(
    model: ModelSettings,
    asked: TrainingSettings,
    seen: tuple[float, float],
    profile: Profile,
) -> tuple[ModelSettings, TrainingSettings]:
    """The same for ratings of this range and profile, in a precision that tells them apart. Raises
    DataError where none does."""
    _refuse_beyond_squares(seen)
    model = model.on(seen)
    if needs_double(*seen):
        model = replace(model, dtype="float64")
    found = asked.resolved(model, profile)
    is_whole = asked.learning_rate is None  # the start is part of the recipe
    if is_whole and model.init_scale is None and model.init == "normal":
        spread = start_spread(asked.optimizer, found.batch_size, model.kind)
        model = replace(model, init_scale=spread)
    return model, found


def _refuse_beyond_squares(seen: tuple[float, float]) -> None:
    low, high = seen
    if max(abs(low), abs(high)) < MOST and (low == high or high - low > 1 / MOST):
        return
    raise DataError(
        f"the ratings lie between {low:g} and {high:g}, whose squares float64 cannot hold; "
        "multiply all of them by a power of ten that brings them near 1"
    )


def most_of_a_row(table: RatingsTable) -> int:
    """The most ratings that one user or one item has."""
    return int(max(np.bincount(table.users).max(), np.bincount(table.items).max()))


def job_of(
    table: RatingsTable, model: ModelSettings, settings: TrainingSettings, rated: Rated, seed: int
) -> Job:
    """What the engines are made from; `settings` are resolved."""
    mean = float(table.ratings.mean(dtype=np.float64))
    spread = deviation(table.ratings, mean) or 1.0
    final = Output.of(model, mean, table.range, spread)
    centred = model.global_bias or model.output_range is not None
    is_scaled = settings.standardize and settings.epochs  # else the start itself is the model
    scale = Scale.of(table, mean if centred else 0.0, spread) if is_scaled else Scale()
    rng = np.random.default_rng(seed)
    inner = scale.inward(table)
    return Job(inner, model, settings, scale.output_inward(final), rated, rng, scale, final)


def loop_of(trainable: Trainable, job: Job, tables: Tables, on_epoch: OnEpoch | None) -> Loop:
    """The loop over a job's epochs, its errors told on the ratings' own scale."""
    validation, test = (
        None if table is None else job.scale.inward(table)
        for table in (tables.validation, tables.test)
    )
    return Loop(
        trainable,
        job.training,
        len(job.table),
        validation,
        test,
        on_epoch,
        unit=job.scale.unit,
    )


def _trainable(job: Job, start: Start) -> Trainable:
    if not job.model.is_closed_form:
        from xlcollab.factor.training.net import NetTrainable  # torch only where it is needed

        return NetTrainable.of(job, given_arrays(job, start))
    rows = rows_to_start(job, start)
    return factor_trainable(job, rows)


def _check(tables: Tables, model: ModelSettings, settings: TrainingSettings) -> None:
    for name in ("alpha", "confidence"):
        if getattr(settings, name) is not None:
            raise UsageError(f"{name} weighs counts; it needs implicit, or leave it out")
    if settings.optimizer == "bpr":
        raise UsageError("bpr learns what is taken up, not ratings; it needs implicit")
    linear = settings.optimizer in ("als", "gibbs")
    if not model.is_closed_form and (linear or settings.optimizer == "sgd"):
        raise UsageError(
            f"{settings.optimizer} trains the pure factor model; nets and a learned padding need a "
            "gradient rule such as adam"
        )
    if linear and model.output_range is not None:
        raise UsageError(f"{settings.optimizer} has no output range; use sgd or adam")
    if settings.patience is not None and tables.validation is None:
        raise UsageError("patience needs validation ratings to watch; split some off")
    known = {*tables.train.extra, *tables.train.features}
    missing = [name for name in model.side_columns if name not in known]
    if missing:
        raise UsageError(f"the ratings have no column {missing[0]!r} to embed; read it as extra")


def finished(
    tables: Tables,
    trainable: Trainable,
    outcome: Outcome,
    clock: Clock,
    training: TrainingSettings,
) -> TrainingResult:
    """The model of an outcome and its errors; what was trained is not given up for a signal."""
    with finished_first():
        model = trainable.model(outcome.snapshot)
        result = TrainingResult(
            model=model,
            status=outcome.status,
            history=outcome.history,
            best_epoch=outcome.best_epoch,
            train=evaluate(model, tables.train),
            validation=None if tables.validation is None else evaluate(model, tables.validation),
            test=None if tables.test is None else evaluate(model, tables.test),
            notes=tuple(_notes(tables)),
            seconds=clock.seconds,
            training=training,
            biases=_biases_alone(tables),
        )
        result = replace(result, notes=(*result.notes, *worse_than_biases(result)))
    clock.lap("evaluate")
    return result


def _biases_alone(tables: Tables) -> dict[str, Scores]:
    alone = BiasesAlone.of(tables.train)
    parts = {"train": tables.train, "validation": tables.validation, "test": tables.test}
    return {name: alone.scores(table) for name, table in parts.items() if table is not None}


def worse_than_biases(result: TrainingResult) -> list[str]:
    """A sentence where the model errs more than biases alone on ratings that it has not seen."""
    for name, found in (("test", result.test), ("validation", result.validation)):
        if found is None:
            continue
        alone = result.biases[name].rmse
        if found.rmse <= alone:
            return []
        return [
            f"The {name} RMSE {found.rmse:.4f} is worse than that of biases alone, {alone:.4f}: "
            f"this model helps nobody. {said(_advice(result))}"
        ]
    return []


_WHOLE = (
    "learning_rate",
    "bias_rate",
    "epochs",
    "l2_factors",
    "l2_biases",
    "l2_scaling",
    "schedule",
)
"""What of a recipe decides how well a model generalises."""


def _advice(result: TrainingResult) -> str:
    """What to do instead; a recipe is advised to those alone who left it."""
    used, fewer = result.training, "fewer factors, or take the biases with --n-factors 0"
    if used is None:
        return f"Fit {fewer}."
    blank = replace(used, **dict.fromkeys(_WHOLE))  # type: ignore[arg-type]
    model = result.model
    profile = Profile(result.train.n_ratings, users=len(model.user_ids), items=len(model.item_ids))
    recipe = blank.resolved(model.settings, profile)
    left = [
        name
        for name in _WHOLE
        if name != "learning_rate" and getattr(used, name) != getattr(recipe, name)
    ]
    if left or used.standardize is False:
        return f"Leave the learning rate and penalties to the recipe, or fit {fewer}."
    return f"These ratings bear no more than the recipe found; fit {fewer}, or gather more of them."


def evaluate(model: Model, table: RatingsTable) -> Scores:
    """The errors of `model` on a table numbered by its vocabularies."""
    side = table.side(model.settings.side_columns)
    predictions = model.predict_numbers(table.users, table.items, side)
    return Scores(rmse(predictions, table.ratings), mae(predictions, table.ratings), len(table))


def said_of_precision(seen: tuple[float, float]) -> list[str]:
    """A sentence where float32 could not tell ratings of this range apart."""
    if seen[0] == seen[1] or not needs_double(*seen):
        return []
    return [
        f"The ratings lie between {seen[0]:.12g} and {seen[1]:.12g}, too close beside their size "
        "for float32: the model is one of float64."
    ]


def _notes(tables: Tables) -> list[str]:
    notes = []
    train = tables.train
    if train.range[0] == train.range[1]:
        notes.append(
            f"All training ratings are {train.range[0]:g}: there is nothing to tell apart."
        )
    notes += said_of_precision(train.range)
    if len(np.unique(train.users)) == 1:
        notes.append("Only one user has ratings: no taste can be compared with another.")
    for name, table in (("validation", tables.validation), ("test", tables.test)):
        users, items = cold_ids(train, table) if table is not None else ([], [])
        for kind, ids in (("user", users), ("item", items)):
            if ids:
                shown = ", ".join(str(one) for one in ids[:3]) + (" …" if len(ids) > 3 else "")
                notes.append(
                    f"{amount(len(ids), kind)} of the {name} ratings {has(len(ids))} no training "
                    f"rating ({shown}): "
                    "their predictions rest on biases alone."
                )
    return notes
