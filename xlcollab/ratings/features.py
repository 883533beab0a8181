"""What is known of users and items besides their ratings: titles, genres, ages, kept by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.disk import meant_file
from xlcollab.errors import DataError, WorkbookError
from xlcollab.ratings.columns import Columns, bare
from xlcollab.ratings.delimited import Layout, Wanted, read_text
from xlcollab.ratings.layout import separator_of
from xlcollab.ratings.opening import first_lines, form_of
from xlcollab.ratings.read import read_frame
from xlcollab.ratings.table import Feature, RatingsTable, Side
from xlcollab.ratings.typed import as_typed
from xlcollab.ratings.vocabulary import Id, Vocabulary

_GENRES = (
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
)
LAYOUTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "u.item": (
        "|",
        ("item", "title", "release date", "video date", "url", *_GENRES.split()),
    ),
    "u.user": ("|", ("user", "age", "gender", "occupation", "zip code")),
    "movies.dat": ("::", ("item", "title", "genres")),
    "users.dat": ("::", ("user", "gender", "age", "occupation", "zip code")),
}
"""MovieLens' own tables, which have no header: what separates them, and their columns."""
_TITLES = ("title", "name", "movietitle", "itemtitle", "itemname", "username", "product")
_IDS = ("id", "key", "code", "number", "nr")
_MOST_LEVELS = 1000
"""Values of a column, each of which gets factors of its own: beyond, they are ids rather than
groups."""
_WITH_HEADER = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class About:
    """A table of users or of items: the ids, their titles if it has any, and further columns."""

    side: Side
    ids: list[Id]
    titles: list[str | None] | None
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    source: str = ""
    """Where the ids stand, for messages."""


def read_about(path: Path, side: Side) -> About:
    """What a table says of the ids in its column for them, which is the first unless one is named
    as the side, or "id"; one that is called as titles are is none.

    A column of lists, such as "Action|Comedy", becomes a column for each part. Raises WorkbookError
    without a file, DataError on an id that is blank or listed twice.
    """
    if not path.is_file():
        raise WorkbookError(f"{path}: there is no such file{meant_file(path)}")
    frame = _frame(path)
    names = [str(name) for name in frame.columns]
    id_name = _id_column(names, side)
    ids = frame[id_name]
    if ids.isna().any():
        raise DataError(f"{path.name}, column {id_name!r}: found a blank, expected an id")
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].tolist()[0]
        raise DataError(f"{path.name} lists {side} {twice!r} twice; each {side} once, please")
    title = next((name for name in names if name != id_name and bare(name) in _TITLES), None)
    titles = None if title is None else _texts(frame[title])
    others = [name for name in names if name not in (id_name, title)]
    columns = {key: value for name in others for key, value in _parts(name, frame[name]).items()}
    plain = None if titles is None else [text or None for text in titles]
    return About(side, ids.tolist(), plain, columns, f"{path.name}, column {id_name!r},")


def _id_column(names: Sequence[str], side: Side) -> str:
    untitled = [name for name in names if bare(name) not in _TITLES]
    plain = next((name for name in untitled if bare(name) in _IDS), None)
    return Columns.known(untitled).get(side) or plain or names[0]


def titles_beside(path: Path) -> About | None:
    """The items' titles where they stand beside the ratings in a text file with a header, the first
    of each item; None where no column is called so, or where the titles are the ids."""
    names = _header(path)
    item = Columns.known(names).get("item")
    title = next((name for name in names if name != item and bare(name) in _TITLES), None)
    if item is None or title is None or bare(title) == "username":
        return None
    frame = read_frame(path).data[[item, title]].dropna().drop_duplicates(item)
    return About("item", frame[item].tolist(), [text or None for text in _texts(frame[title])])


def _header(path: Path) -> list[str]:
    """The names in the first line of a text; none for other files."""
    if not path.is_file() or form_of(path) not in _WITH_HEADER:
        return []
    line = next(iter(first_lines(path, 1)), "")
    return [name.strip().strip('"') for name in line.split(separator_of(path))]


def _frame(path: Path) -> pd.DataFrame:
    known = LAYOUTS.get(path.name.lower())
    if known is None:
        return read_frame(path).data
    separator, names = known
    if separator == "|":
        width = len((first_lines(path, 1) or [""])[0].split("|"))
        layout = Layout("|", names[:width])
        return read_text(path, layout, Wanted(Columns(), every=True)).data
    lines = first_lines(path, 10**9)
    cells = [line.split(separator) for line in lines if line]
    return pd.DataFrame(
        {name: as_typed(pd.Series([row[at] for row in cells])) for at, name in enumerate(names)}
    )


def _texts(column: pd.Series) -> list[str]:
    return ["" if missing else str(one) for one, missing in zip(column, column.isna(), strict=True)]


def _parts(name: str, column: pd.Series) -> dict[str, list[str]]:
    texts = _texts(column)
    if not any("|" in text for text in texts):
        return {name: texts}
    lists = [text.split("|") for text in texts]
    every = sorted({part for parts in lists for part in parts if part})
    return {
        f"{name} {part}": ["yes" if part in parts else "no" for parts in lists] for part in every
    }


def described(table: RatingsTable, about: About) -> RatingsTable:
    """`table` with what is known of its users or items; an id that is not listed has blanks.

    Columns of hardly more than one value, or of hardly fewer than there are ids, tell nothing and
    are left out. Raises DataError where it lists none of them.
    """
    ids = table.user_ids if about.side == "user" else table.item_ids
    at = _places(ids, about.ids)
    if about.source and (at < 0).all():
        listed = ", ".join(map(repr, about.ids[:3]))
        raise DataError(
            f"{about.source} lists none of the {about.side}s of the ratings but {listed} …; "
            f"{ids.example()}; head the column of their ids {about.side!r}"
        )
    features = dict(table.features)
    for name, texts in about.columns.items():
        mine = [texts[place] if place >= 0 else "" for place in at.tolist()]
        if 2 <= len(set(mine)) <= min(_MOST_LEVELS, max(2, len(ids) // 2)):
            vocabulary, numbers = Vocabulary.of(mine, name)
            features[name] = Feature(about.side, numbers, vocabulary)
    titles = dict(table.titles)
    if about.titles is not None:
        titles[about.side] = tuple(
            about.titles[place] if place >= 0 else None for place in at.tolist()
        )
    return replace(table, features=features, titles=titles)


def _places(ids: Vocabulary, listed: list[Id]) -> NDArray[np.int64]:
    """Where each known id is listed (n,), by how it is written; −1 where it is not."""
    where = {str(one): place for place, one in enumerate(listed)}
    return np.array([where.get(str(one), -1) for one in ids.index.tolist()], np.int64)


def features_of(table: RatingsTable, names: tuple[str, ...]) -> dict[str, Feature]:
    """Those side columns that belong to users or to items: one level for each id that has ratings.

    A genre that stands beside every rating of a film is a feature of the film.
    """
    found: dict[str, Feature] = {}
    for name in names:
        if name in table.features:
            found[name] = table.features[name]
            continue
        sides: tuple[tuple[Side, Any, int], ...] = (
            ("item", table.items, table.n_items),
            ("user", table.users, table.n_users),
        )
        for side, ids, n in sides:
            column = table.extra[name]
            level = np.full(n, -1, np.int32)
            level[ids] = column.numbers
            if (level[ids] == column.numbers).all():
                found[name] = Feature(side, level, column.vocabulary)
                break
    return found
