"""Long table ⇄ crosstab, and the densest corner: `xlcollab crosstab`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.sheets import check_table_file, write_table
from xlcollab.api.ratings.source import read_source
from xlcollab.api.ratings.wide import Wide, write_wide
from xlcollab.api.session.provenance import Provenance
from xlcollab.disk import output_path
from xlcollab.factor import Table
from xlcollab.ratings import RatingsTable, densest_corner, to_crosstab
from xlcollab.settings.counting import amount
from xlcollab.settings.requests.ratings import CrosstabRequest


@dataclass(frozen=True, slots=True)
class Crossed:
    """What was read, what was made of it, and where it is."""

    said: str
    form: str
    users: int
    items: int
    ratings: int
    output: Path

    def as_json(self) -> dict[str, object]:
        return {
            "source": self.said,
            "form": self.form,
            "users": self.users,
            "items": self.items,
            "ratings": self.ratings,
            "output": str(self.output),
        }


def cross(request: CrosstabRequest) -> Crossed:
    """A long table becomes a crosstab and a crosstab a long table.

    With a `corner` (users, items) the densest one is written as a crosstab whatever was read.
    Written as .xlsx, .csv or .parquet, as the output's ending says. Raises UsageError where the
    target is the source.
    """
    place, corner = request.place, request.corner
    target = request.output or output_path(place.source, "crosstab").with_suffix(".xlsx")
    check_table_file(
        target, "ratings", ("user",), inputs=[place.source], overwrite=request.overwrite
    )
    found = read_source(place)
    table = densest_corner(found.table, *corner) if corner else found.table
    run = Provenance.of("crosstab", request)
    is_long = found.is_crosstab and corner is None
    if is_long:
        write_table(_long(table), target, run)
    else:
        _write_wide(table, target, run)
    form = "long table" if is_long else "crosstab"
    return Crossed(found.said, form, table.n_users, table.n_items, len(table), target)


def _long(table: RatingsTable) -> Table:
    users, items = table.user_ids.ids(table.users), table.item_ids.ids(table.items)
    rows = list(zip(users, items, table.ratings.tolist(), strict=True))
    return Table("ratings", ("user", "item", "rating"), list(rows))


def _write_wide(table: RatingsTable, target: Path, run: Provenance) -> None:
    frame = to_crosstab(table)
    cells = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    users = frame.index.tolist()
    rated, users_down = amount(len(table), "rating"), amount(table.n_users, "user")
    told = f"{rated} of {users_down} (down) and {amount(table.n_items, 'item')}"
    write_wide(
        Wide("ratings", f"crosstab, {told} (across)", frame.columns.tolist()),
        [(user, *row) for user, row in zip(users, cells, strict=True)],
        target,
        run,
    )
