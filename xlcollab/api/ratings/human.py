"""Names of settings and measures as people write them."""

from __future__ import annotations

_WRITTEN = {"rmse": "RMSE", "mae": "MAE", "l2": "L2", "sgd": "SGD", "als": "ALS"}
_COUNTS = "n_"


def human(name: str) -> str:
    """ "train_rmse" → "train RMSE", "n_factors" → "factors"; other names as they are."""
    words = name.removeprefix(_COUNTS).split("_") if _is_identifier(name) else [name]
    return " ".join(_WRITTEN.get(word, word) for word in words)


def _is_identifier(name: str) -> bool:
    return "_" in name and name.isidentifier() and name.islower()
