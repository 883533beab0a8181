"""`MatrixFactorization`: the engine under scikit-learn's conventions."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.models.files import load_model, save_model
from xlcollab.factor.models.model import FactorModel, Model, Unknown, predict
from xlcollab.factor.models.recommend import Recommendations, recommend, similar_items
from xlcollab.factor.training.extend import extended
from xlcollab.factor.training.result import OnEpoch, TrainingResult
from xlcollab.factor.training.train import Start, Tables, train
from xlcollab.ratings import Columns, RatingsTable, from_frame, random_split
from xlcollab.ratings.duplicates import merge_duplicates
from xlcollab.settings.fitting import QUALITIES, ModelSettings, TrainingSettings

Ratings: TypeAlias = RatingsTable | pd.DataFrame | ArrayLike


class MatrixFactorization:
    """Ratings as user factors · item factors + biases, learned from the ratings present.

    The parameters are the fields of `ModelSettings` and `TrainingSettings`, which say what each
    means; None takes the recipe's value. Besides them:

        quality: "fast", the quickest recipe, or "best", Bayesian averaging. Sets `optimizer` and
            `n_factors` where these are None.
        columns: the names of a DataFrame's columns; guessed unless given.
        duplicates: a pair rated twice is an "error", or its "mean", "sum" or "last" counts.
        validation_fraction: the part of the ratings that is set aside when `patience` is given.

    After `fit`: `model_` (the trained model), `result_` (history, errors, status, notes).

        model = MatrixFactorization(n_factors=20, seed=1).fit(frame)
        model.predict([14, 29], [417, 27])
    """

    quality: str
    side_columns: tuple[str, ...]
    dtype: str
    patience: int | None
    seed: int
    columns: Columns | None
    duplicates: str
    validation_fraction: float

    def __init__(
        self,
        n_factors: int | None = None,
        *,
        quality: str = "fast",
        bias: bool = True,
        global_bias: bool = True,
        output_range: tuple[float, float] | None = None,
        padding: float = 0.0,
        learn_padding: bool = False,
        clip_output: bool = True,
        hidden_sizes: tuple[int, ...] = (),
        embedding_dropout: float = 0.0,
        hidden_dropouts: tuple[float, ...] = (),
        side_columns: tuple[str, ...] = (),
        side_factors: int = 8,
        init: str = "normal",
        init_scale: float | None = None,
        dtype: str = "float32",
        optimizer: str | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        loss: str = "mse",
        l2_factors: float | None = None,
        l2_biases: float | None = None,
        weight_decay_factors: float | None = None,
        weight_decay_biases: float | None = None,
        schedule: str | None = None,
        cycles: int = 1,
        momentum: float | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        rho: float | None = None,
        epsilon: float | None = None,
        clip: float | None = None,
        patience: int | None = None,
        device: str = "cpu",
        restarts: int = 0,
        seed: int = 0,
        columns: Columns | None = None,
        duplicates: str = "error",
        validation_fraction: float = 0.1,
    ) -> None:
        # scikit-learn's clone compares parameters by identity: they are stored as they came.
        for name, value in list(locals().items()):
            if name != "self":
                setattr(self, name, value)

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name. `deep` is scikit-learn's; there are no estimators within."""
        del deep
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; UsageError names one that does not exist."""
        for name, value in params.items():
            if name not in self._parameter_names():
                raise UsageError(f"MatrixFactorization has no parameter {name!r}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != defaults[name].default
        )
        return f"MatrixFactorization({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    @property
    def model_settings(self) -> ModelSettings:
        """The parameters that shape the model."""
        return ModelSettings(**self._filled(ModelSettings))

    @property
    def training_settings(self) -> TrainingSettings:
        """The parameters of the training."""
        return TrainingSettings(**self._filled(TrainingSettings))

    def fit(
        self,
        ratings: Ratings,
        y: ArrayLike | None = None,
        *,
        validation: Ratings | None = None,
        test: Ratings | None = None,
        start: Start = None,
        on_epoch: OnEpoch | None = None,
    ) -> Self:
        """Train on `ratings`: a RatingsTable, a DataFrame, or ids (n, 2) with ratings `y` (n,).

        `validation` and `test` must hold ids that occur in `ratings`, or be cut from one table.
        """
        table = self._table(ratings, y)
        watched = None if validation is None else self._like(table, validation)
        if watched is None and self.patience is not None:
            rng = np.random.default_rng(self.seed)
            table, watched = random_split(table, self.validation_fraction, rng)
        tested = None if test is None else self._like(table, test)
        return self._trained(
            train(
                Tables(table, watched, tested),
                self.model_settings,
                self.training_settings,
                start=start,
                on_epoch=on_epoch,
            )
        )

    def partial_fit(self, ratings: Ratings, y: ArrayLike | None = None, *, epochs: int = 5) -> Self:
        """Go on from the fitted model with new ratings alone, which may bring new ids.

        Begins like `fit` if nothing is fitted yet. Raises UsageError for als, gibbs and nets, which
        cannot go on from part of the ratings.
        """
        if not hasattr(self, "model_"):
            return self.fit(ratings, y)
        model = self._model
        if not isinstance(model, FactorModel) or self.training_settings.optimizer in (
            "als",
            "gibbs",
        ):
            raise UsageError(
                "partial_fit goes on with sgd or a gradient rule; fit all ratings anew"
            )
        settings = replace(self.training_settings, epochs=epochs, patience=None, restarts=0)
        return self._trained(extended(model, self._table(ratings, y), settings))

    def predict(
        self, users: ArrayLike, items: ArrayLike | None = None, *, unknown: Unknown = "bias"
    ) -> NDArray[np.floating[Any]]:
        """Ratings for pairs of ids (n,), or for ids (n, 2) in one array.

        An unknown id gets what is known without it, or raises DataError with unknown="error".
        """
        if items is None:
            users, items = _two_columns(users)
        return predict(self._model, users, items, unknown)

    def score(self, ratings: Ratings, y: ArrayLike | None = None) -> float:
        """R² = 1 − Σ (rating − prediction)² / Σ (rating − mean)², as regressors in scikit-learn."""
        table = self._table(ratings, y)
        found = self.predict(table.user_ids.index[table.users], table.item_ids.index[table.items])
        truth = table.ratings.astype(np.float64)
        spread = float(((truth - truth.mean()) ** 2).sum())
        error = float(((truth - found) ** 2).sum())
        return 1 - error / spread if spread > 0 else float(error == 0)

    def recommend(self, user: Any, k: int = 10) -> Recommendations:
        """The k best items that `user` has not rated."""
        return recommend(self._model, user, k)

    def similar_items(self, item: Any, k: int = 10) -> list[tuple[Any, float]]:
        """The k items most like `item`, with the cosine of their factors."""
        return similar_items(self._model, item, k)

    def save(self, path: str | Path) -> None:
        """Write the trained model as a safetensors file."""
        save_model(self._model, path)

    @staticmethod
    def load(path: str | Path) -> MatrixFactorization:
        """An estimator with the model that `save` wrote and its model parameters."""
        model = load_model(path)
        shape = {field.name: getattr(model.settings, field.name) for field in fields(ModelSettings)}
        estimator = MatrixFactorization(**shape)
        estimator.model_ = model
        return estimator

    @property
    def _model(self) -> Model:
        if not hasattr(self, "model_"):
            raise UsageError("this MatrixFactorization is not fitted yet; call fit first")
        return self.model_

    def _trained(self, result: TrainingResult) -> Self:
        self.model_: Model = result.model
        self.result_ = result
        return self

    def _filled(self, settings: type) -> dict[str, Any]:
        """The parameters that `settings` has, None filled in by the quality."""
        quality = self.quality
        if quality not in QUALITIES:
            raise UsageError(f"quality is {quality!r}; choose one of {', '.join(QUALITIES)}")
        params = self.get_params()
        return {
            field.name: QUALITIES[quality].get(field.name)
            if params[field.name] is None
            else params[field.name]
            for field in fields(settings)
        }

    def _table(self, ratings: Ratings, y: ArrayLike | None) -> RatingsTable:
        duplicates, columns = self.duplicates, self.columns
        dtype = self.dtype
        if isinstance(ratings, RatingsTable):
            return merge_duplicates(ratings, duplicates)
        if isinstance(ratings, pd.DataFrame) and y is None:
            columns = columns or Columns(extra=self.side_columns)
            return from_frame(ratings, columns, duplicates=duplicates, dtype=dtype)
        if y is None:
            raise UsageError("give a RatingsTable, a DataFrame, or ids (n, 2) with ratings y (n,)")
        return merge_duplicates(RatingsTable.of(*_two_columns(ratings), y, dtype=dtype), duplicates)

    def _like(self, table: RatingsTable, ratings: Ratings) -> RatingsTable:
        other = self._table(ratings, None)
        return other.renumbered(table.user_ids, table.item_ids)


def _two_columns(pairs: Any) -> tuple[Any, Any]:
    if isinstance(pairs, pd.DataFrame):
        return pairs.iloc[:, 0], pairs.iloc[:, 1]
    array = np.asarray(pairs)
    if array.ndim != 2 or array.shape[1] != 2:
        raise UsageError(f"pairs of ids have shape (n, 2), found {array.shape}")
    return array[:, 0], array[:, 1]
