"""What every open workbook has in common: refusals first, then the writes of the application."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import ExitStack

from xlcollab.grid import CellEdit, Changes, NewSheet, TextPool, Workbook
from xlcollab.grid.memory import MemoryBook
from xlcollab.grid.refusals import refuse_typing


class LiveBook(ABC):
    """A workbook that is open in an application, as a `Book`.

    The application calculates the formulas itself: of `Changes`, the `results` are checked and
    then left to it.
    """

    def __init__(self) -> None:
        self.texts = TextPool()
        """Texts of all cells ever read; their numbers stay valid from `read` to `write`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the application calls the workbook."""

    def read(self) -> Workbook:
        """The workbook as it stands, by two bulk reads a sheet. Raises WorkbookError."""
        return self.read_sheets(self.sheet_names())

    @abstractmethod
    def sheet_names(self) -> list[str]:
        """The names of all sheets, in order."""

    @abstractmethod
    def read_sheets(self, names: Collection[str]) -> Workbook:
        """The workbook with the cells and own names of these sheets only; the others are empty."""

    @abstractmethod
    def put(self, edits: Sequence[CellEdit]) -> None:
        """Write values without a check, and let the application calculate."""

    @abstractmethod
    def add(self, sheet: NewSheet) -> None:
        """Add a sheet without its charts behind the last, or in place of the one of its name."""

    @abstractmethod
    def draw(self, sheet: NewSheet) -> None:
        """Draw the charts of an added sheet; their numbers may stand on others of the same run."""

    @abstractmethod
    def _rest(self) -> object:
        """Let screen and calculation rest; returns the settings from before."""

    @abstractmethod
    def _resume(self, settings: object) -> None:
        """Calculate, and put the settings back."""

    def writing(self) -> ExitStack:
        """While it is open the screen rests and nothing is calculated; then all of it is.

        No generator: errors of UNO cannot pass through one.
        """
        stack = ExitStack()
        stack.callback(self._resume, self._rest())
        return stack

    def write(self, changes: Changes) -> None:
        """Apply `changes` wholly or not at all. Raises WriteRefusedError naming the cell.

        Whatever may not be written is refused before the first cell changes.
        """
        refuse_typing(changes)
        touched = {edit.area.sheet.casefold() for edit in (*changes.inputs, *changes.results)}
        names = [name for name in self.sheet_names() if name.casefold() in touched]
        MemoryBook(self.read_sheets(names)).write(changes)
        with self.writing():
            self.put(changes.inputs)
            for sheet in changes.sheets:
                self.add(sheet)
            for sheet in changes.sheets:
                self.draw(sheet)
