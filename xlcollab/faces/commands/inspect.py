"""`xlcollab inspect`: what is in a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcollab.faces.request import command
from xlcollab.faces.shell import print_json, print_table, say
from xlcollab.settings.requests.look import InspectRequest

if TYPE_CHECKING:
    from xlcollab.api.look.inspecting import Inspection


@command
def inspect(request: InspectRequest) -> None:
    """Show which models, formulas and functions a workbook holds, and what cannot be understood.

    Example:  xlcollab inspect collab_filter.xlsx
    """
    from xlcollab.api import open as open_book

    found = open_book(request.book).inspect()
    if request.json:
        print_json(found.as_json())
    else:
        _show(found)


def _show(found: Inspection) -> None:
    sheets = [(s.name, f"{s.rows} x {s.columns}", s.formulas, s.families) for s in found.sheets]
    print_table(found.workbook, ("sheet", "cells", "formulas", "distinct"), sheets)
    models = [(m.sheet, m.asked, m.size, len(m.constraints)) for m in found.models]
    print_table("Solver models", ("sheet", "objective", "variables", "constraints"), models)
    saved = [(str(s.area), s.asked) for s in found.saved]
    print_table("Solver models saved in cells (--load-model)", ("cells", "objective"), saved)
    tabs = ("sheet", "optimizer", "model", "rows", "settings", "copies")
    print_table("graddesc tabs", tabs, found.tab_lines())
    ratings = [
        (str(r.area), r.form, r.count, r.blanks if r.is_crosstab else "") for r in found.ratings
    ]
    print_table("what may be ratings (for fit)", ("area", "form", "filled", "blank"), ratings)
    print_table("functions", ("function", "formulas"), found.functions.items())
    for problem in found.problems:
        say(f"! {problem}")
