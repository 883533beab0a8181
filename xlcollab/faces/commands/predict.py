"""`xlcollab predict`: ratings of pairs by a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json, print_table


def predict(
    model: rat.ModelFile,
    user: Annotated[list[str] | None, typer.Option(help="A user id; repeatable.")] = None,
    item: Annotated[list[str] | None, typer.Option(help="An item id; repeatable.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="A CSV or Parquet file of pairs.")] = None,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Predict ratings of user and item pairs.

    Example:  xlcollab predict model.xlsx --user 14 --item 417
    """
    from xlcollab.api.ratings_use import predictions_of, write_predictions

    found = predictions_of(model, user, item, pairs)
    if output is not None:
        typer.echo(f"written to {write_predictions(found, output)}", err=json)
    if json:
        print_json(found.as_json())
    elif output is None:
        print_table(str(model), ("user", "item", "rating"), found.rows())
