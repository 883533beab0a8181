"""`xlcollab recalc`: evaluate all formulas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_table, say
from xlcollab.settings.requests.look import RecalcRequest

if TYPE_CHECKING:
    from xlcollab.api.look.checking import Check
    from xlcollab.api.look.folders import BookCheck


_MOST_SHOWN = 500
"""Differences that are printed."""


@command
@limited
def recalc(request: RecalcRequest) -> None:
    """Evaluate every formula with our own engine, and store or compare the values.

    With --check, BOOK may be a folder: one line a book and a total. Differences are what it tells,
    not a failure: the exit code is 0 whatever their number, which --json gives to scripts.

    Example:  xlcollab recalc collab_filter.xlsx --check
    """
    if request.check and request.book.is_dir():
        _check_folder(request.book, json=request.json)
        return
    with Progress(shown=not request.json):
        found, target = _recalculated(request)
    if request.json:
        print_json(found.as_json(target))
    else:
        _show(found, target)


def _recalculated(request: RecalcRequest) -> tuple[Check, Path | None]:
    """What became of the formulas, and the file that was written."""
    from xlcollab.api import open as open_book
    from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside

    opened = open_book(request.book)
    if request.check:
        return opened.recalculate(), None
    output, overwrite = request.output, request.overwrite
    refuse_target(opened, output, "recalc", overwrite=overwrite)
    refuse_unchangeable(opened, sheets=False)
    opened.made_by("recalc", request)
    found = opened.recalculate()
    return found, save_beside(opened, output, "recalc", overwrite=overwrite)


def _check_folder(folder: Path, *, json: bool) -> None:
    """A sentence for each book, below a line that stands while it is worked on."""
    with Progress(shown=not json):
        from xlcollab.api.look.folders import Total, books_in, check_books  # a line stands already

        books = iter(check_books(folder, books_in(folder)))
        one = next(books, None)
    total = Total()
    checks: list[BookCheck] = []
    while one is not None:
        total.add(one)
        checks.append(one)
        if not json:
            say(str(one))
        with Progress(shown=not json):
            one = next(books, None)
    if json:
        print_json({"books": [one.as_json() for one in checks], "total": total.as_json()})
    else:
        say(str(total))


def _show(found: Check, target: Path | None) -> None:
    shown = found.differences[:_MOST_SHOWN]
    rows = [(str(d.cell), repr(d.stored), repr(d.computed)) for d in shown]
    if rows:
        print_table("differences", ("cell", "stored", "computed"), rows)
    if len(found.differences) > len(shown):
        say(f"… and {len(found.differences) - len(shown)} more (--json lists them all)")
    refused = [(str(u.area), u.reason) for u in found.unsupported]
    if refused:
        print_table("not evaluated", ("cells", "reason"), refused)
    say(found.line)
    if target is not None:
        say(f"written to {target}")
