"""`xlcollab docs`: the documentation, without a network."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from xlcollab.faces.request import command
from xlcollab.settings.requests.docs import DocsRequest


@command
def docs(request: DocsRequest) -> None:
    """Open the documentation that came with the package; no network is needed.

    Example:  xlcollab docs

    Example:  xlcollab docs --no-browser -o pages
    """
    import webbrowser

    from xlcollab.faces.docs.offline import write_site

    first = write_site(_folder(request.output)).absolute()
    if request.browser:
        webbrowser.open(first.as_uri())
    typer.echo(first)


def _folder(wanted: Path | None) -> Path:
    from xlcollab.disk import private_folder

    if wanted is None:
        return private_folder("docs") or Path(tempfile.mkdtemp(prefix="xlcollab-docs-"))
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted
