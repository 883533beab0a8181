"""The factor engine: users and items as latent factors with biases, trained on ratings present."""

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
