"""A run shown in a window of the browser, where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from xlcollab.faces.window.stream import Stream


@contextmanager
def showing(wanted: bool, *, opens: bool = True) -> Iterator[Stream | None]:
    """The stream of a window, whose address is told on standard error as soon as a run begins;
    None where none is wanted.

    With `opens` the browser is asked to show it.
    """
    if not wanted:
        yield None
        return
    from xlcollab.faces.window.server import Window

    def say(url: str) -> None:
        typer.echo(f"the run is shown at {url}", err=True)

    with Window(opens=opens, say=say) as window:
        yield window.stream
