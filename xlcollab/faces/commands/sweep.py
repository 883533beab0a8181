"""`xlcollab sweep`: the same model for many values of its constants."""

from __future__ import annotations

from xlcollab.faces.beginning import beginning
from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_table, say
from xlcollab.settings.requests.sweep import SweepRequest


@command
def sweep(request: SweepRequest) -> int:
    """Solve a model for each value of a cell, for named scenarios, or draw its random cells.

    Example:  xlcollab sweep book.xlsx --parameter 'S!B3=1:10:10'

    Example:  xlcollab sweep book.xlsx --parameter 'S!B3=1:10:10' --parameter 'S!B4=0,5,10'

    Example:  xlcollab sweep book.xlsx --samples 1000
    """
    began = beginning()  # loading what solves takes its share of a time limit
    with Progress(shown=not request.json):
        from xlcollab.api.solve.sweeping import sweep_book  # takes seconds: a line stands already

        found = sweep_book(request, began)
    if request.json:
        print_json(found.as_json())
        return found.exit_code
    print_table(str(request.book), found.headings, found.lines)
    for text in found.warnings:
        say(f"warning: {text}", err=True)
    say(f"written to {found.output}")
    return found.exit_code
