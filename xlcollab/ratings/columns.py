"""Which column is the user, the item, the rating …: guessed from its name, or said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from xlcollab.errors import UsageError
from xlcollab.settings.near import meant

NAMES = {
    "user": "user userid uid usernumber customer customerid reader member reviewer reviewerid",
    "item": "item itemid iid movie movieid product productid book bookid isbn title song asin",
    "rating": "rating ratings score stars value vote overall",
    "time": "time timestamp date datetime ratedat unixtime",
    "split": "split fold part set subset",
}
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

    def resolve(self, names: Sequence[str], source: str) -> Columns:
        """The same with every guess made from `names`, the header of `source`.

        Raises UsageError if a said column is not there, or user, item or rating cannot be guessed.
        """
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        wanted = [name for name in said.values() if isinstance(name, str)] + list(self.extra)
        for name in wanted:
            if name not in names:
                raise UsageError(
                    f"{source} has no column {name!r}; its columns: {_list(names)}"
                    f"{meant(name, map(str, names))}"
                )
        left = [name for name in names if name not in wanted]
        found = {role: said[role] or _guess(role, left) for role in NAMES}
        for role in REQUIRED:
            if found[role] is None:
                raise UsageError(
                    f"{source}: no column looks like the {role}; its columns: {_list(names)}; "
                    f"name the {role} column"
                )
        return Columns(**found, extra=self.extra)

    @staticmethod
    def known(names: Sequence[str]) -> dict[str, str]:
        """{role: name} of the roles that can be guessed from the names."""
        found = {role: _guess(role, names) for role in NAMES}
        return {role: name for role, name in found.items() if name is not None}


def _guess(role: str, names: Sequence[str]) -> str | None:
    known = NAMES[role].split()
    return next((name for name in names if bare(name) in known), None)


def bare(name: str) -> str:
    """'User_ID:token' → 'userid' (the part after a colon is RecBole's type)."""
    return "".join(c for c in str(name).split(":")[0].lower() if c.isalnum())


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
