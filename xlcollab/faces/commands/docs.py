"""`xlcollab docs`: the documentation, without a network."""

from __future__ import annotations

import tempfile
from pathlib import Path

from xlcollab.errors import WriteRefusedError
from xlcollab.faces.request import command
from xlcollab.faces.shell import say
from xlcollab.settings.requests.docs import DocsRequest


@command
def docs(request: DocsRequest) -> None:
    """Open the documentation that came with the package; no network is needed.

    Example:  xlcollab docs

    Example:  xlcollab docs --no-browser -o pages
    """
    import webbrowser

    from xlcollab.faces.docs.offline import write_site

    first = write_site(_folder(request)).absolute()
    if request.browser:
        webbrowser.open(first.as_uri())
    say(first)


def _folder(request: DocsRequest) -> Path:
    """An empty folder, or one of these pages."""
    from xlcollab.disk import private_folder
    from xlcollab.faces.docs.offline import is_site

    wanted = request.output
    if wanted is None:
        return private_folder("docs") or Path(tempfile.mkdtemp(prefix="xlcollab-docs-"))
    if wanted.exists() and not wanted.is_dir():
        raise WriteRefusedError(f"{wanted} is a file; name a folder for the pages")
    wanted.mkdir(parents=True, exist_ok=True)
    if not request.overwrite and any(wanted.iterdir()) and not is_site(wanted):
        raise WriteRefusedError(
            f"{wanted} holds something else than these pages; name another folder, or say "
            "--overwrite to write them into it"
        )
    return wanted
