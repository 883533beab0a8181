"""`xlcollab new`: a lesson workbook from a file of ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import print_json


def new(
    kind: Annotated[str, typer.Argument(help="What to make: matrix-factorisation.")],
    ratings: Annotated[
        Path, typer.Argument(help="A table of user, item, rating: .csv, .parquet …")
    ],
    output: opt.Output = None,
    n_users: Annotated[int, typer.Option(help="Users with the most ratings.")] = 15,
    n_items: Annotated[int, typer.Option(help="Items with the most ratings.")] = 15,
    n_factors: Annotated[int, typer.Option(help="Factors per user and item.")] = 5,
    test_fraction: Annotated[float, typer.Option(help="Share of ratings kept for the test.")] = 0.2,
    seed: opt.Seed = 0,
    json: opt.Json = False,
) -> None:
    """Make a lesson workbook from ratings: all formulas live, a Solver model on each sheet.

    Example:  xlcollab new matrix-factorisation ratings.csv -o my_lesson.xlsx --n-factors 3
    """
    from xlcollab.api.lessons.new import Size, new_book

    made = new_book(kind, ratings, output, Size(n_users, n_items, n_factors, test_fraction, seed))
    print_json(made.as_json()) if json else typer.echo(made)
