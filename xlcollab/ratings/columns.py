"""Which column is the user, the item, the rating …: guessed from its name, or said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from xlcollab.errors import UsageError
from xlcollab.settings.near import meant

NAMES = {
    "user": "user userid uid usernumber username customer customerid customernumber client "
    "clientid reader member memberid reviewer reviewerid account accountid visitor visitorid "
    "buyer person customername kunde kundennummer kundin nutzer benutzer utilisateur",
    "item": "item itemid iid movie movieid film filmid product productid book bookid isbn title "
    "song songid track trackid artist artistid article articleid asin sku stockcode show game "
    "gameid productname itemname moviename movietitle artikel artikelnummer produkt buch produit",
    "rating": "rating ratings score scores stars star value vote votes overall grade ratingvalue "
    "reviewscore bewertung note sterne",
    "time": "time timestamp date datetime ratedat unixtime unixreviewtime createdat",
    "split": "split fold part set subset",
}
COUNTS = (
    "count counts quantity qty plays playcount purchases orders clicks views listens weight times "
    "frequency events interactions bought"
)
"""What the third column may be called besides where counts are read."""
REQUIRED = ("user", "item", "rating")


@dataclass(frozen=True)
class Columns:
    """Names of the columns to use; None means guess. `extra` columns become side features."""

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    time: str | None = None
    split: str | None = None
    extra: tuple[str, ...] = ()
    counts: bool = False
    """Whether counts are read instead of ratings; without a column for them each row is one."""

    def resolve(self, names: Sequence[str], source: str) -> Columns:
        """The same with every guess made from `names`, the header of `source`.

        Raises UsageError if a said column is not there or is said for two roles, or user, item or
        rating cannot be guessed.
        """
        self._refuse_twice()
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        wanted = [name for name in said.values() if isinstance(name, str)] + list(self.extra)
        for name in wanted:
            if name not in names:
                raise UsageError(
                    f"{source} has no column {name!r}; its columns: {_list(names)}"
                    f"{meant(name, map(str, names))}"
                )
        left = [name for name in names if name not in wanted]
        found = {role: said[role] or _guess(role, left, self.counts) for role in NAMES}
        for role in REQUIRED[: 2 if self.counts else 3]:
            if found[role] is None:
                raise UsageError(
                    f"{source}: no column looks like the {role}; its columns: {_list(names)}; "
                    f"name the {role} column, or head it {role!r}{_if_headless(names)}"
                )
        return Columns(**found, extra=self.extra, counts=self.counts)

    def _refuse_twice(self) -> None:
        of: dict[str, str] = {}
        for role in NAMES:
            name = getattr(self, role)
            if name is not None and name in of:
                raise UsageError(
                    f"the column {name!r} is named as the {of[name]} and as the {role}; a column "
                    "is one of them"
                )
            of[name] = role

    @staticmethod
    def known(names: Sequence[str], *, counts: bool = False) -> dict[str, str]:
        """{role: name} of the roles that can be guessed from the names."""
        found = {role: _guess(role, names, counts) for role in NAMES}
        return {role: name for role, name in found.items() if name is not None}


def _guess(role: str, names: Sequence[str], counts: bool = False) -> str | None:
    """The name that is called most like the role: earlier words before later ones."""
    known = (COUNTS.split() if counts and role == "rating" else []) + NAMES[role].split()
    found = {bare(name): name for name in reversed(names)}
    return next((found[word] for word in known if word in found), None)


def _if_headless(names: Sequence[str]) -> str:
    """What else may be meant where a name of a column is a number."""
    if not any(str(name).strip().replace(".", "", 1).isdigit() for name in names):
        return ""
    return ", or say --no-header if the first line is a rating already"


def bare(name: str) -> str:
    """'User_ID:token' → 'userid' (the part after a colon is RecBole's type)."""
    return "".join(c for c in str(name).split(":")[0].lower() if c.isalnum())


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
