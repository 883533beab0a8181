"""The verbs, and the only place where the rooms are wired together.

Each folder is one kind of work: `session` opens, collects changes and saves; `look` recalculates,
differentiates and inspects; `solve`, `tabs`, `ratings`, `factors`, `lessons`, `cells`, `desk`.
`book.OpenBook` imports them when they are first used, so that opening a workbook loads no torch.
"""

from xlcollab.api.book import OpenBook, open  # noqa: A004 - the verb of the Python face

__all__ = ["OpenBook", "open"]
