"""`MatrixFactorization`: the engine under scikit-learn's conventions."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.conventions import Regressor, not_fitted
from xlcollab.factor.models.files import load_model, save_model
from xlcollab.factor.models.interval import interval
from xlcollab.factor.models.model import FactorModel, Model, Unknown, levels_of, numbers_of, predict
from xlcollab.factor.models.recommend import By, Recommendations, recommend, similar_items
from xlcollab.factor.training.extend import extended
from xlcollab.factor.training.fold import folded_in
from xlcollab.factor.training.implicit import ranked_as_taken
from xlcollab.factor.training.popularity import ranked_better
from xlcollab.factor.training.result import OnEpoch, TrainingResult
from xlcollab.factor.training.train import Start, Tables, train
from xlcollab.ratings import Columns, RatingsTable, from_frame, random_split
from xlcollab.ratings.duplicates import merge_duplicates
from xlcollab.ratings.taken import taken_up
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.counting import amount
from xlcollab.settings.fitting import ModelSettings, TrainingSettings, defaults
from xlcollab.settings.option import plain_value

Ratings: TypeAlias = RatingsTable | pd.DataFrame | ArrayLike


@dataclass(eq=False, repr=False)  # stores what it is given as it came, as clone() wants
class MatrixFactorization(Regressor):
    """Ratings as user factors · item factors + biases, learned from the ratings present.

    The parameters are the fields of `ModelSettings` and `TrainingSettings`, which say what each
    means; None takes the recipe's value. Besides them:

        quality: "fast", the quickest recipe, or "best", Bayesian averaging. Sets `optimizer` and
            `n_factors` where these are None.
        recipe: a set of settings by its name, such as "fastai"; what is given besides wins.
        columns: the names of a DataFrame's columns; guessed unless given.
        duplicates: a pair rated twice is an "error", or its "mean", "sum" or "last" counts; None
            is "error", and "sum" with `implicit`.
        validation_fraction: the part of the ratings that is set aside when `patience` is given.

    After `fit`: `model_` (the trained model), `result_` (history, errors, status, notes).

        model = MatrixFactorization(n_factors=20, seed=1).fit(frame)
        model.predict([14, 29], [417, 27])
    """

    n_factors: int | None = None
    _: KW_ONLY
    implicit: bool = False
    quality: str = "fast"
    recipe: str | None = None
    bias: bool = True
    global_bias: bool = True
    output_range: tuple[float, float] | None = None
    range_margin: float | None = None
    padding: float = 0.0
    learn_padding: bool = False
    clip_output: bool = True
    hidden_sizes: Sequence[int] = ()
    embedding_dropout: float = 0.0
    hidden_dropouts: Sequence[float] = ()
    side_columns: Sequence[str] = ()
    side_factors: int = 8
    init: str = "normal"
    init_scale: float | None = None
    dtype: str = "float32"
    optimizer: str | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    bias_rate: float | None = None
    batch_size: int | None = None
    l2_scaling: str | None = None
    standardize: bool | None = None
    alpha: float | None = None
    confidence: str | None = None
    loss: str = "mse"
    l2_factors: float | None = None
    l2_biases: float | None = None
    weight_decay_factors: float | None = None
    weight_decay_biases: float | None = None
    schedule: str | None = None
    cycles: int = 1
    momentum: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    clip: float | None = None
    patience: int | None = None
    device: str = "cpu"
    restarts: int = 0
    seed: int = 0
    columns: Columns | None = None
    duplicates: str | None = None
    validation_fraction: float = 0.1

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, object]:
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
            if repr(value) != repr(defaults[name].default)
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
        if self.implicit:
            table = taken_up(table)
        watched = None if validation is None else self._like(table, validation)
        if watched is None and self.patience is not None:
            rng = np.random.default_rng(self.seed)
            table, watched = random_split(table, self.validation_fraction, rng)
        tested = None if test is None else self._like(table, test)
        self._ranks_by = table
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
            "bpr",
        ):
            raise UsageError(
                "partial_fit goes on with sgd or a gradient rule; fit all ratings anew"
            )
        settings = replace(self.training_settings, epochs=epochs, patience=None, restarts=0)
        return self._trained(extended(model, self._table(ratings, y), settings))

    def fold_in(self, ratings: Any, y: ArrayLike | None = None) -> Self:
        """Learn users that are new from a few ratings of known items, without any training.

        All that the model knew stays as it was; `predict` and `recommend` then know these users.
        Raises UsageError for nets and where no user is new, DataError where one has rated nothing
        that is known.
        """
        model = self._model
        if not isinstance(model, FactorModel):
            raise UsageError("fold_in needs factors; a net learns new users by partial training")
        vars(self)["model_"] = folded_in(model, self._table(ratings, y))
        return self

    def predict(
        self, users: ArrayLike, items: ArrayLike | None = None, *, unknown: Unknown = "bias"
    ) -> NDArray[np.floating]:
        """Ratings for pairs of ids (n,), or for ids (n, 2) in one array.

        A frame is read by the names of its columns, as `fit` does; side columns that it has count.
        An unknown id gets what is known without it, or raises DataError with unknown="error".
        """
        side, model = None, self._model
        if items is None:
            frame = frame_of(users)
            side = None if frame is None else levels_of(model, frame)
            users, items = two_columns(users, self.columns)
        return predict(model, users, items, unknown, side)

    def predict_interval(
        self, users: ArrayLike, items: ArrayLike, level: float = 0.9
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The ends (n,) and (n,) between which a share `level` of such ratings lies.

        It needs the draws that quality "best" keeps.

        Raises UsageError on a model without draws.
        """
        model = self._model
        return interval(model, *numbers_of(model, users, items, "bias"), level)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: N803
        """R² = 1 − Σ (rating − prediction)² / Σ (rating − mean)², as regressors in scikit-learn;
        of an implicit model the NDCG at 10 of what users took up besides the training."""
        table = self._table(X, y)
        if self._model.settings.implicit:
            return ranked_as_taken(self._model, table)
        users, items = table.user_ids.index[table.users], table.item_ids.index[table.items]
        extra = {n: c.vocabulary.index[c.numbers] for n, c in table.extra.items()}
        side = levels_of(self._model, pd.DataFrame(extra))
        found = predict(self._model, users, items, "bias", side).astype(np.float64)
        truth = table.ratings.astype(np.float64)
        weights = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight)
        mean = float(weights @ truth / weights.sum())
        spread = float(weights @ (truth - mean) ** 2)
        error = float(weights @ (truth - found) ** 2)
        return 1 - error / spread if spread > 0 else float(error == 0)

    def recommend(self, user: Id, k: int = 10, by: By = "mix") -> Recommendations:
        """The k best items that `user` has not rated: by the prediction mixed with how many have
        rated an item, or by "rating", the prediction alone."""
        self._learn_to_rank()
        return recommend(self._model, user, k, by)

    def _learn_to_rank(self) -> None:
        """Learns what popularity weighs, when a model is first asked to recommend or is saved: from
        the ratings of `fit`, whatever was learned or folded in since."""
        table = None if self.implicit else vars(self).pop("_ranks_by", None)
        if table is None:
            return
        model, known = self._model, self.result_
        self._trained(ranked_better(known, table, self.seed))
        if model is not known.model:
            weight = self._model.popularity
            vars(self)["model_"] = replace(model, popularity=weight)  # type: ignore[type-var]

    def similar_items(self, item: Id, k: int = 10) -> list[tuple[Id, float]]:
        """The k items most like `item`, with the cosine of their factors."""
        return similar_items(self._model, item, k)

    def save(self, path: str | Path) -> None:
        """Write the trained model as a safetensors file."""
        self._learn_to_rank()
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
            raise not_fitted("this MatrixFactorization is not fitted yet; call fit first")
        return self.model_

    def _trained(self, result: TrainingResult) -> Self:
        self.model_: Model = result.model
        self.result_ = result
        return self

    def _filled(self, settings: type) -> dict[str, Any]:
        """The parameters that `settings` has, None filled in by the quality or the recipe."""
        params = {name: plain_value(value) for name, value in self.get_params().items()}
        names = defaults(self.quality, self.recipe, params)
        return {
            field.name: names.get(field.name) if params[field.name] is None else params[field.name]
            for field in fields(settings)
        }

    def _table(self, ratings: Any, y: ArrayLike | None) -> RatingsTable:
        duplicates = self.duplicates or ("sum" if self.implicit else "error")
        dtype = self.dtype if self.dtype == "float64" else None  # as narrow as ratings allow
        if isinstance(ratings, RatingsTable):
            return merge_duplicates(ratings, duplicates)
        if hasattr(ratings, "tocoo") and y is None:
            cells = ratings.tocoo()
            table = RatingsTable.of(cells.row, cells.col, cells.data, dtype=dtype)
            return merge_duplicates(table, duplicates)
        frame = frame_of(ratings)
        if frame is not None:
            columns = self.columns or Columns(extra=self._extra(frame))
            columns = replace(columns, counts=self.implicit)
            if y is not None:
                name = columns.rating or _UNNAMED
                _refuse_other_length(len(frame), y)
                frame = frame.assign(**{name: np.asarray(y)})
                columns = replace(columns, rating=name)
            return from_frame(frame, columns, duplicates=duplicates, dtype=dtype)
        if y is None and self.implicit:
            y = np.ones(len(two_columns(ratings)[0]))
        if y is None:
            raise UsageError("give a RatingsTable, a DataFrame, or ids (n, 2) with ratings y (n,)")
        users, items = two_columns(ratings)
        _refuse_other_length(len(users), y)
        return merge_duplicates(RatingsTable.of(users, items, y, dtype=dtype), duplicates)

    def _extra(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """The side columns: those a fitted model can do without need not be there."""
        wanted = tuple(self.side_columns)
        return tuple(name for name in wanted if name in frame) if self._is_fitted else wanted

    @property
    def _is_fitted(self) -> bool:
        return hasattr(self, "model_")

    def _like(self, table: RatingsTable, ratings: Ratings) -> RatingsTable:
        other = self._table(ratings, None)
        return other.renumbered(table.user_ids, table.item_ids)


_UNNAMED = "rating"


def _refuse_other_length(n: int, y: ArrayLike) -> None:
    if (found := np.asarray(y).shape) != (n,) and len(np.asarray(y).ravel()) != n:
        raise UsageError(
            f"{amount(n, 'pair')} of ids and a rating for each are needed; found the shape {found}"
        )


def frame_of(table: Any) -> pd.DataFrame | None:
    """A table of pandas, polars or pyarrow as pandas' frame; None for anything else."""
    if isinstance(table, pd.DataFrame):
        return table
    if hasattr(table, "collect") and hasattr(table, "lazy"):
        table = table.collect()  # polars' LazyFrame
    frame = table.to_pandas() if hasattr(table, "to_pandas") else None
    return frame if isinstance(frame, pd.DataFrame) else None


def two_columns(pairs: Any, columns: Columns | None = None) -> tuple[Any, Any]:
    """User ids and item ids of pairs: by name in a frame, by place in an array (n, 2).

    A frame that names neither is taken by place too. Raises UsageError where one is missing.
    """
    if hasattr(pairs, "tocoo"):
        cells = pairs.tocoo()
        return cells.row, cells.col
    frame = frame_of(pairs)
    if frame is not None:
        return _named(frame, columns or Columns())
    array = np.asarray(pairs)
    if array.ndim != 2 or array.shape[1] != 2:
        raise UsageError(f"pairs of ids have shape (n, 2), found {array.shape}")
    return array[:, 0], array[:, 1]


def _named(frame: pd.DataFrame, columns: Columns) -> tuple[Any, Any]:
    names = [str(name) for name in frame.columns]
    known = Columns.known(names)
    found = {role: getattr(columns, role) or known.get(role) for role in ("user", "item")}
    if None not in found.values():
        return tuple(frame.iloc[:, names.index(name)] for name in found.values())  # type: ignore[arg-type]
    if any(found.values()) or len(names) != 2:
        raise UsageError(
            f"the frame needs columns for user and item; it has {', '.join(map(repr, names))}"
        )
    return frame.iloc[:, 0], frame.iloc[:, 1]
