"""What a user may like, what is like an item, and the best for every user: `xlcollab recommend`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xlcollab.api.ratings.ids import json_id
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.api.ratings.newcomers import with_newcomers
from xlcollab.api.ratings.sheets import check_table_file, write_table
from xlcollab.api.session.provenance import Provenance
from xlcollab.errors import UsageError
from xlcollab.factor import Model, recommend, similar_items
from xlcollab.factor.models.model import predicted_name
from xlcollab.factor.models.recommend import PREFERENCE_SENTENCE, SENTENCE, By, titles_of
from xlcollab.factor.sheets import Table, recommendation_table
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.requests.ratings import RecommendRequest


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items with a number each, best first, and what to tell about them."""

    items: tuple[Any, ...]
    values: tuple[float, ...]
    note: str
    titles: tuple[str | None, ...]
    """What the items are called, where that is known."""
    number: str
    """What the numbers are: "rating", "preference" or "cosine"."""

    @property
    def has_titles(self) -> bool:
        return any(self.titles)

    def as_json(self) -> dict[str, object]:
        named = [{"title": title} if self.has_titles else {} for title in self.titles]
        found = zip(self.items, self.values, named, strict=True)
        items = [{"item": json_id(item), "value": value, **more} for item, value, more in found]
        return {"items": items, "note": self.note}

    def table(self) -> Table:
        ranks = range(1, len(self.items) + 1)
        columns: list[Any] = [ranks, self.items, self.values]
        columns += [self.titles] if self.has_titles else []
        head = ("rank", "item", self.number, *(["title"] if self.has_titles else []))
        return Table("recommendations", head, list(zip(*columns, strict=True)))


def _check_output(request: RecommendRequest, output: Path, head: tuple[str, ...]) -> None:
    sheet = "recommendations" if request.like is None else "similar items"
    check_table_file(output, sheet, head, inputs=[request.model], overwrite=request.overwrite)


def ranked(request: RecommendRequest) -> Ranked:
    """Recommendations to a user, or items like one; written if an output is asked for."""
    like, output, user = request.like, request.output, request.user
    if output is not None:
        _check_output(request, output, ("rank", "item"))
    model = open_model(request.model)
    if request.ratings is not None:
        model, new = with_newcomers(model, request.ratings)
        user = _only(new, request) if user is None else user
    found = _for(model, str(user), request) if like is None else _like(model, like, request.k)
    if output is not None:
        write_table(_table(found, request, user), output, Provenance.of("recommend", request))
    return found


def _only(new: list[Id], request: RecommendRequest) -> str:
    if len(new) == 1:
        return str(new[0])
    assert request.ratings is not None
    raise UsageError(
        f"{request.ratings.name} has {len(new)} new users; name one with --user, or --all with -o"
    )


def _table(found: Ranked, request: RecommendRequest, user: str | None) -> Table:
    if request.like is None:
        said = f"the items that {request.model.name} recommends to user {user}"
        return replace(found.table(), sentence=f"recommend, {said}")
    said = f"the items that {request.model.name} finds most like {request.like}, by cosine"
    return replace(found.table(), name="similar items", sentence=f"recommend, {said}")


def recommend_all(request: RecommendRequest) -> int:
    """Write the k best unrated items of every user; how many rows they are. Raises UsageError
    without a file to write."""
    if request.output is None:
        raise UsageError("--all needs a file to write: -o recommendations.csv")
    _check_output(request, request.output, ("user", "rank", "item"))
    model = open_model(request.model)
    users = model.user_ids.index.tolist()
    if request.ratings is not None:
        model, users = with_newcomers(model, request.ratings)
    table = recommendation_table(model, users, request.k, _by(request))
    said = f"recommend, the {request.k} best unrated items for each user by {request.model.name}"
    write_table(replace(table, sentence=said), request.output, Provenance.of("recommend", request))
    return len(table.rows)


def _for(model: Model, user: str, request: RecommendRequest) -> Ranked:
    """Raises DataError on an unknown user: somebody else's recommendations would be no answer."""
    found = recommend(model, model.user_ids.parse(user), request.k, _by(request))
    note = found.note or (SENTENCE if request.by == "mix" else "")
    if found.is_preference:
        note = found.note or PREFERENCE_SENTENCE
    taken = "taken up" if found.is_preference else "rated"
    note = note if found.items else f"User {user} has {taken} every item."
    numbers, titles = tuple(found.ratings.tolist()), tuple(found.titles)
    return Ranked(tuple(found.items), numbers, note, titles, predicted_name(model))


def _by(request: RecommendRequest) -> By:
    return "rating" if request.by == "rating" else "mix"


def _like(model: Model, item: str, k: int) -> Ranked:
    if k < 1:
        raise UsageError(f"-k is {k}; expected 1 or more")
    found = similar_items(model, model.item_ids.parse(item), k)
    items = tuple(item for item, _ in found)
    titles = titles_of(model, model.item_ids.numbers(items))
    return Ranked(items, tuple(cosine for _, cosine in found), "", tuple(titles), "cosine")
