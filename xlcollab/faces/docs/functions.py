"""The page of functions for cells, from the functions that Excel is offered."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from xlcollab.faces.docs.markdown_text import page, plain, table

_INTRO = (
    "Functions for Excel's cells, in the category xlcollab; the add-in brings them "
    "([set-up](excel_setup.md)). Arguments in brackets may be left out. Results spill. The "
    "sentence behind an error in a cell is what `XLC_STATUS` of that cell gives."
)


def functions_page() -> str:
    """All functions with their arguments."""
    from xlcollab.faces.udf import FUNCTIONS

    return page(
        "Functions in cells", _INTRO, *(part for one in FUNCTIONS for part in _function(one))
    )


def _function(function: Any) -> Iterator[str]:
    helps: dict[str, str] = function.helps
    known = inspect.signature(function).parameters
    shown = [
        name if known[name].default is inspect.Parameter.empty else f"[{name}]" for name in helps
    ]
    yield f"## {function.__name__.upper()}"
    yield f"`={function.__name__.upper()}({', '.join(shown)})`"
    yield plain(inspect.cleandoc(function.__doc__ or ""))
    if helps:
        yield table(("argument", "what it is"), [(one, plain(says)) for one, says in helps.items()])
