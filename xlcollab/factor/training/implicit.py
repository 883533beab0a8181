"""Training on what was taken up: counts, purchases, 0/1.

Nothing here has an error in ratings. A run is watched by its loss, and by how well it ranks what
was set aside.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from xlcollab.errors import DataError, UsageError
from xlcollab.factor.engines.base import EpochLoss, Resumable
from xlcollab.factor.engines.preference import ConfidentLeastSquares, Pairwise
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.models.model import FactorModel, Model, Rated
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.training.checkpoint import (
    Checkpoint,
    Saving,
    read_checkpoint,
    write_checkpoint,
)
from xlcollab.factor.training.loop import Best, Loop, Outcome, Trainable, best_run
from xlcollab.factor.training.result import EpochRow, OnEpoch, Scores, TrainingResult
from xlcollab.factor.training.scale import Scale
from xlcollab.factor.training.starting import Start, rows_to_start
from xlcollab.factor.training.tables import Clock, Tables
from xlcollab.factor.training.trainable import FactorTrainable, Job
from xlcollab.interrupts import finished_first
from xlcollab.ratings import RatingsTable, cold_ids, ranking
from xlcollab.ratings.taken import ANY, taken_up
from xlcollab.settings.counting import amount, has
from xlcollab.settings.fitting import IMPLICIT_RULES, ModelSettings, TrainingSettings
from xlcollab.settings.recipes import OF_NOISE

LENGTH = 10
"""Places of the rankings by which epochs are compared."""
_START = 0.1
"""Deviation of a first row as a whole: small beside the preference 1, and not 0."""


def train_implicit(
    tables: Tables,
    model: ModelSettings,
    training: TrainingSettings | None = None,
    *,
    start: Start = None,
    on_epoch: OnEpoch | None = None,
    saving: Saving | None = None,
) -> TrainingResult:
    """As `train`, for an implicit model; with validation the epoch is kept that ranks it best.

    Counts of 0 say that nothing was taken up. `saving` keeps the state of the run in a file and may
    go on from it. Raises UsageError on settings that learn ratings, DataError on counts below 0 and
    where nothing was taken up.
    """
    asked = training or TrainingSettings(optimizer=IMPLICIT_RULES[0])
    _check(tables, model, asked)
    if saving is not None and asked.restarts:
        raise UsageError("a run that keeps a checkpoint runs all epochs once; leave restarts out")
    parts = {"train": tables.train, "validation": tables.validation, "test": tables.test}
    taken = {name: None if one is None else taken_up(one) for name, one in parts.items()}
    tables, clock = Tables(**taken), Clock()  # type: ignore[arg-type]
    model, settings = _resolved(tables.train, model, asked)

    def run(seed: int) -> tuple[PreferenceTrainable, Outcome]:
        trainable = _trainable(tables.train, model, settings, start, seed)
        with enough_threads(_work(tables.train, model, settings)):
            loop = _loop(trainable, tables, on_epoch)
            if saving is not None:
                _keep(loop, trainable, saving)
            clock.lap("prepare")
            outcome = loop.run()
        clock.lap("train")
        return trainable, outcome

    return _finished(tables, *best_run(settings, run), clock, settings)


def _check(tables: Tables, model: ModelSettings, training: TrainingSettings) -> None:
    if training.optimizer not in IMPLICIT_RULES:
        raise UsageError(
            f"{training.optimizer} learns ratings; implicit feedback is learned by "
            f"{' or '.join(IMPLICIT_RULES)}"
        )
    if training.standardize:
        raise UsageError("counts are not standardised: 0 of them means nothing taken up")
    if training.optimizer == "als" and not model.n_factors:
        raise UsageError("an implicit model by als is its factors; n_factors must be 1 or more")
    if training.l2_biases and (training.optimizer == "als" or not model.bias):
        raise UsageError("this implicit model has no biases to penalise; leave l2_biases out")
    if training.patience is not None and tables.validation is None:
        raise UsageError("patience needs a validation part to watch; split some off")


def _resolved(
    table: RatingsTable, model: ModelSettings, training: TrainingSettings
) -> tuple[ModelSettings, TrainingSettings]:
    """Settings without None; the recipe's alpha is meant for the mean count."""
    settings = training.resolved(model)
    if training.alpha is None and settings.alpha is not None and settings.confidence == "linear":
        settings = replace(settings, alpha=settings.alpha / _mean(table))
    if settings.l2_factors is None:
        settings = replace(settings, l2_factors=_penalty(table, settings))
    has_bias = model.bias and settings.optimizer == "bpr"
    spread = model.init_scale
    if spread is None and model.init == "normal":
        spread = _START / math.sqrt(max(1, model.n_factors))
    plain = replace(model, bias=has_bias, global_bias=False, clip_output=False, init_scale=spread)
    return plain, settings


