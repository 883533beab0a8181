"""The factor engine: users and items as latent factors with biases, trained on ratings present."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlcollab.factor.estimator import MatrixFactorization
    from xlcollab.factor.models.files import load_model, save_model
    from xlcollab.factor.models.initial import StartArrays
    from xlcollab.factor.models.model import FactorModel, Model, predict
    from xlcollab.factor.models.recommend import (
        Components,
        Recommendations,
        principal_components,
        recommend,
        similar_items,
    )
    from xlcollab.factor.search import (
        RateSweep,
        Span,
        Trial,
        Tuning,
        cross_validate,
        find_learning_rate,
        tune,
    )
    from xlcollab.factor.sheets import Table, result_tables, tuning_table
    from xlcollab.factor.training.memory import MemoryEstimate, estimate_memory
    from xlcollab.factor.training.result import EpochRow, Progress, Scores, Status, TrainingResult
    from xlcollab.factor.training.train import Tables, evaluate, train
    from xlcollab.settings.fitting import QUALITIES, ModelSettings, TrainingSettings

__all__ = [
    "QUALITIES",
    "Components",
    "EpochRow",
    "FactorModel",
    "MatrixFactorization",
    "MemoryEstimate",
    "Model",
    "ModelSettings",
    "Progress",
    "RateSweep",
    "Recommendations",
    "Scores",
    "Span",
    "StartArrays",
    "Status",
    "Table",
    "Tables",
    "TrainingResult",
    "TrainingSettings",
    "Trial",
    "Tuning",
    "cross_validate",
    "estimate_memory",
    "evaluate",
    "find_learning_rate",
    "load_model",
    "predict",
    "principal_components",
    "recommend",
    "result_tables",
    "save_model",
    "similar_items",
    "train",
    "tune",
    "tuning_table",
]

_FILES = {
    "Components": "factor.models.recommend",
    "EpochRow": "factor.training.result",
    "FactorModel": "factor.models.model",
    "MatrixFactorization": "factor.estimator",
    "MemoryEstimate": "factor.training.memory",
    "Model": "factor.models.model",
    "ModelSettings": "settings.fitting",
    "Progress": "factor.training.result",
    "QUALITIES": "settings.fitting",
    "RateSweep": "factor.search",
    "Recommendations": "factor.models.recommend",
    "Scores": "factor.training.result",
    "Span": "factor.search",
    "StartArrays": "factor.models.initial",
    "Status": "factor.training.result",
    "Table": "factor.sheets",
    "Tables": "factor.training.train",
    "TrainingResult": "factor.training.result",
    "TrainingSettings": "settings.fitting",
    "Trial": "factor.search",
    "Tuning": "factor.search",
    "cross_validate": "factor.search",
    "estimate_memory": "factor.training.memory",
    "evaluate": "factor.training.train",
    "find_learning_rate": "factor.search",
    "load_model": "factor.models.files",
    "predict": "factor.models.model",
    "principal_components": "factor.models.recommend",
    "recommend": "factor.models.recommend",
    "result_tables": "factor.sheets",
    "save_model": "factor.models.files",
    "similar_items": "factor.models.recommend",
    "train": "factor.training.train",
    "tune": "factor.search",
    "tuning_table": "factor.sheets",
}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for (PEP 562): predicting a pair needs no compiler."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"xlcollab.{_FILES[name]}"), name)
