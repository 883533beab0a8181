"""`xlcollab new`: a lesson workbook from anybody's ratings."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.lessons.evaluated import write_evaluated
from xlcollab.api.session.provenance import Provenance, record_of
from xlcollab.disk import refuse_others, refuse_unwritable
from xlcollab.errors import UsageError
from xlcollab.files import is_result
from xlcollab.lessons import BIAS, DOTPROD, SIGMOID, Rating, Sizes, factorisation_pages
from xlcollab.ratings import RatingsTable, densest_corner, merge_duplicates, read_ratings
from xlcollab.ratings.features import described, read_about, titles_beside
from xlcollab.settings.counting import amount
from xlcollab.settings.requests.look import NewRequest

_SHEETS = ("dotprod", "bias", "sigmoid", "control")
"""By which a lesson is known."""
_MOST_CELLS = 250_000
"""Of one block of predictions, of which a lesson has several: more make Excel slow to
recalculate."""
_MOST_FACTORS = 100
"""Rows and columns of weights beside the predictions; a formula's product goes over them all."""
_L2 = 0.03
"""The penalty that the control sheet begins with; without any, few ratings are learned by heart."""
_LONGEST_LABEL = 40
"""Characters of a user's or an item's name, which stands turned above a column."""
_PATTERNS = "*?~"
"""Signs that COUNTIFS takes for patterns; they are left out of labels."""
_OPERATORS = "=<> "
"""What COUNTIFS takes for an operator in front."""
_UNSHOWN = ("C", "Zl", "Zp")
"""Categories of Unicode that no label shows: control signs, halves of pairs, line ends."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the ratings goes into the workbook, and how much is kept for the test."""

    n_users: int = 15
    n_items: int = 15
    n_factors: int = 5
    test_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, most in (("n_users", 1000), ("n_items", 1000), ("n_factors", _MOST_FACTORS)):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise UsageError(f"{name} is {value}; expected a whole number from 1 to {most}")
        if not 0 <= self.test_fraction < 1:
            raise UsageError(f"test_fraction is {self.test_fraction}; expected 0 up to below 1")
        if self.n_users * self.n_items > _MOST_CELLS:
            raise UsageError(
                f"{self.n_users} × {self.n_items} cells are too many for a lesson; the most is "
                f"{_MOST_CELLS:,}. For whole tables use `xlcollab fit`"
            )


@dataclass(frozen=True, slots=True)
class NewBook:
    """What was made."""

    output: Path
    n_users: int
    n_items: int
    n_ratings: int

    def as_json(self) -> dict[str, object]:
        return {
            "output": str(self.output),
            "users": self.n_users,
            "items": self.n_items,
            "ratings": self.n_ratings,
        }

    def __str__(self) -> str:
        return (
            f"{amount(self.n_ratings, 'rating')} of {amount(self.n_users, 'user')} and "
            f"{amount(self.n_items, 'item')} written to {self.output}"
        )


def new_book(
    kind: str,
    ratings: str | Path,
    output: str | Path | None = None,
    size: Size = Size(),
    items: Path | None = None,
    *,
    overwrite: bool = False,
) -> NewBook:
    """Write a lesson workbook of that kind from a file of ratings.

    The users and items with the most ratings are taken; a pair rated twice counts with its mean.
    Items are called by their titles where `items`, a table of them, or a column beside the ratings
    has some. Default output: "<ratings>.lesson.xlsx" beside the file.

    Raises UsageError for an unknown kind, an unreadable file name or an impossible size, DataError
    for ratings that cannot be used.
    """
    if kind not in KINDS:
        swapped = "; the kind comes first, then the ratings" if Path(kind).suffix else ""
        raise UsageError(f"no lesson of kind {kind!r}; there is {', '.join(KINDS)}{swapped}")
    source = Path(ratings)
    target = Path(output) if output is not None else source.with_suffix(".lesson.xlsx")
    if target.suffix.lower() != ".xlsx":
        raise UsageError(f"{target} should end in .xlsx")
    refuse_unwritable(target)
    refuse_others(target, "a lesson", _is_lesson, overwrite=overwrite)
    table = merge_duplicates(read_ratings(source, duplicates="mean", dtype=np.float64), "mean")
    request = NewRequest(
        kind=kind,
        ratings=source,
        items=items,
        **{one.name: getattr(size, one.name) for one in fields(size)},
    )
    about = titles_beside(source) if items is None else read_about(items, "item")
    titled = table if about is None else described(table, replace(about, columns={}))
    return KINDS[kind](titled, target, size, record_of(Provenance.of("new", request), target))


