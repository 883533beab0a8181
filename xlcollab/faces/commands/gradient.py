"""`xlcollab gradient`: the exact derivative of a cell."""

from __future__ import annotations

from xlcollab.faces.request import command
from xlcollab.faces.shell import print_json, print_table
from xlcollab.settings.requests.look import GradientRequest


@command
def gradient(request: GradientRequest) -> None:
    """Differentiate a cell by other cells through the workbook's own formulas.

    Example:  xlcollab gradient book.xlsx --of 'dotprod!V41' --with-respect-to 'dotprod!H19:V23'
    """
    from xlcollab.api import open as open_book

    found = open_book(request.book).gradient(request.of, with_respect_to=request.with_respect_to)
    if request.json:
        print_json(found.as_json())
        return
    rows = zip(map(str, found.cells), found.derivatives.tolist(), strict=True)
    print_table(f"{found.of} = {found.value:.10g}", ("cell", "derivative"), rows)
