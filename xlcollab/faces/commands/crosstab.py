"""`xlcollab crosstab`: long table to crosstab and back."""

from __future__ import annotations

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, say
from xlcollab.settings.counting import amount
from xlcollab.settings.requests.ratings import CrosstabRequest


@command
@limited
def crosstab(request: CrosstabRequest) -> None:
    """Turn a long table of ratings into a crosstab, or a crosstab into a long table.

    Example:  xlcollab crosstab ratings.csv --corner 15 15 -o lesson.xlsx
    """
    with Progress(shown=not request.json):
        from xlcollab.api.ratings.crosstab import cross  # a line stands already

        found = cross(request)
    if request.json:
        print_json(found.as_json())
        return
    size = f"{amount(found.users, 'user')} x {amount(found.items, 'item')}"
    say(f"{found.said}: {size} as a {found.form}")
    say(f"written to {found.output}")
