"""Excel around an open workbook, through xlwings."""

from __future__ import annotations

from typing import Any

import xlwings as xw

from xlcollab.errors import UsageError
from xlcollab.live.desk import STATUS_NAME, Desk
from xlcollab.live.excel import ExcelBook, area_of
from xlcollab.ref import AreaRef


class ExcelDesk(Desk):
    """The Excel in which `book` is open. Keep none longer than a click lasts: an xlwings object
    that lives on keeps Excel from ending."""

    def __init__(self, book: xw.Book) -> None:
        self._book = book
        self.book = ExcelBook(book)

    @classmethod
    def find(cls, name: str | None = None) -> ExcelDesk:
        """The workbook in front, or the open one of that name. Raises UsageError without one."""
        if xw.engines.active is None:
            raise UsageError(
                "there is no Excel on this computer; for LibreOffice say --app libreoffice"
            )
        books = [one for app in xw.apps for one in app.books] if xw.apps else []
        if name is not None:
            books = [one for one in books if name in (one.name, one.fullname)]
        elif xw.apps.active is not None:
            books = [xw.apps.active.books.active]
        if not books:
            wanted = "no workbook is open" if name is None else f"no workbook {name} is open"
            raise UsageError(f"in Excel {wanted}; open one and try again")
        return cls(books[0])

    @property
    def key(self) -> str:
        return str(self._book.fullname)

    @property
    def session(self) -> str:
        return f"excel {self._book.app.pid} {self.key}"

    @property
    def sheet(self) -> str:
        return str(self._book.sheets.active.name)

    @property
    def selection(self) -> AreaRef:
        """The cells that are selected. Raises UsageError where none are."""
        selected = self._book.app.selection
        if selected is None:
            raise UsageError("no cells are selected; select cells and try again")
        return area_of(selected)

    def say(self, text: str) -> None:
        self._book.app.status_bar = text
        self.note(text)

    def note(self, text: str) -> None:
        if STATUS_NAME in [name.name for name in self._book.names]:
            self._book.names[STATUS_NAME].refers_to_range.raw_value = f"'{text}"

    def tell(self, text: str) -> None:
        self._book.app.alert(text, "xlcollab")

    def show(self, sheet: str) -> None:
        self._book.sheets[sheet].activate()

    def _remember(self) -> object:
        app = self._book.app
        return app.calculation, app.screen_updating

    def _restore(self, settings: Any) -> None:
        app = self._book.app
        app.calculation, app.screen_updating = settings
        self.quiet()

    def quiet(self) -> None:
        self._book.app.status_bar = False  # the words are Excel's own again
