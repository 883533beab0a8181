"""`xlcollab crosstab`: long table to crosstab and back."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json


def crosstab(
    source: rat.Source,
    sheet: rat.Sheet = None,
    area: rat.Area = None,
    user_column: rat.UserColumn = None,
    item_column: rat.ItemColumn = None,
    rating_column: rat.RatingColumn = None,
    duplicates: rat.Duplicates = rat.AggregateChoice.ERROR,
    corner: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Only the densest corner of N users and M items.", metavar="N M"),
    ] = None,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Turn a long table of ratings into a crosstab, or a crosstab into a long table.

    Example:  xlcollab crosstab ratings.csv --corner 15 15 -o lesson.xlsx
    """
    given = dict(locals())
    from xlcollab.api.ratings.crosstab import cross
    from xlcollab.api.ratings.source import Place

    found = cross(Place.of(given), output, corner)
    if json:
        print_json(found.as_json())
        return
    typer.echo(f"{found.said}: {found.users} users x {found.items} items as a {found.form}")
    typer.echo(f"written to {found.output}")
