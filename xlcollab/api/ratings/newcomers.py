"""New users from a few ratings, beside a model that was fitted: `--ratings` of predict and
recommend."""

from __future__ import annotations

from pathlib import Path

from xlcollab.api.ratings.ids import named_as
from xlcollab.api.ratings.source import read_source
from xlcollab.errors import UsageError
from xlcollab.factor import FactorModel, Model
from xlcollab.factor.training.fold import folded_in
from xlcollab.ratings import RatingsTable
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.requests.ratings import Place


def with_newcomers(model: Model, ratings: Path) -> tuple[Model, list[Id]]:
    """The model with the users of a file of ratings (of counts, for an implicit model) that it does
    not know, and these; nothing of the model changes.

    Ids are known by how they are written. Raises UsageError for a net and where no user is new,
    DataError where the file cannot be read or a new user has rated nothing that is known.
    """
    if not isinstance(model, FactorModel):
        raise UsageError("--ratings folds users into factors, which a net has not; fit it anew")
    table = read_source(Place(source=ratings, counts=model.settings.implicit)).table
    table = _as_written(table, model)
    new = [one for one in table.user_ids.index.tolist() if one not in model.user_ids]
    if not new:
        raise UsageError(
            f"all users of {ratings.name} are known to the model: leave --ratings out, or fit anew "
            "with these ratings"
        )
    return folded_in(model, table), new


def _as_written(table: RatingsTable, model: FactorModel) -> RatingsTable:
    """The ids of the model where one is written alike: 14 is "14"."""
    users, items = (
        named_as(known, own)
        for own, known in ((table.user_ids, model.user_ids), (table.item_ids, model.item_ids))
    )
    return RatingsTable(table.users, table.items, table.ratings, users, items)
