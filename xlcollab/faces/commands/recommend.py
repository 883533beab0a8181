"""`xlcollab recommend`: what a user may like, or what is like an item."""

from __future__ import annotations

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_table, rating, say
from xlcollab.settings.requests.ratings import RecommendRequest

_WIDE = 1e6
"""From here on seven digits need not show what tells scores apart."""


@command
@limited
def recommend(request: RecommendRequest) -> None:
    """Rank the items a user has not rated, or the items most like one item.

    Example:  xlcollab recommend model.xlsx --user 14 -k 10

    Example:  xlcollab recommend model.xlsx --all -o recommendations.csv

    Example:  xlcollab recommend model.xlsx --ratings mine.csv -k 10
    """
    if request.everyone:
        rows = _recommended(request)
        if request.json:
            print_json({"rows": rows, "output": str(request.output)})
        else:
            say(f"{rows} recommendations are in {request.output}")
        return
    with Progress(shown=not request.json):
        from xlcollab.api.ratings.recommend import ranked  # a line stands already

        found = ranked(request)
    if request.json:
        print_json(found.as_json())
        return
    shown = [
        list(map(str, found.items)),
        [f"{x:.7g}" if abs(x) < _WIDE else rating(x) for x in found.values],
    ]
    shown += [[title or "" for title in found.titles]] if found.has_titles else []
    head = ("item", found.number, *(["title"] if found.has_titles else []))
    print_table(str(request.model), head, zip(*shown, strict=True))
    if found.note:
        say(found.note, err=True)


def _recommended(request: RecommendRequest) -> int:
    """How many recommendations for all users were written."""
    with Progress(shown=not request.json):
        from xlcollab.api.ratings.recommend import recommend_all  # a line stands already

        return recommend_all(request)
