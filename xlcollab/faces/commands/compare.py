"""`xlcollab compare`: all optimisers of a workbook in one chart."""

from __future__ import annotations

from xlcollab.faces.commands.run import show
from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress
from xlcollab.settings.requests.tabs import CompareRequest


@command
def compare(request: CompareRequest) -> int:
    """Run every gradient-descent tab from the same start; one sheet and chart of all losses.

    Example:  xlcollab compare graddesc.xlsx --epochs 50

    Example:  xlcollab compare graddesc.xlsx --epochs 50 --optimizer adam --learning-rate 1
    """
    with Progress(shown=not request.json):
        from xlcollab.api.tabs.book import compare_book  # a line stands already

        runs = compare_book(request)
    show(runs, json=request.json)
    return runs.exit_code
