"""`xlcollab recommend`: what a user may like, or what is like an item."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json, print_table


def recommend(
    model: rat.ModelFile,
    user: Annotated[str | None, typer.Option(help="The user to recommend to.")] = None,
    like: Annotated[str | None, typer.Option(help="Instead: items like this one.")] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Instead: for every user, into a file.")
    ] = False,
    k: Annotated[int, typer.Option("-k", help="How many items.")] = 10,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Rank the items a user has not rated, or the items most like one item.

    Example:  xlcollab recommend model.xlsx --user 14 -k 10

    Example:  xlcollab recommend model.xlsx --all -o recommendations.csv
    """
    from xlcollab.api.ratings.recommend import ranked, recommend_all

    if everyone:
        rows = recommend_all(model, user, like, k, output)
        if json:
            print_json({"rows": rows, "output": str(output)})
        else:
            typer.echo(f"{rows} recommendations are in {output}")
        return
    found = ranked(model, user, like, k, output)
    if json:
        print_json(found.as_json())
        return
    value = "rating" if like is None else "cosine"
    rows_shown = zip(map(str, found.items), found.values, strict=True)
    print_table(str(model), ("item", value), rows_shown)
    if found.note:
        typer.echo(found.note, err=True)
