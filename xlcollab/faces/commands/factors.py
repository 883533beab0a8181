"""`xlcollab factors`: a sheet and charts of what the factors say about the items."""

from __future__ import annotations

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_table, say
from xlcollab.settings.requests.look import FactorsRequest


@command
@limited
def factors(request: FactorsRequest) -> None:
    """Add a sheet with the items' factors, principal components, biases and nearest items.

    Example:  xlcollab factors collab_filter.solved.xlsx --sheet bias --components 3
    """
    with Progress(shown=not request.json):
        from xlcollab.api.factors.book import write_factors  # a line stands already

        found, target = write_factors(
            request.book,
            request.sheet,
            items=request.items,
            bias=request.bias,
            components=request.components,
            output=request.output,
            overwrite=request.overwrite,
        )
    if request.json:
        print_json(found.as_json() | {"output": str(target)})
        return
    shares = [(f"pc{i + 1}", share) for i, share in enumerate(found.explained.tolist())]
    print_table(
        f"{len(found.items)} items of {found.sheet}", ("component", "share of variance"), shares
    )
    say(f"written to {target}")
