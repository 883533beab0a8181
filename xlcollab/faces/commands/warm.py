"""`xlcollab warm`: compile ahead what is compiled once per computer."""

from __future__ import annotations

from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, say
from xlcollab.settings.requests.look import WarmRequest


@command
def warm(request: WarmRequest) -> None:
    """Compile what is compiled once per computer, so that the first runs are quick.

    Example:  xlcollab warm
    """
    with Progress(shown=not request.json):
        from xlcollab.api.session.warming import warm as warm_up  # a line stands already

        seconds = warm_up()
    if request.json:
        print_json({"seconds": seconds})
    else:
        for part, taken in seconds.items():
            say(f"{part}: ready after {taken:.1f} s")
