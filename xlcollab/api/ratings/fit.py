"""Fitting a factor model to ratings and writing what was learned: `xlcollab fit`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pandas.api.types import is_numeric_dtype

from xlcollab.api.ratings.fitted import Counts, Fitted, Stopwatch
from xlcollab.api.ratings.kept.opening import MODEL_FILE
from xlcollab.api.ratings.memory import highest, peak_of
from xlcollab.api.ratings.model import (
    Size,
    is_model,
    refuse_long_ids,
    refuse_too_large,
    write_model_workbook,
)
from xlcollab.api.ratings.scores import (
    Folds,
    Measured,
    Ranked,
    ranked,
    ranked_by_popularity,
    swept,
    worse_than_popular,
)
from xlcollab.api.ratings.settled import settled
from xlcollab.api.ratings.sharded.target import Target, target_of
from xlcollab.api.ratings.source import Source, read_source
from xlcollab.api.ratings.split import HoldOut, split_tables
from xlcollab.api.ratings.start import implied_settings, start_of
from xlcollab.api.session.provenance import METADATA, Provenance, record_of, sha256_of
from xlcollab.disk import refuse_others, refuse_unwritable
from xlcollab.errors import UsageError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    RateSweep,
    Tables,
    TrainingResult,
    TrainingSettings,
    cross_validate,
    estimate_memory,
    save_model,
    train,
)
from xlcollab.factor.models.arrays import format_of
from xlcollab.factor.models.folder import has_state
from xlcollab.factor.models.spark import refuse_for_spark, save_folder
from xlcollab.factor.several.torchrun import under_torchrun
from xlcollab.factor.training.checkpoint import FORMAT as CHECKPOINT
from xlcollab.factor.training.checkpoint import Saving
from xlcollab.factor.training.implicit import train_implicit
from xlcollab.factor.training.popularity import ranked_better
from xlcollab.factor.training.result import OnEpoch, Progress
from xlcollab.factor.training.train import Start
from xlcollab.interrupts import finished_first, raise_stopped, time_limit
from xlcollab.ratings import RatingsTable
from xlcollab.ratings.features import About, described, read_about, titles_beside
from xlcollab.ratings.splits import check_folds
from xlcollab.ratings.table import Side
from xlcollab.ratings.taken import taken_up
from xlcollab.settings.optimizers import GRADIENT_RULES
from xlcollab.settings.requests.ratings import FitPlace, FitRequest

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """All that a training needs, read and checked."""

    request: FitRequest
    source: Source
    tables: Tables
    model: ModelSettings
    training: TrainingSettings
    start: Start
    made: Provenance


def fit_ratings(
    request: FitRequest,
    on_epoch: OnEpoch | None = None,
    say: Say = lambda sentence: None,
) -> Fitted | None:
    """Read, split, train, measure and write. `say` hears what was found and what memory it takes.

    Under torchrun every process calls this; the first one writes, the others get None. Raises
    UsageError, DataError by cell, row and column, and WriteRefusedError before training starts.
    """
    target, clock = target_of(request, _is_checkpoint), Stopwatch()
    _refuse_best(request)
    if _is_sharded(request):
        from xlcollab.api.ratings.sharded.fit import fit_sharded  # what several processes need

        return fit_sharded(request, target, clock, on_epoch, say)
    with time_limit(request.time_limit):
        with clock.phase("read"):
            run = _read(request, target)
            _refuse_too_large(run, target)
            _refuse_folds(run)
            _refuse_device(run)
        _tell(run, target, say)
        run, sweep = _with_found_rate(run, clock, say)
        folds = _cross_validated(run, clock, on_epoch)
        result = _trained(run, _saving_best(run, on_epoch))
    if result is None:
        return None
    if result.status.is_stop and not request.keep_partial:
        raise_stopped(result.status)
    clock.seconds |= result.seconds
    result = _with_popularity(run, result, clock)
    rankings = _ranked(run, result, clock)
    result = replace(result, seconds=dict(clock.seconds))
    popular = _popular(run, rankings)
    result = replace(result, notes=(*result.notes, *worse_than_popular(rankings, popular)))
    measured, train = Measured(rankings, folds, sweep, popular), run.tables.train
    with clock.phase("write"), finished_first():
        _write(run, result, measured, target)
    return Fitted(
        result=result,
        counts=Counts(len(train), train.n_users, train.n_items),
        output=target.path,
        seconds=clock.seconds,
        notes=result.notes,
        measured=measured,
        peaks=() if (peak := highest()) is None else (peak,),
    )


def _is_sharded(request: FitRequest) -> bool:
    """Whether several processes, or one that keeps a checkpoint, are to hold their own ratings
    each; on GPUs every process still reads all."""
    several = under_torchrun() or request.checkpointing.checkpoint is not None
    on_cpu = request.training.values.get("device", "cpu") == "cpu"
    return several and on_cpu and not request.model.values.get("implicit")


def _refuse_best(request: FitRequest) -> None:
    """Where the best epoch must not, or cannot, be kept; said before anything is read."""
    best = request.checkpointing.save_best
    if best is None:
        return
    if _is_sharded(request) or under_torchrun():
        raise UsageError(
            "--save-best is for one process without --checkpoint, which keeps the best epoch too"
        )
    if best.suffix != MODEL_FILE:
        raise UsageError(f"--save-best {best}: a model file ends in {MODEL_FILE}")
    refuse_unwritable(best)
    refuse_others(best, "a model", is_model, overwrite=request.overwrite)


def _is_checkpoint(path: Path) -> bool:
    return has_state(path) if path.is_dir() else format_of(path) == CHECKPOINT


def _read(request: FitRequest, target: Target) -> _Run:
    start = start_of(request.start, request.start_cells, request.place)
    model, training = settled(request, implied_settings(start))
    held_out = HoldOut.of(request.test_part), HoldOut.of(request.validation_part)
    _check_distributed(request, model, training)
    about = _about(request)
    place = replace(_without(request.place, about), counts=model.implicit)
    source = read_source(place, "float64" if model.dtype == "float64" else None)
    tables = split_tables(
        taken_up(source.table) if model.implicit else source.table,
        place,
        *held_out,
        watch=training.patience is not None,
        seed=training.seed,
    )
    tables = _described(tables, about)
    model = _with_features(model, tables.train, request)
    _refuse_form(target, model)
    return _Run(
        request=request,
        source=source,
        tables=tables,
        model=model,
        training=training,
        start=start,
        made=Provenance.of("fit", request, effective=(model, training)),
    )


def _refuse_form(target: Target, model: ModelSettings) -> None:
    """Raises UsageError where a folder cannot hold such a model."""
    if target.is_folder and not model.is_closed_form:
        raise UsageError(
            f"{target.path} would be a folder of shards, which hold factors; write a net, or a "
            f"learned padding, as one file: {target.path.stem}{MODEL_FILE}"
        )
    if target.is_for_spark:
        refuse_for_spark(model)


def _about(request: FitRequest) -> list[About]:
    """The tables of items and users that were asked for; titles beside the ratings count, too."""
    asked: list[tuple[Path | None, Side]] = [(request.items, "item"), (request.users, "user")]
    found = [read_about(path, side) for path, side in asked if path is not None]
    beside = titles_beside(request.place.source) if request.items is None else None
    return [*found, *([beside] if beside else [])]


def _without(place: FitPlace, about: Sequence[About]) -> FitPlace:
    """The place of ratings whose side columns are not those of items and users."""
    known = {name for one in about for name in one.columns}
    extra = tuple(name for name in place.side_columns if name not in known)
    return replace(place, side_columns=extra)


def _described(tables: Tables, about: Sequence[About]) -> Tables:
    """The ratings with what the tables of items and users say of them."""
    parts = {"train": tables.train, "validation": tables.validation, "test": tables.test}
    for one in about:
        parts = {
            name: None if part is None else described(part, one) for name, part in parts.items()
        }
    return Tables(**parts)  # type: ignore[arg-type]


def _with_features(model: ModelSettings, table: RatingsTable, request: FitRequest) -> ModelSettings:
    """A net embeds all that is known of users and items unless its side columns are named."""
    if not model.hidden_sizes or request.place.side_columns:
        return model
    return replace(model, side_columns=(*model.side_columns, *table.features))


def _check_distributed(
    request: FitRequest, model: ModelSettings, training: TrainingSettings
) -> None:
    """What several processes, or a run that saves its state, cannot do; said in shell words."""
    if model.implicit:
        _check_implicit(request)
        return
    if request.checkpointing.checkpoint is None and not under_torchrun():
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


def _check_implicit(request: FitRequest) -> None:
    if under_torchrun():
        raise UsageError("--implicit is fitted in one process; start it without torchrun")
    if request.find_learning_rate:
        raise UsageError(
            "--find-learning-rate compares errors of ratings, which --implicit has not; leave it "
            "out"
        )


def _refuse_too_large(run: _Run, target: Target) -> None:
    if target.is_workbook:
        size = Size.expected(run.tables.train, run.model, run.training)
        refuse_too_large(size, target.path, is_crosstab=run.source.is_crosstab)
        instead = f"Write a model file instead: -o {target.path.stem}{MODEL_FILE}"
        for ids in (run.tables.train.user_ids, run.tables.train.item_ids):
            if not is_numeric_dtype(ids.index):
                refuse_long_ids(ids.index, ids.kind, instead)


def _refuse_folds(run: _Run) -> None:
    """Raises UsageError for a number of folds that the training ratings do not give."""
    if (folds := run.request.measures.folds) is not None:
        check_folds(folds, run.tables.train)


def _refuse_device(run: _Run) -> None:
    """Raises UsageError for a device that is not there, before anything is said of the run."""
    if run.training.device == "cuda":
        from xlcollab.factor.engines.torch_rules import device_of  # loads torch

        device_of(run.training)


def _tell(run: _Run, target: Target, say: Say) -> None:
    say(run.source.said)
    if not run.model.is_closed_form:
        return
    of = run.tables.train
    estimate = estimate_memory(len(of), of.n_users, of.n_items, run.model, run.training)
    size = Size.expected(of, run.model, run.training)
    peak = peak_of(estimate, size, as_workbook=target.is_workbook)
    if peak is None or estimate.gpu:
        say(estimate.sentence)
    if peak is not None:
        say(peak.sentence)


def _with_found_rate(run: _Run, clock: Stopwatch, say: Say) -> tuple[_Run, RateSweep | None]:
    if not run.request.find_learning_rate:
        return run, None
    with clock.phase("find learning rate"):
        sweep = swept(run.tables.train, run.model, run.training)
    say(
        f"learning rate {sweep.suggestion:.3g} reached the lowest error on ratings set aside: "
        f"{min(sweep.validation_rmse):.4f}"
    )
    return replace(run, training=sweep.training), sweep


def _cross_validated(run: _Run, clock: Stopwatch, on_epoch: OnEpoch | None) -> Folds | None:
    n_folds = run.request.measures.folds
    if n_folds is None:
        return None
    training = replace(run.training, restarts=0)
    with clock.phase("folds"):
        return Folds(
            tuple(cross_validate(run.tables.train, run.model, training, n_folds, on_epoch))
        )


def _trained(run: _Run, on_epoch: OnEpoch | None) -> TrainingResult | None:
    """None in those processes that leave the result to the first one."""
    wanted = run.request.checkpointing
    tables, model, training, start = run.tables, run.model, run.training, run.start
    path = wanted.checkpoint
    saving = Saving(path, wanted.checkpoint_every, wanted.resume) if path else None
    if model.implicit:
        return train_implicit(
            tables, model, training, start=start, on_epoch=on_epoch, saving=saving
        )
    if path is None and not under_torchrun():
        return train(tables, model, training, start=start, on_epoch=on_epoch)
    from xlcollab.factor.training.distributed import train_distributed  # loads torch

    return train_distributed(tables, model, training, start=start, saving=saving, on_epoch=on_epoch)


def _saving_best(run: _Run, on_epoch: OnEpoch | None) -> OnEpoch | None:
    """The callback that also writes the model of each epoch that is the best so far. Raises
    UsageError where nothing is set aside to compare epochs by."""
    path = run.request.checkpointing.save_best
    if path is None:
        return on_epoch
    if run.tables.validation is None or under_torchrun():
        raise UsageError(
            "--save-best compares the epochs of one process by ratings set aside; add "
            "--validation-fraction 0.1"
        )
    made = {METADATA: record_of(run.made, path)}

    def told(progress: Progress) -> bool | None:
        if progress.is_best:
            save_model(progress.model(), path, made)
        return None if on_epoch is None else on_epoch(progress)

    return told


def _with_popularity(run: _Run, result: TrainingResult, clock: Stopwatch) -> TrainingResult:
    """The result whose model knows what popularity weighs in a recommendation; an implicit one has
    learned that anyway."""
    if run.model.implicit:
        return result
    with clock.phase("learn to rank"):
        try:
            return ranked_better(result, run.tables.train, run.training.seed)
        except KeyboardInterrupt:
            return result


def _ranked(run: _Run, result: TrainingResult, clock: Stopwatch) -> Ranked | None:
    if run.tables.test is None:
        return None
    with clock.phase("rank"):
        try:
            return ranked(result.model, run.tables, run.request.measures, run.training.seed)
        except KeyboardInterrupt:
            return None  # the model is worth more than a measure of it


def _popular(run: _Run, rankings: Ranked | None) -> Ranked | None:
    """What an implicit model is read beside, as ratings are beside biases alone."""
    if rankings is None or not run.model.implicit:
        return None
    return ranked_by_popularity(run.tables, rankings, run.training.seed)


def _write(run: _Run, result: TrainingResult, measured: Measured, target: Target) -> None:
    """A workbook of what was learned, a model file or a folder, as the target's ending says."""
    path = target.path
    if target.is_folder:
        assert isinstance(result.model, FactorModel)
        record = {METADATA: record_of(run.made, path)}
        save_folder(result.model, path, record, for_spark=target.is_for_spark)
        return
    if not target.is_workbook:
        save_model(result.model, path, {METADATA: record_of(run.made, path)})
        return
    write_model_workbook(
        result,
        path,
        run=run.made,
        with_predictions=run.source.is_crosstab,
        measured=[*measured.rows(), *_origin(run.request.place.source)],
        more=measured.tables(),
    )


def _origin(source: Path) -> list[tuple[str, str]]:
    """Which file was fitted, the hash of its content, and the version of the package, if known."""
    rows = [("file", source.name), ("SHA-256 of the file", sha256_of(source))]
    try:
        return [*rows, ("xlcollab", version("xlcollab"))]
    except PackageNotFoundError:
        return rows