def _is_lesson(path: Path) -> bool:
    return is_result(path, "", _SHEETS)


def _matrix_factorisation(table: RatingsTable, target: Path, size: Size, run: str) -> NewBook:
    corner = densest_corner(table, size.n_users, size.n_items, refine=True)
    users = labels(corner.user_ids.index, "user")
    items = labels(_called(corner, table), "item")
    rows = [
        Rating(users[user], items[item], float(value), draw)
        for user, item, value, draw in zip(
            corner.users, corner.items, corner.ratings, _draws(corner, size), strict=True
        )
    ]
    sizes = Sizes(size.n_factors, size.test_fraction, l2=_L2, seed=size.seed, item="item")
    pages = factorisation_pages(rows, sizes, (DOTPROD, BIAS, SIGMOID), users=users, items=items)
    write_evaluated(target, pages, title="Matrix factorisation", run=run)
    return NewBook(target, len(users), len(items), len(rows))


def _called(corner: RatingsTable, table: RatingsTable) -> list[object]:
    """The titles of the corner's items, their ids where none is known."""
    titles = dict(zip(table.item_ids.index.tolist(), table.titles.get("item", ()), strict=False))
    return [titles.get(one) or one for one in corner.item_ids.index.tolist()]


KINDS: Mapping[str, Callable[[RatingsTable, Path, Size, str], NewBook]] = MappingProxyType(
    {"matrix-factorisation": _matrix_factorisation, "matrix-factorization": _matrix_factorisation}
)


def labels(ids: Sequence[object], kind: str) -> list[str]:
    """Ids as texts that formulas can tell apart: "user 7" for numbers, no wildcards, no operators
    in front, short, and different even when case is ignored."""
    taken: set[str] = set()
    found = []
    for one in ids:
        text = _cut(_shown(str(one))) or kind
        label = text = f"{kind} {text}" if _looks_like_number(text) else text
        number = 2
        while label.casefold() in taken:
            label, number = f"{text} ({number})", number + 1
        taken.add(label.casefold())
        found.append(label)
    return found


def _cut(text: str) -> str:
    """As long as a label may be; a longer text ends behind a word, where one ends late enough."""
    text = text.strip()
    if len(text) <= _LONGEST_LABEL:
        return text
    whole, _, _ = text[:_LONGEST_LABEL].rpartition(" ")
    kept = whole if len(whole) > _LONGEST_LABEL // 2 else text[: _LONGEST_LABEL - 1]
    return kept.rstrip(" ,;:-–") + "…"


def _shown(text: str) -> str:
    """What is left of an id. The front is judged last: nothing that is dropped may hide it."""
    kept = (" " if unicodedata.category(char).startswith(_UNSHOWN) else char for char in text)
    words = "".join(char for char in kept if char not in _PATTERNS).split()
    return " ".join(words).lstrip(_OPERATORS)


def _looks_like_number(text: str) -> bool:
    """Criteria take "7", "1e3", "3/4", "3 May", "5 PM", "TRUE" or "#N/A" for no text."""
    if text.startswith("#") or text.casefold() in ("true", "false"):
        return True
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return all(word in _OF_NUMBERS or _is_month(word) for word in words)


def _is_month(word: str) -> bool:
    return len(word) >= 3 and any(month.startswith(word) for month in _MONTHS)


_OF_NUMBERS = frozenset(("e", "am", "pm", "a", "p", "eur", "usd"))
_MONTHS = tuple(name.casefold() for name in calendar.month_name[1:])


def _draws(table: RatingsTable, size: Size) -> NDArray[np.float64]:
    """A number in [0, 1) for each rating; test ratings are those below the test fraction.

    A split column decides where there is one: its test ratings draw 0, all others nearly 1.
    """
    if table.split is not None:
        return np.where(table.split.astype(str) == "test", 0.0, 0.999)
    return np.round(np.random.default_rng(size.seed).random(len(table)), 4)
