"""An Excel in memory: an engine for xlwings, so that genuine xlwings objects work without Excel.

It keeps what Excel keeps (doubles, COM's numbers for errors, formulas, array areas, names, tables,
charts) and parses texts on the way in as Excel does. Formulas are calculated by xlcollab's own
recalculation whenever Excel would calculate.
"""

from __future__ import annotations

import datetime as dt
import numbers
from pathlib import Path
from typing import Any

import xlwings as xw
from xlwings import base_classes as base
from xlwings import utils

from tests.live.memory_sheet import ERRORS, SCODES, Name, Names, Range, Sheet, Sheets, Table
from xlcollab.api import OpenBook
from xlcollab.files import FileBook
from xlcollab.formula.printer import to_text
from xlcollab.grid import ErrorCode, Workbook
from xlcollab.live.excel import ExcelBook
from xlcollab.plan import build_plan
from xlcollab.ref import Rect, quote_sheet


class MemoryEngine:
    name, type = "excel", "desktop"

    def __init__(self) -> None:
        self.apps = Apps(self)

    @staticmethod
    def prepare_xl_data_element(x: Any, options: Any) -> Any:
        del options
        return "" if x is None or (isinstance(x, float) and x != x) else x

    @staticmethod
    def clean_value_data(
        data: Any, datetime_builder: Any, empty_as: Any, number_builder: Any, err_to_str: bool
    ) -> list[list[Any]]:
        def clean(value: Any) -> Any:
            if value is None or value == "":
                return empty_as
            if isinstance(value, dt.datetime):
                return value
            if isinstance(value, int) and not isinstance(value, bool) and value in ERRORS:
                return ERRORS[value] if err_to_str else None
            if number_builder is not None and isinstance(value, float):
                return number_builder(value)
            return value

        return [[clean(value) for value in row] for row in data]


class Apps(base.Apps):
    engine: Any = None

    def __init__(self, engine: MemoryEngine) -> None:
        self.engine = engine
        self.all: list[App] = []

    def keys(self) -> list[int]:
        return [app.pid for app in self.all]

    def add(self, spec: Any = None, add_book: Any = None, xl: Any = None, visible: Any = None):
        self.all.insert(0, App(self))
        return self.all[0]

    def __iter__(self):
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, pid: int):
        return next(app for app in self.all if app.pid == pid)

    @staticmethod
    def cleanup() -> None: ...


class App(base.App):
    display_alerts = enable_events = interactive = visible = True
    version = utils.VersionNumber("16.0")
    pid = hwnd = 0
    apps = engine = books = calculation = screen_updating = None

    def __init__(self, apps: Apps) -> None:
        self.apps, self.engine = apps, apps.engine
        self.pid = 1000 + len(apps.all)
        self.books = Books(self)
        self.selected: Range | None = None
        self.shown: list[Any] = []
        self.calculation, self.screen_updating = "automatic", True
        self.calculations = 0
        self.ScreenUpdating = True

    @property
    def api(self):
        return self

    @property
    def selection(self):
        return self.selected

    @property
    def status_bar(self) -> Any:
        return self.shown[-1] if self.shown else False

    @status_bar.setter
    def status_bar(self, text: Any) -> None:
        self.shown.append(text)

    def activate(self, steal_focus: bool = False) -> None: ...

    def quit(self) -> None:
        self.apps.all.remove(self)

    def alert(self, prompt: Any, title: Any, buttons: Any, mode: Any, callback: Any) -> str:
        self.shown.append(("alert", prompt, title))
        return "ok"

    def calculate(self) -> None:
        self.calculations += 1
        for book in self.books.all:
            book.calculate()

    def changed(self) -> None:
        if self.calculation == "automatic":
            self.calculate()


