"""The application around an open workbook: what a button needs to know and to say."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import ExitStack

from xlcollab.live.book import LiveBook
from xlcollab.ref import AreaRef

STATUS_NAME = "xlcollab_status"
"""A cell of this defined name, if the workbook has one, shows what the status bar says."""


class Desk(ABC):
    """Excel or Calc with one workbook in front."""

    book: LiveBook
    is_excel = True
    """Whether its formulas mean what Excel's mean."""

    @property
    @abstractmethod
    def key(self) -> str:
        """What tells this workbook from every other one that is open."""

    @property
    @abstractmethod
    def session(self) -> str:
        """What tells this opening of the workbook from every other one, earlier ones too."""

    @property
    @abstractmethod
    def sheet(self) -> str:
        """The sheet in front."""

    @property
    @abstractmethod
    def selection(self) -> AreaRef:
        """The selected cells; the first area of several."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Show a sentence in the status bar, and in the status cell where there is one."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Write a sentence into the status cell, if there is one."""

    @abstractmethod
    def tell(self, text: str) -> None:
        """Show a sentence so that it stays until it was read."""

    @abstractmethod
    def show(self, sheet: str) -> None:
        """Bring a sheet to the front."""

    def keep_saying(self, text: str, seconds: float) -> None:
        """Leave a sentence in the status bar for some seconds after a run."""
        self.say(text)
        time.sleep(seconds)
        self.quiet()

    @abstractmethod
    def quiet(self) -> None:
        """Give the status bar back to the application's own words."""

    def ended(self, error: BaseException) -> str | None:
        """The sentence for an error that means that the application has ended; None for others."""
        del error
        return None

    @abstractmethod
    def _remember(self) -> object:
        """The settings of the application that a run may change."""

    @abstractmethod
    def _restore(self, settings: object) -> None:
        """Put them back, and the status bar to the application's own text."""

    def restored(self) -> ExitStack:
        """Calculation mode, screen updating and status bar are afterwards as they were."""
        stack = ExitStack()
        stack.callback(self._restore, self._remember())
        return stack
