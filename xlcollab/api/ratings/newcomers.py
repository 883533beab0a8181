"""New users from a few ratings, beside a model that was fitted: `xlcollab fold-in`, and `--ratings`
of predict and recommend."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.ids import json_id, named_as
from xlcollab.api.ratings.kept.opening import MODEL_FILE, open_model
from xlcollab.api.ratings.source import read_source
from xlcollab.disk import output_path, refuse_others, refuse_unwritable
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import UsageError
from xlcollab.factor import FactorModel, Model
from xlcollab.factor.training.fold import folded_in
from xlcollab.ratings import RatingsTable
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.requests.ratings import FoldInRequest, Place

_WORKBOOK = ".xlsx"


@dataclass(frozen=True, slots=True)
class FoldedIn:
    """The users that a model gained, how many it knew before, and where the new model is."""

    users: tuple[Id, ...]
    known: int
    output: Path

    @property
    def sentence(self) -> str:
        """What was done, in words."""
        n = len(self.users)
        who = f"user {self.users[0]} is" if n == 1 else f"{n} users are"
        return f"{who} known now besides the {self.known} before. Written to {self.output}"

    @property
    def next_command(self) -> str:
        """What to try with the new model."""
        model, user = shlex.quote(str(self.output)), shlex.quote(str(self.users[0]))
        return f"xlcollab recommend {model} --user {user} -k 10"

    def as_json(self) -> dict[str, object]:
        return {
            "users": [json_id(one) for one in self.users],
            "known": self.known,
            "output": str(self.output),
        }


def fold_into(request: FoldInRequest) -> FoldedIn:
    """Write the model with the users of the ratings that it does not know.

    Raises UsageError for an output of another form, errors as `with_newcomers`.
    """
    from xlcollab.api.ratings.model import is_model  # loads what writes workbooks

    output = request.output or _beside(request.model)
    if output.suffix not in (_WORKBOOK, MODEL_FILE):
        raise UsageError(f"{output}: write a workbook ({_WORKBOOK}) or a model file ({MODEL_FILE})")
    if any(is_same_file(output, one) for one in (request.model, request.ratings)):
        raise UsageError(f"{output} is what is read; write to another file")
    refuse_unwritable(output)
    refuse_others(output, "a model", is_model, overwrite=request.overwrite)
    model = open_model(request.model)
    known = len(model.user_ids)
    grown, users = with_newcomers(model, request.ratings)
    _write(grown, output, request)
    return FoldedIn(tuple(users), known, output)


def _beside(model: Path) -> Path:
    """The name beside the model where none is asked for, in the model's own form, that of a folder
    as one file."""
    model = model if model.name.strip(".") else model.resolve()
    ending = model.suffix if model.suffix in (_WORKBOOK, MODEL_FILE) else MODEL_FILE
    return output_path(model.with_suffix(ending), "folded")


def _write(model: Model, output: Path, request: FoldInRequest) -> None:
    from xlcollab.api.ratings.model import Size, refuse_too_large, write_model_workbook
    from xlcollab.api.session.provenance import METADATA, Provenance, record_of
    from xlcollab.factor import save_model

    made = Provenance.of("fold-in", request)
    if output.suffix == MODEL_FILE:
        save_model(model, output, {METADATA: record_of(made, output)})
        return
    refuse_too_large(Size.of(model), output, is_crosstab=False)
    write_model_workbook(model, output, run=made)


def with_newcomers(model: Model, ratings: Path) -> tuple[Model, list[Id]]:
    """The model with the users of a file of ratings (of counts, for an implicit model) that it does
    not know, and these; nothing of the model changes.

    Ids are known by how they are written. Raises UsageError for a net and where no user is new,
    DataError where the file cannot be read or a new user has rated nothing that is known.
    """
    if not isinstance(model, FactorModel):
        raise UsageError("users are folded into factors, which a net has not; fit it anew")
    table = _as_written(_read(Place(source=ratings, counts=model.settings.implicit)), model)
    new = [one for one in table.user_ids.index.tolist() if one not in model.user_ids]
    if not new:
        raise UsageError(
            f"all users of {ratings.name} are known to the model: there is nobody to fold in; fit "
            "anew with these ratings"
        )
    return folded_in(model, table), new


def _read(place: Place) -> RatingsTable:
    try:
        return read_source(place, naming="begin it with a line of heads: user,item,rating").table
    except UsageError as error:
        needed = "a table of new users has columns user, item and rating; any name does for a user"
        raise UsageError(f"{error}; {needed}") from None


def _as_written(table: RatingsTable, model: FactorModel) -> RatingsTable:
    """The ids of the model where one is written alike: 14 is "14"."""
    users, items = (
        named_as(known, own)
        for own, known in ((table.user_ids, model.user_ids), (table.item_ids, model.item_ids))
    )
    return RatingsTable(table.users, table.items, table.ratings, users, items)
