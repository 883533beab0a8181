"""The one border to the world: a `Book` reads a workbook and writes changes to it."""

from __future__ import annotations

from typing import Protocol

from xlcollab.grid.changes import Changes
from xlcollab.grid.workbook import Workbook


class Book(Protocol):
    """A file, an open Excel, or memory. One contract test holds for all of them."""

    def read(self) -> Workbook:
        """The workbook as it stands. Raises WorkbookError when it cannot be read."""
        ...

    def write(self, changes: Changes) -> None:
        """Apply `changes` wholly or not at all. Raises WriteRefusedError naming the cell."""
        ...
