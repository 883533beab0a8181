"""`xlcollab.MatrixFactorization`: the factor engine's estimator, which workbooks can hold too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlcollab import factor
from xlcollab.api.session.pictures import html_line, html_table
from xlcollab.errors import UsageError
from xlcollab.factor import Model, ModelSettings, RateSweep, TrainingResult
from xlcollab.factor.estimator import Ratings

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RateTrials:
    """Learning rates that were tried on ratings, and the one to take."""

    sweep: RateSweep

    @property
    def suggestion(self) -> float:
        """The rate with the lowest error on the ratings set aside."""
        return self.sweep.suggestion

    def plot(self, ax: Any = None) -> Any:
        """The errors by rate in an axis of matplotlib, which is returned."""
        from xlcollab.api.session.plotting import axis_of

        ax = axis_of(ax)
        ax.plot(self.sweep.learning_rates, self.sweep.train_rmse, label="train")
        ax.plot(self.sweep.learning_rates, self.sweep.validation_rmse, label="set aside")
        ax.axvline(self.suggestion, linestyle="--", color="0.5")
        ax.set(xscale="log", xlabel="learning rate", ylabel="RMSE")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        """One line, not all rates."""
        tried = len(self.sweep.learning_rates)
        return f"<RateTrials of {tried} learning rates: take {self.suggestion:.3g}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        sweep = self.sweep
        rows = zip(sweep.learning_rates, sweep.train_rmse, sweep.validation_rmse, strict=True)
        head = ("learning rate", "train RMSE", "RMSE set aside")
        return html_table(f"take a learning rate of {self.suggestion:.3g}", head, rows)


class MatrixFactorization(factor.MatrixFactorization):
    __doc__ = factor.MatrixFactorization.__doc__

    def to_workbook(self, path: str | Path, *, predictions: bool = False) -> Path:
        """Write what `xlcollab fit` writes: model, history, users, items, recommendations. A model
        that was loaded has no history.

        With `predictions` also every user with every item, as a crosstab. Raises UsageError where
        nothing was fitted, DataError where a sheet has too few rows, WriteRefusedError where the
        path cannot be written.
        """
        from xlcollab.api.ratings.model import (  # a fit needs no workbook
            Size,
            refuse_too_large,
            write_model_workbook,
        )

        self._learn_to_rank()
        path = Path(path)
        refuse_too_large(Size.of(self._model), path, is_crosstab=predictions)
        write_model_workbook(self._outcome(), path, with_predictions=predictions)
        return path

    def _outcome(self) -> TrainingResult | Model:
        """The training with the model as it is now, which users may have been folded into since;
        of a loaded one the model alone."""
        model, result = self._model, getattr(self, "result_", None)
        if not isinstance(result, TrainingResult):
            return model
        more = len(model.user_ids) - len(result.model.user_ids)
        if not more:
            return result
        who = "1 user was" if more == 1 else f"{more} users were"
        note = f"{who} folded in after the training; its errors are of the others."
        return replace(result, model=model, notes=(*result.notes, note))

    def lr_find(self, ratings: Ratings, y: ArrayLike | None = None) -> RateTrials:
        """Which learning rate to take for these ratings under the parameters as they are: 13 rates
        around the recipe's, each for the whole run, judged by ratings set aside.

        `found.suggestion` is the rate, `found.plot()` draws the errors. Raises SolveError where
        every rate diverges.
        """
        return RateTrials(
            factor.find_learning_rate(
                self._table(ratings, y), self.model_settings, self.training_settings
            )
        )

    def fit_one_cycle(
        self,
        ratings: Ratings,
        epochs: int = 5,
        learning_rate: float | None = None,
        y: ArrayLike | None = None,
        **more: Any,
    ) -> Self:
        """`fit` under the 1cycle policy (Smith and Topin 2019): the rate rises to `learning_rate`
        and falls far below its start over `epochs`; without one the recipe's rate is the peak.

        The parameters schedule, epochs and learning_rate are set to these; `more` is what `fit`
        takes. Raises UsageError for an optimizer without a rate.
        """
        self.set_params(schedule="one-cycle", epochs=epochs)
        if learning_rate is not None:
            self.set_params(learning_rate=learning_rate)
        return self.fit(ratings, y, **more)

    def plot_losses(self, ax: Any = None) -> Any:
        """The errors by epoch (train, and validation and test where there are such) in an axis of
        matplotlib, which is returned. Raises UsageError where nothing was fitted."""
        from xlcollab.api.session.plotting import axis_of

        losses = self._losses()
        ax = axis_of(ax)
        for name, (epochs, values) in losses.items():
            ax.plot(epochs, values, label=name)
        ax.set(xlabel="epoch", ylabel="RMSE")
        ax.legend()
        return ax

    def _losses(self) -> dict[str, tuple[Floats, Floats]]:
        """By name epochs and errors, both (n,); those that were measured."""
        if not hasattr(self, "result_"):
            raise UsageError("there is no training to show; call fit first")
        rows = self.result_.history
        epochs = np.array([row.epoch for row in rows], np.float64)
        found = {
            name: np.array([getattr(row, f"{name}_rmse") for row in rows], np.float64)
            for name in ("train", "validation", "test")
        }
        seen = {name: np.isfinite(values) for name, values in found.items()}
        return {
            name: (epochs[seen[name]], values[seen[name]])
            for name, values in found.items()
            if seen[name].any()
        }

    def _repr_html_(self) -> str:
        """What a notebook shows: the parameters, and what the training came to."""
        if not hasattr(self, "result_"):
            return f"<p>{escape(repr(self))}</p>"
        result = self.result_
        scores = {"train": result.train, "validation": result.validation, "test": result.test}
        rows = [
            (name, one.n_ratings, one.rmse, one.mae)
            for name, one in scores.items()
            if one is not None
        ]
        notes = (result.status.sentence, *result.notes)
        table = html_table(repr(self), ("ratings", "count", "RMSE", "MAE"), rows, notes)
        lines = (html_line(values, f"{name} RMSE") for name, (_, values) in self._losses().items())
        return table + "".join(lines)

    @staticmethod
    def load(path: str | Path) -> MatrixFactorization:
        """An estimator with the model of a .safetensors file or of a workbook.

        It has the model's parameters and predicts; it has no history.
        """
        from xlcollab.api.ratings.kept.opening import open_model  # a fit needs no workbook

        model = open_model(Path(path))
        settings = {name: getattr(model.settings, name) for name in ModelSettings.__slots__}
        estimator = MatrixFactorization(**settings)
        estimator.model_ = model
        return estimator
