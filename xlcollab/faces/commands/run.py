"""`xlcollab run`: the epochs of graddesc tabs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_next, print_table, say
from xlcollab.faces.window.showing import showing
from xlcollab.settings.requests.tabs import RunRequest

if TYPE_CHECKING:
    from xlcollab.api.tabs.book import TabRuns


@command
def run(request: RunRequest) -> int:
    """Run the epochs of gradient-descent tabs, as their macro buttons did, and write a copy.

    Example:  xlcollab run graddesc.xlsx --sheet momentum --epochs 100

    Example:  xlcollab run graddesc.xlsx --sheet adam --optimizer adamw --batch-size 8
    """
    return run_shown(request)


def run_shown(request: RunRequest, *, opens: bool = True) -> int:
    """Run, shown in a window where the request wants one; `opens` is for the browser to open."""
    with (
        Progress(shown=not request.json) as progress,
        showing(request.browser, opens=opens) as stream,
    ):
        from xlcollab.api.tabs.book import run_book  # a line stands already

        runs = run_book(request, stream, progress.watch_tabs(request.epochs))
    show(runs, json=request.json)
    return runs.exit_code


def show(runs: TabRuns, *, json: bool) -> None:
    """The outcome: one JSON object, or a table with a sentence per tab."""
    if json:
        print_json(runs.as_json())
        return
    headings = ("tab", "optimizer", "epochs", "loss before", "loss after", "weights", "status")
    print_table(str(runs.workbook), headings, runs.lines())
    if runs.is_comparison:
        say("The loss of all is the root of the sum of squared errors over all rows.", err=True)
    for sentence in runs.sentences():
        say(sentence, err=True)
    say(f"written to {runs.output}" if runs.output else "nothing was written")
    if runs.output:
        print_next(runs.output, _next(runs))


def _next(runs: TabRuns) -> str:
    source = shlex.quote(str(runs.workbook))
    if not runs.is_comparison:
        return f"xlcollab compare {source} --epochs 50"
    best = min((one for one in runs.runs if one.measured), key=lambda one: one.measured[-1])
    return f"xlcollab run {source} --sheet {shlex.quote(best.sheet)} --epochs 100"
