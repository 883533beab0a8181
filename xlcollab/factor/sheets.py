"""A trained model as plain tables, which another room turns into the sheets of a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xlcollab.errors import DataError
from xlcollab.factor.models.model import Model, predict, predicted_name
from xlcollab.factor.models.recommend import By, principal_components, recommend
from xlcollab.factor.training.result import EpochRow, Scores, TrainingResult
from xlcollab.ratings.table import Feature
from xlcollab.ratings.vocabulary import Id
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS
from xlcollab.settings.counting import amount
from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from xlcollab.factor.search import Tuning  # loads the engines


Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet to be: its name, the head of every column, and rows of plain values.

    None is an empty cell. `chart` names the columns to plot over the first one; `sentence` says
    what was done, after the name of the verb.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[Row]
    chart: tuple[str, ...] = ()
    sentence: str = ""


def result_tables(
    result: TrainingResult | Model,
    *,
    crosstab: tuple[list[Id], list[Id]] | None = None,
    k: int = 10,
) -> list[Table]:
    """model, history, users, items, predictions and recommendations; without history of a model
    whose training is not known.

    `predictions` covers the users and items of `crosstab`, and is left out without one;
    `recommendations` has the `k` best for each user. Raises DataError, with the number of rows and
    what to do, where a table is larger than a sheet.
    """
    if isinstance(result, TrainingResult):
        model, told = result.model, [model_table(result), history_table(result)]
    else:
        model, told = result, [untold_table(result)]
    tables = [*told, *factor_tables(model)]
    tables += about_tables(model)
    if crosstab is not None:
        tables.append(prediction_table(model, *crosstab))
    tables.append(recommendation_table(model, model.user_ids.index.tolist(), k))
    return tables


def model_table(result: TrainingResult) -> Table:
    """Settings, outcome and errors as name and value."""
    model = result.model
    rows: list[Row] = [
        *_score_rows("train", result.train),
        *_score_rows("validation", result.validation),
        *_score_rows("test", result.test),
        *((f"{name} RMSE of biases alone", alone.rmse) for name, alone in result.biases.items()),
        ("ratings", result.train.n_ratings),
        ("users", len(model.user_ids)),
        ("items", len(model.item_ids)),
        ("global bias", model.output.centre),
        *((name, _cell(value)) for name, value in asdict(model.settings).items()),
        *_training_rows(result.training),
        ("best epoch", result.best_epoch),
        ("epochs run", result.epochs_run),
        ("status", result.status.sentence),
        *((f"{phase} seconds", seconds) for phase, seconds in result.seconds.items()),
        *(("note", note) for note in result.notes),
    ]
    return Table("model", ("name", "value"), rows, sentence=_told(result))


def untold_table(model: Model) -> Table:
    """What a model says of itself where nothing is known of its training."""
    n_users, n_items, n_rated = len(model.user_ids), len(model.item_ids), len(model.rated.items)
    rows: list[Row] = [
        ("ratings", n_rated),
        ("users", n_users),
        ("items", n_items),
        ("global bias", model.output.centre),
        *((name, _cell(value)) for name, value in asdict(model.settings).items()),
    ]
    said = (
        f"fit, {_rated(n_rated, model)} of {amount(n_users, 'user')} and {amount(n_items, 'item')}"
    )
    return Table("model", ("name", "value"), rows, sentence=said)


def _told(result: TrainingResult) -> str:
    model, training = result.model, result.training
    by = "" if training is None else f" by {training.optimizer}"
    errors = [
        f"{name} {what}"
        for name, scores in (("training", result.train), ("test", result.test))
        if scores is not None
        for what in _in_words(scores)
    ]
    return (
        f"fit, {_rated(result.train.n_ratings, model)} of {_of(model)}{by}"
        f"{': ' if errors else ''}{', '.join(errors)}"
    )


def _of(model: Model) -> str:
    return f"{amount(len(model.user_ids), 'user')} and {amount(len(model.item_ids), 'item')}"


def _rated(n: int, model: Model) -> str:
    return f"{amount(n, 'pair')} taken up" if model.settings.implicit else amount(n, "rating")


def _in_words(scores: Scores) -> list[str]:
    """What was measured on a table."""
    found = {"RMSE": scores.rmse, "NDCG at 10": scores.ndcg}
    return [f"{name} {value:.4f}" for name, value in found.items() if not np.isnan(value)]


def history_table(result: TrainingResult) -> Table:
    """The rows of the history; columns without any number are left out."""
    columns = [name for name in EpochRow.columns() if not np.isnan(result.column(name)).all()] or [
        "epoch"
    ]
    rows: list[Row] = [
        tuple(_cell(getattr(row, name)) for name in columns) for row in result.history
    ]
    chart = tuple(name for name in columns if name.endswith(("_rmse", "_loss", "_ndcg")))
    return Table("history", tuple(columns), _fitting("history", rows), chart)


def factor_tables(model: Model) -> list[Table]:
    """users and items: id, title where it is known, ratings, bias, the first principal components,
    the factors."""
    _check_size("users", len(model.user_ids), model.user_factors.shape[1])
    _check_size("items", len(model.item_ids), model.item_factors.shape[1])
    counts = model.rated.user_counts, model.rated.item_counts(len(model.item_ids))
    users = principal_components(model, "users").coordinates
    items = principal_components(model, "items").coordinates
    named: Mapping[Any, Any] = model.titles
    return [
        _factor_table(
            "users",
            (model.user_ids.index.tolist(), named.get("user"), counts[0]),
            (model.user_bias, users, model.user_factors),
        ),
        _factor_table(
            "items",
            (model.item_ids.index.tolist(), named.get("item"), counts[1]),
            (model.item_bias, items, model.item_factors),
        ),
    ]


def about_tables(model: Model) -> list[Table]:
    """What is known of items and users: id, title, the levels of side columns; none where nothing
    is."""
    features: Mapping[str, Feature] = getattr(model, "features", {})
    tables = []
    for side, ids in (("item", model.item_ids), ("user", model.user_ids)):
        titles = model.titles.get(side)  # type: ignore[call-overload]
        mine = {name: one for name, one in features.items() if one.side == side}
        if titles is None and not mine:
            continue
        columns = [
            ids.index.tolist(),
            list(titles or [None] * len(ids)),
            *map(_levels, mine.values()),
        ]
        rows = list(zip(*columns, strict=True))
        tables.append(Table(f"{side} features", (side, "title", *mine), list(rows)))
    return tables


def _levels(feature: Feature) -> list[Id]:
    ids = feature.vocabulary.index.tolist()
    return [ids[number] if number >= 0 else None for number in feature.numbers.tolist()]


def prediction_table(model: Model, users: list[Id], items: list[Id]) -> Table:
    """The prediction for every user (down) and item (across); unknown ids by what is known."""
    _check_size("predictions", len(users), len(items))
    rows = [(user, *predict(model, [user] * len(items), items, "bias").tolist()) for user in users]
    return Table("predictions", ("user", *(str(item) for item in items)), list(rows))


def recommendation_table(model: Model, users: list[Id], k: int = 10, by: By = "mix") -> Table:
    """user, rank, item, rating, a note where a user has no ratings, titles that are known."""
    _check_size("recommendations", len(users) * k, 0)
    rows = [row for user in users for row in _recommendation_rows(model, user, k, by)]
    head = ["user", "rank", "item", predicted_name(model), "note"]
    return Table("recommendations", (*head, *(["title"] if "item" in model.titles else [])), rows)


def tuning_table(tuning: Tuning) -> Table:
    """One row a trial, in order: its values, validation RMSE and seconds."""
    names = tuple(tuning.trials[0].values)
    rows = [
        (number, *(trial.values[name] for name in names), _cell(trial.rmse), trial.seconds)
        for number, trial in enumerate(tuning.trials, 1)
    ]
    return Table("tune", ("trial", *names, "validation_rmse", "seconds"), list(rows))


def _recommendation_rows(model: Model, user: Id, k: int, by: By) -> Iterator[Row]:
    best = recommend(model, user, k, by)
    found = zip(best.items, best.ratings.tolist(), best.titles, strict=True)
    for rank, (item, rating, title) in enumerate(found, 1):
        note = (best.note or None) if rank == 1 else None
        yield user, rank, item, rating, note, *([title] if "item" in model.titles else [])


def _factor_table(name: str, known: tuple[Any, Any, Any], learned: tuple[Any, Any, Any]) -> Table:
    """`known` are ids, titles or None, and counts of ratings; `learned` biases, components,
    factors."""
    ids, titles, counts = known
    _, components, factors = learned
    head = (
        name.removesuffix("s"),
        *([] if titles is None else ["title"]),
        "ratings",
        "bias",
        *(f"component {i + 1}" for i in range(components.shape[1])),
        *(f"factor {i + 1}" for i in range(factors.shape[1])),
    )
    columns: list[Any] = [ids, *([] if titles is None else [titles]), counts.tolist()]
    numbers = np.column_stack(learned).tolist()
    rows = [(*one, *values) for *one, values in zip(*columns, numbers, strict=True)]
    return Table(name, head, list(rows))


def _training_rows(training: TrainingSettings | None) -> list[Row]:
    """How the model was trained, as far as the rule uses it."""
    if training is None:
        return []
    used = OPTIMIZERS[training.optimizer].uses
    asked = asdict(training).items()
    return [(name, _cell(value)) for name, value in asked if name in used and value is not None]


def _score_rows(name: str, scores: Scores | None) -> list[Row]:
    if scores is None:
        return []
    found = {"RMSE": scores.rmse, "MAE": scores.mae, "NDCG at 10": scores.ndcg}
    return [(f"{name} {what}", value) for what, value in found.items() if not np.isnan(value)]


def _cell(value: Any) -> Any:
    """A value a cell can hold: no NaN, no infinity, no tuple."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return " ".join(str(one) for one in value) if isinstance(value, tuple) else value


def _fitting(name: str, rows: list[Row]) -> list[Row]:
    _check_size(name, len(rows), 0)
    return rows


def _check_size(name: str, n_rows: int, n_columns: int) -> None:
    """One row and five columns are taken by heads and ids."""
    if n_rows + 1 > MAX_ROWS or n_columns + 6 > MAX_COLUMNS:
        raise DataError(
            f"the sheet {name!r} would need {n_rows + 1:,} rows and {n_columns + 6:,} columns; "
            f"Excel has {MAX_ROWS:,} and {MAX_COLUMNS:,}. Save a model file (.safetensors), or the "
            "table as .parquet, instead"
        )
