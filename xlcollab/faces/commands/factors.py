"""`xlcollab factors`: a sheet and charts of what the factors say about the items."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import print_json, print_table


def factors(
    book: opt.Book,
    sheet: Annotated[str | None, typer.Option(help="The sheet with the factors.")] = None,
    items: Annotated[str | None, typer.Option(help="The factors' cells.", metavar="AREA")] = None,
    bias: Annotated[str | None, typer.Option(help="The biases' cells.", metavar="AREA")] = None,
    components: Annotated[int, typer.Option(help="Principal components.", min=1, max=3)] = 2,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Add a sheet with the items' factors, principal components, biases and nearest items.

    Example:  xlcollab factors collab_filter.solved.xlsx --sheet bias --components 3
    """
    from xlcollab.api.factors.book import write_factors

    found, target = write_factors(
        book, sheet, items=items, bias=bias, components=components, output=output
    )
    if json:
        print_json(found.as_json() | {"output": str(target)})
        return
    shares = [(f"pc{i + 1}", share) for i, share in enumerate(found.explained.tolist())]
    print_table(f"{len(found.items)} items of {found.sheet}", ("component", "variance"), shares)
    typer.echo(f"written to {target}")
