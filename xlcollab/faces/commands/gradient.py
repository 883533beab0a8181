"""`xlcollab gradient`: exact derivatives of a cell, Jacobians of areas, Hessians."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_table, say
from xlcollab.settings.requests.look import GradientRequest

if TYPE_CHECKING:
    from xlcollab.api.look.curvature import Hessian, Jacobian
    from xlcollab.api.look.gradients import Gradient


@command
@limited
def gradient(request: GradientRequest) -> None:
    """Differentiate a cell by other cells through the workbook's own formulas.

    Example:  xlcollab gradient book.xlsx --of 'dotprod!B4' --with-respect-to 'dotprod!H6:V10'

    Example:  xlcollab gradient book.xlsx --of 'lesson!B1' --with-respect-to 'lesson!C1:D1' --second

    Example:  xlcollab gradient book.xlsx --of 'S!B1:B3' --with-respect-to 'S!A1:A2' -o slopes.xlsx
    """
    with Progress(shown=not request.json):
        from xlcollab.api.look.curvature import Hessian, Jacobian  # a line stands already
        from xlcollab.api.look.derivative_sheets import derive

        done = derive(request)
    if request.json:
        print_json(done.as_json())
        return
    found = done.found
    if isinstance(found, Hessian):
        _show_hessian(found)
    elif isinstance(found, Jacobian):
        _show_jacobian(found)
    else:
        _show_gradient(found)
    if done.output is not None:
        say(f"written to {done.output}")


def _show_gradient(found: Gradient) -> None:
    rows = zip(map(str, found.cells), found.derivatives.tolist(), strict=True)
    print_table(f"{found.of} = {found.value:.10g}", ("cell", "derivative"), rows)


def _show_jacobian(found: Jacobian) -> None:
    rows = [
        (str(cell), value, *row)
        for cell, value, row in zip(
            found.of, found.values.tolist(), found.derivatives.tolist(), strict=True
        )
    ]
    print_table("Jacobian", ("of", "value", *map(str, found.cells)), rows)


def _show_hessian(found: Hessian) -> None:
    rows = [
        (str(cell), slope, *row)
        for cell, slope, row in zip(
            found.cells, found.gradient.tolist(), found.matrix.tolist(), strict=True
        )
    ]
    headings = ("cell", "gradient", *map(str, found.cells))
    print_table(f"Hessian of {found.of} = {found.value:.10g}", headings, rows)
    shown = ", ".join(f"{one:.6g}" for one in found.eigenvalues.tolist())
    say(f"eigenvalues: {shown}")
    say(f"condition number: {found.condition:.6g}")
    say(found.sentence)
