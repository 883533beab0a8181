"""`xlcollab fold-in`: a model with new users, from a few ratings and without training."""

from __future__ import annotations

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_next, say
from xlcollab.settings.requests.ratings import FoldInRequest


@command
@limited
def fold_in(request: FoldInRequest) -> None:
    """Write a model that also knows the new users of a few ratings; nothing else of it changes.

    Example:  xlcollab fold-in model.xlsx mine.csv -o with_me.xlsx
    """
    with Progress(shown=not request.json):
        from xlcollab.api.ratings.newcomers import fold_into  # a line stands already

        found = fold_into(request)
    if request.json:
        print_json(found.as_json())
        return
    say(found.sentence)
    print_next(found.output, found.next_command)
