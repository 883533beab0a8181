"""What `xlcollab docs` is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from xlcollab.settings.option import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class DocsRequest:
    """Where the pages are written, and whether a browser shows them."""

    browser: Annotated[bool, Option("Open the first page in the browser.")] = True
    output: Annotated[
        Path | None,
        Option(
            "A folder for the pages (default: a private one for temporary files).", also=("-o",)
        ),
    ] = None
    overwrite: Annotated[
        bool, Option("Write into a folder that holds something else than these pages.")
    ] = False
