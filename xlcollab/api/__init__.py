"""The verbs, and the only place where the rooms are wired together.

Each file is one verb: `book` opens, collects changes and saves; `solving` optimises a model;
`gradients` differentiates; `checking` recalculates and compares; `inspecting` says what is there.
They are imported by `OpenBook` when first used, so that opening a workbook loads no torch.
"""

from xlcollab.api.book import OpenBook, open  # noqa: A004 - the verb of the Python face

__all__ = ["OpenBook", "open"]
