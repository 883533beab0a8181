"""Ratings tables: ids and numbers, readers, crosstabs, splits and measures. Knows no model."""

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
