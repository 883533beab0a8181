"""`xlcollab solve`: optimise the models of a workbook."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from xlcollab.faces.beginning import beginning
from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_next, print_table, say
from xlcollab.faces.window.showing import showing
from xlcollab.settings.requests.solve import SolveRequest

if TYPE_CHECKING:
    from xlcollab.api.solve.running import Run


@command
def solve(request: SolveRequest) -> int:
    """Optimise the Solver models of a workbook, or one given here, and write a solved copy.

    Example:  xlcollab solve collab_filter.xlsx

    Example:  xlcollab solve book.xlsx --sheet dotprod --method adam --learning-rate 0.05

    Example:  xlcollab solve book.xlsx --minimize 'S!V41' --by-changing 'S!H19:V23,S!B25:F39'
    """
    return solve_shown(request)


def solve_shown(request: SolveRequest, *, opens: bool = True) -> int:
    """Solve, shown in a window where the request wants one; `opens` is for the browser to open."""
    began = beginning()  # loading what solves takes its share of a time limit
    with (
        Progress(shown=not request.json) as progress,
        showing(request.browser, opens=opens) as stream,
    ):
        from xlcollab.api.solve.running import solve_book  # takes seconds: a line stands already

        run = solve_book(
            request,
            watch=lambda model, steps: progress.watch(model.sheet, steps),
            began=began,
            viewer=stream,
        )
    if request.json:
        print_json(run.as_json())
    else:
        _show(run)
    return run.exit_code


def _show(run: Run) -> None:
    print_table(str(run.workbook), run.headings(), run.lines())
    for sentence in run.sentences():
        say(sentence, err=True)
    say(f"written to {run.output}" if run.output else "nothing was written")
    if run.output:
        name = shlex.quote(str(run.output))
        print_next(
            f"{run.output}{run.new_sheets()}",
            f"xlcollab recalc {name} --check   (our values beside those stored)",
            f"xlcollab rerun {name}   (the same run again)",
            "xlcollab docs   (the lesson explained)",
        )
