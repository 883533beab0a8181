"""xlcollab: optimisation inside spreadsheets.

import xlcollab as xc

book = xc.open("collab_filter.xlsx")
solution = book.solve("dotprod", method="adam", iterations=500)
solution.history            # a DataFrame
book.save("out.xlsx")

model = xc.MatrixFactorization(n_factors=50).fit(ratings)       # a DataFrame
model.predict([14], [417])
model.to_workbook("model.xlsx")

Importing this package loads neither torch, pandas nor xlwings; they come with the first verb that
needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from xlcollab.errors import XlcollabError

if TYPE_CHECKING:
    from xlcollab.api import OpenBook, open  # noqa: A004 - the verb of the Python face
    from xlcollab.api.ratings.estimator import MatrixFactorization

__version__ = "0.1.0"
__all__ = ["MatrixFactorization", "OpenBook", "XlcollabError", "__version__", "open"]

_FILES = {
    "OpenBook": "xlcollab.api",
    "open": "xlcollab.api",
    "MatrixFactorization": "xlcollab.api.ratings.estimator",
}


def __dir__() -> list[str]:
    """The names that a person may use; those that load when they are asked for too."""
    return sorted({*globals(), *__all__} - _INNER)


_INNER = {"annotations", "import_module", "TYPE_CHECKING", "Any", "_FILES", "_INNER"}


def __getattr__(name: str) -> Any:
    """Load the verbs when they are first asked for (PEP 562)."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FILES[name]), name)
