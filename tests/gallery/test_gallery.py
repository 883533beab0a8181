"""Every sheet that is written looks like the lesson's: what a person would see, checked."""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.cell import coordinate_to_tuple

from tests.gallery.books import EXHIBITS, make
from tests.gallery.pictures import printed, programs
from xlcollab.history import HEAD_ROW
from xlcollab.ref import parse_area

_MOST_DIGITS = 6


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By verb the workbook that it wrote; made when it is first asked for."""
    return {}


@pytest.fixture
def book(
    request: pytest.FixtureRequest,
    books: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Path]:
    verb = request.param
    if verb == "tune":
        pytest.importorskip("optuna")
    if verb not in books:
        books[verb] = make(verb, tmp_path_factory.mktemp("gallery") / "book")
    return verb, books[verb]


every = pytest.mark.parametrize("book", EXHIBITS, indirect=True)


@every
def test_each_sheet_has_title_sentence_and_print_set_up(book: tuple[str, Path]) -> None:
    verb, path = book
    loaded = openpyxl.load_workbook(path)
    for name, charts in EXHIBITS[verb].charts.items():
        sheet = loaded[name]
        assert sheet.sheet_state == "visible"
        assert sheet["A1"].font.b
        assert sheet["A1"].font.sz >= 14
        assert str(sheet["A2"].value).startswith("Written by xlcollab: ")
        assert sheet.freeze_panes is not None
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in str(sheet.oddFooter.right.text)
        _assert_printed_in_pages(sheet)
        assert sheet.column_dimensions
        assert len(sheet._charts) == charts


def _assert_printed_in_pages(sheet: Any) -> None:
    """All that is there is printed, what names rows and columns on every page, and charts once;
    but the headings of one table not over another."""
    (area,) = sheet.print_area.replace("$", "").split(",")
    printed = parse_area(area).rect
    used = parse_area(f"'{sheet.title}'!{sheet.dimensions}").rect
    assert printed.covers(used), sheet.title
    rows, columns = coordinate_to_tuple(sheet.freeze_panes)
    if _is_head(sheet, rows - 1) and any(
        _is_head(sheet, row) for row in range(rows, used.bottom + 1)
    ):
        assert sheet.print_title_rows is None, sheet.title
    elif rows > 1:
        first, last = map(int, sheet.print_title_rows.replace("$", "").split(":"))
        assert first in (last, last - 1)
        assert last == rows - 1, sheet.title
    if rows > 1:
        last = rows - 1
        for chart in sheet._charts:
            assert chart.anchor._from.row >= last, sheet.title
            assert printed.contains(chart.anchor._from.row, chart.anchor._from.col)
            assert printed.contains(chart.anchor.to.row, chart.anchor.to.col), sheet.title
    assert (sheet.print_title_cols is not None) == (columns > 1), sheet.title


def _is_head(sheet: Any, row: int) -> bool:
    """Whether a row is one of headings: white on a colour."""
    cells = sheet[row] if row else ()
    return any(
        cell.value and cell.fill.fill_type and cell.font.color.rgb == "FFFFFFFF" for cell in cells
    )


@every
def test_numbers_are_shown_with_few_digits_in_columns_that_hold_them(
    book: tuple[str, Path],
) -> None:
    verb, path = book
    loaded = openpyxl.load_workbook(path, data_only=True)
    for name in EXHIBITS[verb].charts:
        for row in loaded[name].iter_rows(min_row=HEAD_ROW + 2):
            for cell in row:
                if isinstance(cell.value, float) and not cell.value.is_integer():
                    assert _digits(cell.number_format) <= _MOST_DIGITS, (name, cell.coordinate)


def _digits(code: str) -> int:
    """After the decimal point; General shows up to ten."""
    if code == "General":
        return 10
    return max(map(len, re.findall(r"\.(0+)", code)), default=0)


@every
def test_no_column_of_a_table_is_empty(book: tuple[str, Path]) -> None:
    verb, path = book
    loaded = openpyxl.load_workbook(path, data_only=True)
    for name in set(EXHIBITS[verb].charts) - {"item features"}:
        for table in loaded[name].tables.values():
            head, *rows = loaded[name][table.ref]
            for column, title in enumerate(head):
                assert any(row[column].value is not None for row in rows), (name, title.value)


@every
def test_printed_by_libreoffice_each_page_has_something_and_no_cell_is_too_narrow(
    book: tuple[str, Path], tmp_path: Path
) -> None:
    programs()
    verb, path = book
    sheets = list(EXHIBITS[verb].charts)
    pages = printed(path, sheets, tmp_path / "printed")
    assert len(pages) >= len(sheets)
    for page in pages:
        assert "###" not in page.text
        assert page.ink > 0.005
    for name in sheets:
        assert any(name in page.text for page in pages), name


def _charts(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(n).decode() for n in archive.namelist() if "charts/chart" in n]


@pytest.mark.parametrize("book", ["fit", "factors"], indirect=True)
def test_points_are_labelled_one_by_one(book: tuple[str, Path]) -> None:
    labelled = [chart for chart in _charts(book[1]) if "<c:dLbl>" in chart and 'sz="800"' in chart]
    assert len(labelled) == sum(EXHIBITS[book[0]].charts.values()) - (book[0] == "fit")
    assert all(re.search('<c:dLblPos val="[rltb]"/>', chart) for chart in labelled)


@pytest.mark.parametrize(
    "book", ["derivatives", "run", "compare", "sweep of factors"], indirect=True
)
def test_axes_of_powers_have_numbers_that_differ(book: tuple[str, Path]) -> None:
    """With a fixed number of digits 0.00001 and 0.001 would both be 0.0, and 0.5 would be 1."""
    drawn = "".join(_charts(book[1]))
    powers = [axis for axis in re.findall("<c:valAx>.*?</c:valAx>", drawn) if "<c:logBase" in axis]
    assert powers
    assert all('formatCode="General"' in axis for axis in powers if "<c:min" not in axis)
    for axis in (axis for axis in powers if "<c:min" in axis):
        base, low, high = (_number(axis, tag) for tag in ("logBase", "min", "max"))
        steps = range(int(math.log(high / low) / math.log(base) + 1e-9) + 1)
        code = ".0E" if 'formatCode="0E+0"' in axis else "g"
        assert code == ".0E" or 'formatCode="General"' in axis
        assert len({format(low * base**step, code) for step in steps}) == len(steps)


def _number(axis: str, tag: str) -> float:
    found = re.search(f'<c:{tag} val="([^"]*)"', axis)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("book", ["tune", "sweep", "sweep of factors"], indirect=True)
def test_axes_across_end_with_the_data(book: tuple[str, Path]) -> None:
    wanted = {"tune": (1.0, 4.0), "sweep": (0.0, 1.0), "sweep of factors": (0.001, 1.0)}[book[0]]
    found = []
    for chart in _charts(book[1]):
        across = re.findall("<c:valAx>.*?</c:valAx>", chart)
        found += [tuple(float(end) for end in _ends(axis)) for axis in across]
    assert wanted in found


def _ends(axis: str) -> list[str]:
    """Where it begins and ends, as far as that is said."""
    return [
        end for which in ("min", "max") for end in re.findall(f'<c:{which} val="([^"]+)"', axis)
    ]


@pytest.mark.parametrize("book", ["derivatives"], indirect=True)
def test_a_very_wide_sheet_takes_several_pages(book: tuple[str, Path]) -> None:
    wide = openpyxl.load_workbook(book[1])["dotprod jacobian"]
    assert int(wide.page_setup.fitToWidth) > 1
    assert wide.print_title_cols == "$A:$C"