def _penalty(table: RatingsTable, settings: TrainingSettings) -> float:
    """The recipe's λ for a table of counts."""
    beyond = _uptake(table, settings).beyond_one(table.ratings)
    n_users, n_items = len(np.unique(table.users)), len(np.unique(table.items))
    return OF_NOISE.penalty(len(table), n_users, n_items, 1 + float(beyond.mean()))


def _uptake(table: RatingsTable, settings: TrainingSettings) -> Uptake:
    return Uptake(
        settings.optimizer,
        settings.l2_factors or 0.0,
        settings.alpha or 0.0,
        settings.confidence or "once",
        _mean(table),
    )


def _mean(table: RatingsTable) -> float:
    return float(table.ratings.mean(dtype=np.float64))


def _work(table: RatingsTable, model: ModelSettings, settings: TrainingSettings) -> int:
    """Multiplications that the threads share; pairs are drawn by one."""
    return 0 if settings.optimizer == "bpr" else 8 * len(table) * model.n_factors


@dataclass(slots=True)
class PreferenceTrainable(FactorTrainable):
    """An engine whose rows are preferences, with what its model keeps of the training."""

    engine: Resumable
    uptake: Uptake

    def model(self, snapshot: Rows) -> FactorModel:
        table, job = self.job.table, self.job
        return FactorModel(
            job.model,
            table.user_ids,
            table.item_ids,
            snapshot,
            job.final,
            job.rated,
            table.titles,
            uptake=self.uptake,
        )


def _trainable(
    table: RatingsTable,
    model: ModelSettings,
    settings: TrainingSettings,
    start: Start,
    seed: int,
) -> PreferenceTrainable:
    output = Output(0.0, 0.0, 0.0, (0.0, 1.0), clip=False)
    rng = np.random.default_rng(seed)
    job = Job(table, model, settings, output, Rated.of(table), rng, Scale(), output)
    rows = rows_to_start(job, start)
    uptake = _uptake(table, settings)
    engine: Resumable
    if settings.optimizer == "bpr":
        columns = rows.columns(model, settings)
        rate = learning_rates(settings, settings.epochs or 0)
        engine = Pairwise(BySide.users(table, np.float64), rows, columns, rate, seed)
    else:
        surer = replace(table, ratings=uptake.beyond_one(table.ratings))
        sides = BySide.users(surer, np.float64), BySide.items(surer, np.float64)
        engine = ConfidentLeastSquares(sides, rows, uptake.l2)
    return PreferenceTrainable(job, engine, uptake)


def _keep(loop: Loop, trainable: PreferenceTrainable, saving: Saving) -> None:
    """Ties a loop to the file of its state, and takes up what is there where that is wanted."""
    job, engine = trainable.job, trainable.engine

    def save(epoch: int, best: Best) -> None:
        if epoch % saving.every == 0:
            write_checkpoint(saving.path, Checkpoint(epoch, engine.rows, [], [], best), job)

    loop.save = save
    if saving.resume:
        saved = read_checkpoint(saving.path, job)
        engine.restore(saved.rows, ([], []), saved.epoch)
        loop.first_epoch, loop.best = saved.epoch, saved.best


