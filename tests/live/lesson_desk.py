"""A lesson workbook open in Calc, and the headless commands on the same file beside it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.shared_data import lesson
from tests.workbooks.made import FOLDER
from xlcollab.api import OpenBook
from xlcollab.api.lessons.evaluated import write_evaluated
from xlcollab.faces import ribbon
from xlcollab.faces.cli import build as application
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Scalar, Sheet, Workbook
from xlcollab.history import HEAD_ROW
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.problems.control import read_control
from xlcollab.ref import CellRef, parse_area

from lessons import collab_filter, graddesc  # isort: skip

_CLOCK = "seconds"
"""The title of what differs from run to run."""
EXACT = 1e-9
"""Calc and xlcollab add numbers up in another order."""


@dataclass(frozen=True)
class Lesson:
    """Where things stand on two lesson workbooks."""

    ratings: Path
    model: str
    objective: str
    weights: str
    table: str
    """Ratings with their headers."""
    descent: Path
    after: Path
    """`descent` after some epochs."""
    tab: str = "momentum"


def our_lesson() -> Lesson:
    """The workbooks of this repository."""
    return Lesson(
        ratings=FOLDER / "collab_filter.xlsx",
        model="dotprod",
        objective="dotprod!B4",
        weights="dotprod!B13:F27,dotprod!H6:V10",
        table="ratings!A4:E190",
        descent=FOLDER / "graddesc.xlsx",
        after=FOLDER / "trained" / "graddesc.run.xlsx",
    )


_PRESSED = ("ratings", "crosstab", "dotprod", "control", "data", "momentum")
"""The sheets that the tests press buttons on, and those that these read."""
_EPOCHS = 20


def short_lesson(folder: Path) -> Lesson:
    """The workbooks of this repository without the sheets that have no part in what is pressed:
    every press reads each sheet there is."""
    whole = our_lesson()
    for path, made in ((whole.ratings, collab_filter), (whole.descent, graddesc)):
        pages = [page for page in made.pages() if page.name in _PRESSED]
        write_evaluated(folder / path.name, pages, title=made.TITLE)
    after = OpenBook(folder / whole.descent.name)
    after.tab(whole.tab).run(_EPOCHS)
    after.save(folder / whole.after.name)
    return replace(
        whole,
        ratings=folder / whole.ratings.name,
        descent=folder / whole.descent.name,
        after=folder / whole.after.name,
    )


def teachers_lesson() -> Lesson:
    """The real ones."""
    return Lesson(
        ratings=lesson("collab_filter.xlsx"),
        model="dotprod",
        objective="dotprod!V41",
        weights="dotprod!H19:V23,dotprod!B25:F39",
        table="dotprod!G1:V16",
        descent=lesson("graddesc.xlsx"),
        after=lesson("graddesc.xlsx"),
    )


@dataclass(frozen=True)
class LessonDesk:
    """`path` is the file that `desk` has open; commands write into `folder`."""

    desk: CalcDesk
    path: Path
    folder: Path

    def press(self, button: str) -> str:
        return ribbon.perform(self.desk, button)

    def select(self, area: str) -> None:
        self.desk.show(parse_area(area).sheet)
        self.desk.select(parse_area(area))

    def read(self, *sheets: str) -> Workbook:
        """The cells of these sheets."""
        return self.desk.book.read_sheets(sheets)

    def numbers(self, areas: str) -> list[float]:
        """What LibreOffice itself says of areas of numbers."""
        found = [parse_area(area) for area in areas.split(",")]
        sheets = self.desk.document.Sheets
        cells = [sheets.getByName(one.sheet).getCellRangeByName(str(one.rect)) for one in found]
        return [number for one in cells for row in one.DataArray for number in row]

    def choose(self, **settings: Scalar) -> None:
        """Type values into the sheet of settings, which is added where it is missing."""
        front = self.desk.sheet
        if "control" not in self.desk.book.sheet_names():
            self.press("settings")
        workbook = self.read("control")
        control = read_control(workbook)
        assert control is not None
        cells = [(control.cells[name].area, value) for name, value in settings.items()]
        edits = [CellEdit.of_value(area, value, workbook.texts) for area, value in cells]
        self.desk.book.put(edits)
        self.desk.show(front)

    def pressed_elsewhere(self, button: str) -> subprocess.Popen[bytes]:
        """The button, pressed from the shell in a process of its own."""
        office, book = self.desk.office.address, self.desk.book.name
        where = ("--app", "libreoffice", "--address", office, "--book", book)
        return subprocess.Popen([sys.executable, "-m", "xlcollab", "live", button, *where])

    def shell(self, verb: str, *options: str) -> str:
        """What a command says of the file."""
        found = CliRunner().invoke(application(), [verb, str(self.path), *options])
        assert found.exit_code == 0, found.output
        return found.stdout

    def written(self, verb: str, *options: str) -> Workbook:
        """The workbook that a command writes."""
        target = self.folder / "headless.xlsx"
        self.shell(verb, *options, "-o", str(target))
        return FileBook(target).read()


def assert_alike(calc: LessonDesk, theirs: Workbook, *sheets: str) -> None:
    """In Calc these sheets are the same."""
    mine = calc.read(*sheets)
    for name in sheets:
        assert_same_cells(mine.sheet(name), theirs.sheet(name))


def _verb(line: object) -> list[str]:
    """The command in the line that says what made a sheet, as far as its verb and its file."""
    return str(line).split()[:3]


def assert_same_cells(mine: Sheet, theirs: Sheet) -> None:
    """Cell by cell the same, numbers but for rounding."""
    assert (mine.height, mine.width) == (theirs.height, theirs.width), mine.name
    for row, column in mine.used.cells():
        found, wanted = mine.value(row, column), theirs.value(row, column)
        wanted = None if wanted == "" and found is None else wanted  # Calc has no empty constants
        heads = (theirs.value(line, column) for line in (0, HEAD_ROW))
        labels = (*heads, theirs.value(row, 0))
        if _CLOCK in [label.casefold() for label in labels if isinstance(label, str)]:
            continue
        if isinstance(wanted, str) and wanted.startswith("xlcollab "):
            assert _verb(found) == _verb(wanted)  # what made it, and when
            continue
        number = isinstance(wanted, float)
        alike = pytest.approx(wanted, rel=EXACT, abs=1e-12) if number else wanted
        assert found == alike, f"{CellRef(mine.name, row, column)}: {found!r}, {wanted!r}"
