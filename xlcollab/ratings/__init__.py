"""Ratings tables: ids and numbers, readers, crosstabs, splits and measures. Knows no model.

Names are loaded when first asked for (PEP 562): `columns` is used where pandas must not be loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlcollab.ratings.columns import Columns
    from xlcollab.ratings.crosstab import densest_corner, from_crosstab, to_crosstab
    from xlcollab.ratings.dates import with_date_parts
    from xlcollab.ratings.duplicates import merge_duplicates
    from xlcollab.ratings.metrics import Ranking, mae, ranking, rmse
    from xlcollab.ratings.read import from_frame, read_ratings
    from xlcollab.ratings.splits import (
        cold_ids,
        column_split,
        k_folds,
        leave_k_out,
        random_split,
        time_split,
    )
    from xlcollab.ratings.table import Category, RatingsTable
    from xlcollab.ratings.vocabulary import Vocabulary

__all__ = [
    "Category",
    "Columns",
    "Ranking",
    "RatingsTable",
    "Vocabulary",
    "cold_ids",
    "column_split",
    "densest_corner",
    "from_crosstab",
    "from_frame",
    "k_folds",
    "leave_k_out",
    "mae",
    "merge_duplicates",
    "random_split",
    "ranking",
    "read_ratings",
    "rmse",
    "time_split",
    "to_crosstab",
    "with_date_parts",
]

_FILES = {
    "columns": "Columns",
    "crosstab": "densest_corner from_crosstab to_crosstab",
    "dates": "with_date_parts",
    "duplicates": "merge_duplicates",
    "metrics": "Ranking mae ranking rmse",
    "read": "from_frame read_ratings",
    "splits": "cold_ids column_split k_folds leave_k_out random_split time_split",
    "table": "Category RatingsTable",
    "vocabulary": "Vocabulary",
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
