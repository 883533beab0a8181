"""`xlcollab gradient`: the exact derivative of a cell."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import print_json, print_table


def gradient(
    book: opt.Book,
    of: Annotated[str, typer.Option("--of", help="The cell, such as dotprod!V41.")],
    with_respect_to: Annotated[
        str, typer.Option("--with-respect-to", help="Constant cells, such as dotprod!H19:V23.")
    ],
    json: opt.Json = False,
) -> None:
    """Differentiate a cell by other cells through the workbook's own formulas.

    Example:  xlcollab gradient book.xlsx --of 'dotprod!V41' --with-respect-to 'dotprod!H19:V23'
    """
    from xlcollab.api import open as open_book

    found = open_book(book).gradient(of, with_respect_to=with_respect_to)
    if json:
        print_json(found.as_json())
        return
    rows = zip(map(str, found.cells), found.derivatives.tolist(), strict=True)
    print_table(f"{found.of} = {found.value:.10g}", ("cell", "derivative"), rows)
