"""A factor model as the dot product that Spark's ALSModel predicts by: biases and the mean become
three more factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.models.folder import Shard, begin_folder, finish_folder, write_shard
from xlcollab.factor.models.model import FactorModel, Model
from xlcollab.ratings.spark import finish_factors, id_type, write_factors
from xlcollab.settings.fitting import ModelSettings

MORE = 3
"""Factors besides those of the model: user bias, item bias, mean."""
Types = tuple[str, str]
"""The types of user ids and of item ids."""


def refuse_for_spark(settings: ModelSettings) -> None:
    """Raises UsageError for a model that is no dot product."""
    if settings.kind != "dot":
        raise UsageError(
            "Spark predicts by a dot product alone, and this model is a net or squashes its "
            "predictions into a range; leave that out, or write a folder without .parquet"
        )


def features_of(model: FactorModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features of users (n_users, k + 3) and items (n_items, k + 3), whose dot product is the
    prediction before it is cut to the range of the ratings."""
    users, items = len(model.user_ids), len(model.item_ids)
    centre = np.full(users, model.output.centre)
    parts = (
        [model.user_factors, model.user_bias, np.ones(users), centre],
        [model.item_factors, np.ones(items), model.item_bias, np.ones(items)],
    )
    of_users, of_items = (np.column_stack(part).astype(np.float32) for part in parts)
    return of_users, of_items


def types_of(model: Model) -> Types:
    """The types of ids that Spark will see."""
    return id_type(model.user_ids.index), id_type(model.item_ids.index)


def write_for_spark(folder: Path, shard: Shard, types: Types) -> None:
    """The factors of a shard as parts of `userFactors` and `itemFactors` in a model's folder."""
    of_users, of_items = features_of(shard.model)
    ids = shard.model.user_ids.index, shard.model.item_ids.index
    write_factors(folder, "user", shard.rank, ids[0], of_users, types[0])
    write_factors(folder, "item", shard.rank, ids[1], of_items, types[1])


def finish_for_spark(folder: Path, model: FactorModel) -> None:
    """What makes the folder an ALSModel, when all parts are there."""
    finish_factors(folder, model.rows.n_factors + MORE)


def note_on(types: Types) -> list[str]:
    """What a user of Spark should know of ids that its ALSModel does not take."""
    if types == ("int32", "int32"):
        return []
    return [
        "Spark's ALSModel takes whole numbers of 32 bits as ids, and these are others: read "
        "userFactors and itemFactors as tables there, or number the ids first."
    ]


def save_folder(
    model: FactorModel, target: Path, more: Mapping[str, str], *, for_spark: bool = False
) -> None:
    """Write a model that one process holds as a folder of one shard."""
    shard, new = Shard.whole(model), begin_folder(target)
    write_shard(new, shard)
    if for_spark:
        write_for_spark(new, shard, types_of(model))
        finish_for_spark(new, model)
    finish_folder(new, target, shard, (len(model.user_ids), len(model.item_ids)), more)
