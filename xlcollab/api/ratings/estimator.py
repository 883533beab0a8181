"""`xlcollab.MatrixFactorization`: the factor engine's estimator, which workbooks can hold too."""

from __future__ import annotations

from pathlib import Path

from xlcollab import factor
from xlcollab.api.ratings.model import Size, open_model, refuse_too_large, write_model_workbook
from xlcollab.errors import UsageError
from xlcollab.factor import ModelSettings


class MatrixFactorization(factor.MatrixFactorization):
    __doc__ = factor.MatrixFactorization.__doc__

    def to_workbook(self, path: str | Path, *, predictions: bool = False) -> Path:
        """Write what `xlcollab fit` writes: model, history, users, items, recommendations.

        With `predictions` also every user with every item, as a crosstab. Raises UsageError where
        nothing was fitted, DataError where a sheet has too few rows, WriteRefusedError where the
        path cannot be written.
        """
        if not hasattr(self, "result_"):
            raise UsageError("there is no training to write; call fit first")
        path = Path(path)
        refuse_too_large(Size.of(self.result_.model), path, is_crosstab=predictions)
        write_model_workbook(self.result_, path, with_predictions=predictions)
        return path

    @staticmethod
    def load(path: str | Path) -> MatrixFactorization:
        """An estimator with the model of a .safetensors file or of a workbook.

        It has the model's parameters and predicts; it has no history.
        """
        model = open_model(Path(path))
        settings = {name: getattr(model.settings, name) for name in ModelSettings.__slots__}
        estimator = MatrixFactorization(**settings)
        estimator.model_ = model
        return estimator
