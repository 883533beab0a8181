"""LibreOffice Calc around an open document, through UNO."""

from __future__ import annotations

from typing import Any

from xlcollab.errors import UsageError
from xlcollab.live.calc import CalcBook
from xlcollab.live.calc_office import ADDRESS, Office
from xlcollab.live.calc_read import rect_of
from xlcollab.live.desk import STATUS_NAME, Desk
from xlcollab.ref import AreaRef

_OK = 1
"""Of com.sun.star.awt.MessageBoxButtons."""


class CalcDesk(Desk):
    """The LibreOffice in which `document` is open.

    With `boxes` it tells in message boxes. A shell that pressed the button tells by itself.
    """

    is_excel = False

    def __init__(self, office: Office, document: Any, *, boxes: bool = False) -> None:
        self.office, self.document, self.boxes = office, document, boxes
        self.book = CalcBook(office, document)

    @classmethod
    def find(
        cls, name: str | None = None, address: str = ADDRESS, *, boxes: bool = False
    ) -> CalcDesk:
        """The spreadsheet in front, or the open one of that title. Raises UsageError without."""
        office = Office(address)
        return cls(office, office.document(name), boxes=boxes)

    @property
    def key(self) -> str:
        return str(self.document.URL or self.document.RuntimeUID)

    @property
    def session(self) -> str:
        return f"calc {self.document.RuntimeUID} {self.key}"

    @property
    def sheet(self) -> str:
        return str(self.document.CurrentController.ActiveSheet.Name)

    @property
    def selection(self) -> AreaRef:
        """The cells that are selected. Raises UsageError where none are."""
        selected = self.document.CurrentSelection
        if hasattr(selected, "RangeAddresses"):  # several areas
            selected = selected.getByIndex(0)
        if not hasattr(selected, "RangeAddress"):
            raise UsageError("no cells are selected; select cells and try again")
        return AreaRef(selected.Spreadsheet.Name, rect_of(selected.RangeAddress))

    def say(self, text: str) -> None:
        self._indicator.start(text, 0)
        self.note(text)

    def note(self, text: str) -> None:
        names = self.document.NamedRanges
        if names.hasByName(STATUS_NAME):
            cells = names.getByName(STATUS_NAME).ReferredCells
            cells.getCellByPosition(0, 0).String = text

    def tell(self, text: str) -> None:
        if not self.boxes:
            return
        kind = self.office.uno.Enum("com.sun.star.awt.MessageBoxType", "INFOBOX")
        window = self.document.CurrentController.Frame.ContainerWindow
        window.Toolkit.createMessageBox(window, kind, _OK, "xlcollab", text).execute()

    @property
    def _indicator(self) -> Any:
        return self.document.CurrentController.StatusIndicator

    def show(self, sheet: str) -> None:
        controller = self.document.CurrentController
        controller.setActiveSheet(self.document.Sheets.getByName(sheet))

    def select(self, area: AreaRef) -> None:
        """Select cells, as the mouse would."""
        rect = area.rect
        sheet = self.document.Sheets.getByName(area.sheet)
        cells = sheet.getCellRangeByPosition(rect.left, rect.top, rect.right - 1, rect.bottom - 1)
        self.document.CurrentController.select(cells)

    def ended(self, error: BaseException) -> str | None:
        """Whatever was raised: a document that does not answer any more is gone."""
        try:
            _ = self.document.Sheets.Count
        except Exception:
            return (
                "LibreOffice ended, or the workbook was closed, during the run; what was not saved "
                "is in LibreOffice's recovery. Open the workbook again"
            )
        return None

    def _remember(self) -> object:
        return self.document.isAutomaticCalculationEnabled()

    def _restore(self, settings: object) -> None:
        self.document.enableAutomaticCalculation(bool(settings))
        while self.document.hasControllersLocked():
            self.document.unlockControllers()
        self.quiet()

    def quiet(self) -> None:
        self._indicator.end()