class RankingLoop(Loop):
    """A loop that is watched by its loss, and by the ranking of what was set aside."""

    def _measured(self, epoch: int, loss: EpochLoss) -> EpochRow:
        nothing = (math.nan,) * 5
        ndcg = math.nan
        if self.validation is not None:
            model = self.trainable.model(self.trainable.snapshot())
            ndcg = ndcg_of(model, self.training_table, self.validation)
        seconds = time.perf_counter() - self.began
        per_pair = loss.squared_error / loss.n_ratings
        return EpochRow(epoch + 1, loss.learning_rate, *nothing, seconds, per_pair, ndcg)

    @property
    def training_table(self) -> RatingsTable:
        """What users have taken up already, and are not told of again."""
        assert isinstance(self.trainable, PreferenceTrainable)
        return self.trainable.job.table

    def _watched(self, row: EpochRow) -> float:
        return 1 - row.validation_ndcg

    def _trained(self, row: EpochRow) -> float:
        return row.train_loss


def _loop(trainable: Trainable, tables: Tables, on_epoch: OnEpoch | None) -> Loop:
    assert isinstance(trainable, PreferenceTrainable)
    settings, n = trainable.job.training, len(tables.train)
    return RankingLoop(trainable, settings, n, tables.validation, tables.test, on_epoch)


def ndcg_of(model: Model, train: RatingsTable, test: RatingsTable) -> float:
    """How well a model ranks what users took up in `test` besides `train`: NDCG at 10."""
    return ranking(lambda user: rank_scores(model, user), train, test, LENGTH, ANY).ndcg


def ranked_as_taken(model: Model, table: RatingsTable) -> float:
    """NDCG at 10 of what known users took up in a table besides the training.

    Raises DataError where nobody known took up anything known.
    """
    users = model.user_ids.numbers(table.user_ids.index, "negative")[table.users]
    items = model.item_ids.numbers(table.item_ids.index, "negative")[table.items]
    known = (users >= 0) & (items >= 0)
    counts = table.ratings[known]
    tested = RatingsTable(users[known], items[known], counts, model.user_ids, model.item_ids)
    pairs = model.rated.pairs()
    seen = RatingsTable(*pairs, np.ones(len(pairs[0])), model.user_ids, model.item_ids)
    return ndcg_of(model, seen, tested)


def _finished(
    tables: Tables,
    trainable: PreferenceTrainable,
    outcome: Outcome,
    clock: Clock,
    settings: TrainingSettings,
) -> TrainingResult:
    with finished_first():
        model = trainable.model(outcome.snapshot)
        result = TrainingResult(
            model=model,
            status=outcome.status,
            history=outcome.history,
            best_epoch=outcome.best_epoch,
            train=Scores(math.nan, math.nan, len(tables.train)),
            validation=_scores(model, tables, tables.validation),
            test=_scores(model, tables, tables.test),
            notes=tuple(_notes(tables)),
            seconds=clock.seconds,
            training=settings,
        )
    clock.lap("evaluate")
    return result


def _scores(model: Model, tables: Tables, table: RatingsTable | None) -> Scores | None:
    if table is None:
        return None
    ndcg = math.nan
    with suppress(DataError):
        ndcg = ndcg_of(model, tables.train, table)
    return Scores(math.nan, math.nan, len(table), ndcg)


_SAID = (
    "An implicit model predicts a preference, by which items are ranked, and no rating: there is "
    "no RMSE and no MAE of it; the ranking measures tell how good it is."
)


def _notes(tables: Tables) -> list[str]:
    notes = [_SAID]
    for name, table in (("validation", tables.validation), ("test", tables.test)):
        users, _ = cold_ids(tables.train, table) if table is not None else ([], [])
        if users:
            shown = ", ".join(str(one) for one in users[:3]) + (" …" if len(users) > 3 else "")
            notes.append(
                f"{amount(len(users), 'user')} of the {name} part {has(len(users))} taken up "
                f"nothing in training ({shown}): nothing is known of what they prefer."
            )
    return notes
