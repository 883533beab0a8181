"""The verbs, and the only place where the rooms are wired together.

Each folder is one kind of work: `session` opens, collects changes and saves; `look` recalculates,
differentiates and inspects; `solve`, `tabs`, `ratings`, `factors`, `lessons`, `cells`, `desk`.
`book.OpenBook` imports them when they are first used, so that opening a workbook loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlcollab.api.book import OpenBook, open  # noqa: A004 - the verb of the Python face

__all__ = ["OpenBook", "open"]


def __getattr__(name: str) -> Any:
    """Load the face of a workbook when it is first asked for (PEP 562): ratings need none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xlcollab.api import book

    return getattr(book, name)
