"""`xlcollab gradient`: exact derivatives of a cell, Jacobians of areas, Hessians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from xlcollab.faces.request import command
from xlcollab.faces.shell import print_json, print_table
from xlcollab.settings.requests.look import GradientRequest

if TYPE_CHECKING:
    from xlcollab.api.look.curvature import Hessian, Jacobian
    from xlcollab.api.look.gradients import Gradient


@command
def gradient(request: GradientRequest) -> None:
    """Differentiate a cell by other cells through the workbook's own formulas.

    Example:  xlcollab gradient book.xlsx --of 'dotprod!V41' --with-respect-to 'dotprod!H19:V23'

    Example:  xlcollab gradient book.xlsx --of 'lesson!B1' --with-respect-to 'lesson!C1:D1' --second
    """
    from xlcollab.api import open as open_book

    book, by = open_book(request.book), request.with_respect_to
    if request.second:
        _show_hessian(book.hessian(request.of, with_respect_to=by), request.json)
    elif book.area(request.of).rect.size > 1:
        _show_jacobian(book.jacobian(request.of, with_respect_to=by), request.json)
    else:
        _show_gradient(book.gradient(request.of, with_respect_to=by), request.json)


def _show_gradient(found: Gradient, json: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    rows = zip(map(str, found.cells), found.derivatives.tolist(), strict=True)
    print_table(f"{found.of} = {found.value:.10g}", ("cell", "derivative"), rows)


def _show_jacobian(found: Jacobian, json: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    rows = [
        (str(cell), value, *row)
        for cell, value, row in zip(
            found.of, found.values.tolist(), found.derivatives.tolist(), strict=True
        )
    ]
    print_table("Jacobian", ("of", "value", *map(str, found.cells)), rows)


def _show_hessian(found: Hessian, json: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    rows = [
        (str(cell), slope, *row)
        for cell, slope, row in zip(
            found.cells, found.gradient.tolist(), found.matrix.tolist(), strict=True
        )
    ]
    headings = ("cell", "gradient", *map(str, found.cells))
    print_table(f"Hessian of {found.of} = {found.value:.10g}", headings, rows)
    shown = ", ".join(f"{one:.6g}" for one in found.eigenvalues.tolist())
    typer.echo(f"eigenvalues: {shown}")
    typer.echo(f"condition number: {found.condition:.6g}")
    typer.echo(found.sentence)