class Books(base.Books):
    app: Any = None

    def __init__(self, app: App) -> None:
        self.app = app
        self.all: list[Book] = []

    @property
    def api(self):
        return self

    @property
    def active(self):
        return self.all[-1]

    def __call__(self, key: Any):
        if isinstance(key, numbers.Number):
            return self.all[int(key) - 1]
        return next(book for book in self.all if key in (book.name, book.fullname))

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self):
        return iter(self.all)

    def add(self):
        self.all.append(Book(self, f"Book{len(self.all) + 1}"))
        self.all[-1].sheets.add(name="Sheet1")
        return self.all[-1]


class Book(base.Book):
    Date1904 = False
    books = fullname = app = name = sheets = None

    def __init__(self, books: Books, fullname: str) -> None:
        self.books, self.fullname = books, fullname
        self.app = books.app
        self.name = Path(fullname).name
        self.sheets = Sheets(self)
        self.defined: list[Name] = []

    @property
    def api(self):
        return self

    def Windows(self, number: int) -> Window:  # noqa: N802 - COM's name
        return Window(self)

    @property
    def names(self):
        return Names(self)

    def activate(self) -> None:
        self.books.all.remove(self)
        self.books.all.append(self)

    def calculate(self) -> None:
        if not any(sheet.formulas for sheet in self.sheets.all):
            return
        open_book = OpenBook.over(ExcelBook(xw.Book(impl=self)))
        open_book.recalculate()
        fill_results(self, open_book.workbook)


class Window:
    """The one window of a book, as COM sees it: its panes are those of the sheet in front."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.SplitRow = self.SplitColumn = 0

    @property
    def FreezePanes(self) -> bool:  # noqa: N802 - COM's name
        return self._book.sheets.front.frozen is not None

    @FreezePanes.setter
    def FreezePanes(self, wanted: bool) -> None:  # noqa: N802 - COM's name
        self._book.sheets.front.frozen = (self.SplitRow, self.SplitColumn) if wanted else None


def engine() -> Any:
    """The engine, registered with xlwings under the name of the real one."""
    if "excel" not in [one.name for one in xw.engines]:
        xw.engines.add(xw.Engine(impl=MemoryEngine()))
    xw.engines.active = xw.engines["excel"]
    return xw.engines["excel"]


def open_in_excel(path: Path) -> xw.Book:
    """A workbook file in a new Excel in memory, formulas with their stored values."""
    app = engine().impl.apps.add()
    book = Book(app.books, str(path))
    app.books.all.append(book)
    workbook = FileBook(path).read()
    for sheet in workbook:
        added = book.sheets.add(name=sheet.name)
        added.merged += sheet.merged
        for row, column in Rect(0, 0, sheet.height, sheet.width).cells():
            _take(added, (row, column), sheet.value(row, column))
        _take_formulas(added, workbook, sheet.name)
    for name in workbook.names:
        scope = "" if name.sheet is None else f"{quote_sheet(name.sheet)}!"
        book.defined.append(Name(book, scope + name.name, f"={name.text}", not name.hidden))
    for table in workbook.tables:
        sheet = book.sheets(table.sheet)
        sheet.tables.all.append(Table(Range(sheet, table.rect), table.name))
    book.sheets.front = book.sheets.all[0]
    return xw.Book(impl=book)


def _take(sheet: Sheet, cell: tuple[int, int], value: Any) -> None:
    if isinstance(value, ErrorCode):
        value = SCODES[value.text]
    if value is not None:
        sheet.values[cell] = value


def _take_formulas(added: Sheet, workbook: Workbook, name: str) -> None:
    for family in build_plan(workbook).families:
        if family.sheet == name:
            for cell in family.rect.cells():
                added.formulas[cell] = f"={to_text(family.node, *cell)}"
    for array in workbook.sheet(name).arrays:
        added.arrays.append(array.rect)
        for cell in array.rect.cells():
            added.formulas[cell] = f"={array.text}"


def fill_results(book: Book, workbook: Workbook) -> None:
    """Put calculated values into the formula cells."""
    for sheet in book.sheets.all:
        for row, column in sheet.formulas:
            value = workbook.sheet(sheet.name).value(row, column)
            sheet.values.pop((row, column), None)
            _take(sheet, (row, column), value)
