"""Using a trained model: predictions, recommendations, similar items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.ratings_fit import MODEL_FILE
from xlcollab.api.ratings_source import WORKBOOKS
from xlcollab.api.ratings_workbook import read_model_workbook
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import Model, Recommendations, load_model, predict, recommend, similar_items
from xlcollab.ratings import Columns, Vocabulary


def open_model(path: Path) -> Model:
    """A model from a workbook or a model file that `fit` wrote. Raises DataError for others."""
    if path.suffix == MODEL_FILE:
        return load_model(path)
    if path.suffix.lower() in WORKBOOKS:
        return read_model_workbook(path)
    raise UsageError(f"{path.name} is no model; give a workbook or a {MODEL_FILE} file from fit")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Pairs of ids and their predicted ratings, all of length n."""

    users: tuple[Any, ...]
    items: tuple[Any, ...]
    ratings: tuple[float, ...]

    def rows(self) -> list[tuple[Any, Any, float]]:
        return list(zip(self.users, self.items, self.ratings, strict=True))

    def as_json(self) -> dict[str, Any]:
        names = ("user", "item", "rating")
        return {"predictions": [dict(zip(names, row, strict=True)) for row in self.rows()]}


def predictions_of(
    path: Path, users: Sequence[str] | None, items: Sequence[str] | None, pairs: Path | None
) -> Predictions:
    """What the command asks for: pairs typed, or pairs in a file."""
    if (pairs is None) == (not users or not items):
        raise UsageError("give --user and --item, or --pairs with a file")
    if pairs is not None:
        return predict_file(path, pairs)
    return predict_texts(path, users or [], items or [])


def predict_texts(path: Path, users: Sequence[str], items: Sequence[str]) -> Predictions:
    """Predict pairs of ids typed in a shell; one user serves several items, and the other way."""
    model = open_model(path)
    user_ids = [model.user_ids.parse(text) for text in users]
    item_ids = [model.item_ids.parse(text) for text in items]
    if len(user_ids) == 1:
        user_ids *= len(item_ids)
    if len(item_ids) == 1:
        item_ids *= len(user_ids)
    if len(user_ids) != len(item_ids):
        raise UsageError(
            f"{len(users)} users and {len(items)} items are given; give as many of both, or one"
        )
    return _predicted(model, user_ids, item_ids)


def predict_file(path: Path, pairs: Path) -> Predictions:
    """Predict the pairs in a CSV or Parquet file with columns for user and item."""
    model = open_model(path)
    reader = pd.read_parquet if pairs.suffix == ".parquet" else pd.read_csv
    try:
        frame = reader(pairs)
    except (OSError, ValueError) as error:
        raise DataError(f"{pairs} cannot be read as a table: {error}") from None
    names = [str(name) for name in frame.columns]
    found = Columns.known(names)
    if not {"user", "item"} <= found.keys():
        raise UsageError(f"{pairs.name} needs columns for user and item; it has {names}")
    users = frame[found["user"]].tolist()
    return _predicted(model, users, frame[found["item"]].tolist())


def _predicted(model: Model, users: list[Any], items: list[Any]) -> Predictions:
    ratings = predict(model, users, items, "error")
    return Predictions(tuple(users), tuple(items), tuple(float(value) for value in ratings))


def write_predictions(predictions: Predictions, path: Path) -> Path:
    """Write the pairs with their ratings to a CSV or Parquet file."""
    frame = pd.DataFrame(predictions.rows(), columns=["user", "item", "rating"])
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        raise UsageError(f"{path.name}: write a .csv or a .parquet file")
    return path


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items with a number each, best first, and what to tell about them."""

    items: tuple[Any, ...]
    values: tuple[float, ...]
    note: str

    def as_json(self) -> dict[str, Any]:
        pairs = zip(self.items, self.values, strict=True)
        return {"items": [{"item": i, "value": v} for i, v in pairs], "note": self.note}


def ranked(path: Path, user: str | None, like: str | None, k: int) -> Ranked:
    """What the command asks for: recommendations to a user, or items like one."""
    if user is not None and like is None:
        return recommend_text(path, user, k)
    if like is not None and user is None:
        return similar_text(path, like, k)
    raise UsageError("give either --user or --like")


def recommend_text(path: Path, user: str, k: int) -> Ranked:
    """The k best unrated items of a user; an unknown user gets the ranking by biases."""
    model = open_model(path)
    found: Recommendations = recommend(model, _known_or_text(model.user_ids, user), k)
    return Ranked(tuple(found.items), tuple(map(float, found.ratings)), found.note)


def similar_text(path: Path, item: str, k: int) -> Ranked:
    """The k items most like an item, by the cosine of their factors."""
    model = open_model(path)
    found = similar_items(model, model.item_ids.parse(item), k)
    return Ranked(tuple(i for i, _ in found), tuple(np.float64(c).item() for _, c in found), "")


def _known_or_text(ids: Vocabulary, text: str) -> Any:
    try:
        return ids.parse(text)
    except DataError:
        return text
