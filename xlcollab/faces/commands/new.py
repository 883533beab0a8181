"""`xlcollab new`: a lesson workbook from a file of ratings."""

from __future__ import annotations

import typer

from xlcollab.faces.request import command
from xlcollab.faces.shell import print_json
from xlcollab.settings.requests.look import NewRequest


@command
def new(request: NewRequest) -> None:
    """Make a lesson workbook from ratings: all formulas live, a Solver model on each sheet.

    Example:  xlcollab new matrix-factorisation ratings.csv -o my_lesson.xlsx --n-factors 3
    """
    from xlcollab.api.lessons.new import Size, new_book

    size = Size(
        request.n_users,
        request.n_items,
        request.n_factors,
        request.test_fraction,
        request.seed,
    )
    made = new_book(
        request.kind, request.ratings, request.output, size, overwrite=request.overwrite
    )
    print_json(made.as_json()) if request.json else typer.echo(made)
