"""`xlcollab new`: a lesson workbook from a file of ratings."""

from __future__ import annotations

import shlex

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_next, say
from xlcollab.settings.requests.look import NewRequest


@command
@limited
def new(request: NewRequest) -> None:
    """Make a lesson workbook from ratings: all formulas live, a Solver model on each sheet.

    Example:  xlcollab new matrix-factorisation ratings.csv -o my_lesson.xlsx --n-factors 3

    Example:  xlcollab new matrix-factorisation u.data --items u.item
    """
    with Progress(shown=not request.json):
        from xlcollab.api.lessons.new import Size, new_book  # a line stands already

        size = Size(
            request.n_users,
            request.n_items,
            request.n_factors,
            request.test_fraction,
            request.seed,
        )
        made = new_book(
            request.kind,
            request.ratings,
            request.output,
            size,
            request.items,
            overwrite=request.overwrite,
        )
    if request.json:
        print_json(made.as_json())
        return
    say(made)
    print_next(made.output, f"xlcollab solve {shlex.quote(str(made.output))}")
