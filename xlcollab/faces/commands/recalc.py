"""`xlcollab recalc`: evaluate all formulas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from xlcollab.faces.request import command
from xlcollab.faces.shell import print_json, print_table
from xlcollab.settings.requests.look import RecalcRequest

if TYPE_CHECKING:
    from xlcollab.api.look.checking import Check


_MOST_SHOWN = 500
"""Differences that are printed."""


@command
def recalc(request: RecalcRequest) -> None:
    """Evaluate every formula with our own engine, and store or compare the values.

    With --check, BOOK may be a folder: one line a book and a total.

    Example:  xlcollab recalc collab_filter.xlsx --check
    """
    if request.check and request.book.is_dir():
        _check_folder(request.book, json=request.json)
        return
    from xlcollab.api import open as open_book
    from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside

    opened = open_book(request.book)
    output, overwrite = request.output, request.overwrite
    if not request.check:
        refuse_target(opened, output, "recalc", overwrite=overwrite)
        refuse_unchangeable(opened, sheets=False)
        opened.made_by("recalc", request)
    found = opened.recalculate()
    target = None
    if not request.check:
        target = save_beside(opened, output, "recalc", overwrite=overwrite)
    if request.json:
        print_json(found.as_json(target))
    else:
        _show(found, target)


def _check_folder(folder: Path, *, json: bool) -> None:
    from xlcollab.api.look.folders import BookCheck, Total, books_in, check_books

    total, checks = Total(), list[BookCheck]()
    for one in check_books(folder, books_in(folder)):
        total.add(one)
        checks.append(one)
        if not json:
            typer.echo(str(one))
    if json:
        print_json({"books": [one.as_json() for one in checks], "total": total.as_json()})
    else:
        typer.echo(str(total))


def _show(found: Check, target: Path | None) -> None:
    shown = found.differences[:_MOST_SHOWN]
    rows = [(str(d.cell), repr(d.stored), repr(d.computed)) for d in shown]
    if rows:
        print_table("differences", ("cell", "stored", "computed"), rows)
    if len(found.differences) > len(shown):
        typer.echo(f"… and {len(found.differences) - len(shown)} more (--json lists them all)")
    refused = [(str(u.area), u.reason) for u in found.unsupported]
    if refused:
        print_table("not evaluated", ("cells", "reason"), refused)
    typer.echo(found.line)
    if target is not None:
        typer.echo(f"written to {target}")
