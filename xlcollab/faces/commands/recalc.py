"""`xlcollab recalc`: evaluate all formulas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import print_json, print_table

if TYPE_CHECKING:
    from xlcollab.api.look.checking import Check


def recalc(
    book: opt.Book,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare with the stored values; write nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: BOOK.recalc.xlsx.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """Evaluate every formula with our own engine, and store or compare the values.

    Example:  xlcollab recalc collab_filter.xlsx --check
    """
    from xlcollab.api import open as open_book
    from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside

    opened = open_book(book)
    if not check:
        refuse_target(opened, output, "recalc")
        refuse_unchangeable(opened, sheets=False)
    found = opened.recalculate()
    target = None if check else save_beside(opened, output, "recalc")
    if json:
        print_json(found.as_json(target))
    else:
        _show(found, target)


def _show(found: Check, target: Path | None) -> None:
    rows = [(str(d.cell), repr(d.stored), repr(d.computed)) for d in found.differences]
    if rows:
        print_table("differences", ("cell", "stored", "computed"), rows)
    refused = [(str(u.area), u.reason) for u in found.unsupported]
    if refused:
        print_table("not evaluated", ("cells", "reason"), refused)
    typer.echo(
        f"{found.formulas} formula cells: {found.matched} as stored, {len(rows)} differ, "
        f"{found.not_evaluated} not evaluated, {found.volatile} volatile"
    )
    if target is not None:
        typer.echo(f"written to {target}")
