"""A workbook file as a `Book`."""

from __future__ import annotations

from pathlib import Path

from xlcollab.files.package import Package
from xlcollab.files.reader import read_workbook
from xlcollab.grid import TextPool, Workbook


class FileBook:
    """An .xlsx or .xlsm file that is read whole and written in place, byte by byte.

    `write` puts the changed workbook to `target`, by default the file itself.
    """

    def __init__(self, path: str | Path, target: str | Path | None = None) -> None:
        self.path = Path(path)
        self.target = self.path if target is None else Path(target)
        self._texts = TextPool()

    def read(self) -> Workbook:
        """The workbook in the file. Raises WorkbookError saying what is wrong with it."""
        with Package(self.path) as package:
            return read_workbook(package, self._texts)
