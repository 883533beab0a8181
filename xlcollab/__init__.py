"""xlcollab: optimisation inside spreadsheets.

import xlcollab as xc

book = xc.open("collab_filter.xlsx")
solution = book.solve("dotprod", method="adam", iterations=500)
solution.history            # a DataFrame
book.save("out.xlsx")

Importing this package loads neither torch, pandas nor xlwings; they come with the first verb that
needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlcollab.errors import XlcollabError

if TYPE_CHECKING:
    from xlcollab.api import OpenBook, open  # noqa: A004 - the verb of the Python face

__version__ = "0.1.0"
__all__ = ["OpenBook", "XlcollabError", "__version__", "open"]

_FROM_API = frozenset({"OpenBook", "open"})


def __getattr__(name: str) -> Any:
    """Load the verbs when they are first asked for (PEP 562)."""
    if name not in _FROM_API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xlcollab import api

    return getattr(api, name)
