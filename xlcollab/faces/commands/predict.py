"""`xlcollab predict`: ratings of pairs, or of a whole crosstab, by a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json, print_table

_SHOWN = 20
"""Columns of a crosstab that a terminal can show."""


def predict(
    model: rat.ModelFile,
    user: Annotated[list[str] | None, typer.Option(help="A user id; repeatable.")] = None,
    item: Annotated[list[str] | None, typer.Option(help="An item id; repeatable.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="A table with columns for user and item.")
    ] = None,
    crosstab: Annotated[
        bool, typer.Option("--crosstab", help="Every user with every item, or with those named.")
    ] = False,
    unknown_ids: Annotated[
        bool, typer.Option("--unknown-ids", help="Let unknown ids have what is known without them.")
    ] = False,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Predict ratings of user and item pairs, of a table of them, or of a whole crosstab.

    Example:  xlcollab predict model.xlsx --user 14 --item 417

    Example:  xlcollab predict model.xlsx --crosstab -o predictions.xlsx
    """
    from xlcollab.api.ratings.predict import PredictRequest, as_json, predictions_of

    table = predictions_of(
        PredictRequest(
            model=model,
            users=tuple(user or ()),
            items=tuple(item or ()),
            pairs=pairs,
            crosstab=crosstab,
            unknown_ids=unknown_ids,
            output=output,
        )
    )
    if json:
        print_json(as_json(table))
    elif output is None:
        rows = [[_short(cell) for cell in row[:_SHOWN]] for row in table.rows]
        print_table(str(model), table.columns[:_SHOWN], rows)
    else:
        typer.echo(f"written to {output}")


def _short(cell: object) -> object:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
