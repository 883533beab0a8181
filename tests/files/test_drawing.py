"""What a chart's record says is what the file's chart says; and how new sheets are printed."""

from __future__ import annotations

import math
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from xlcollab.files import write_new_workbook
from xlcollab.files.writing.printing import print_names
from xlcollab.grid import Chart, ErrorCode, Look, NewSheet, Series
from xlcollab.ref import AreaRef, Rect

ROWS = [["x", "y", "low", "high"], *([float(i), i * 1.5, 0.5, 1.0] for i in range(1, 7))]
X, Y, LOW, HIGH = (AreaRef("s", Rect(1, column, 6)) for column in range(4))
POINT = 12_700
"""English Metric Units of a point; a pixel has 9525."""


def drawn(folder: Path, chart: Chart, **more: object) -> str:
    """The chart as XML."""
    sheet = replace(NewSheet("s", ROWS, charts=(chart,)), **more)
    write_new_workbook(folder / "b.xlsx", [sheet])
    with zipfile.ZipFile(folder / "b.xlsx") as archive:
        return archive.read("xl/charts/chart1.xml").decode()


def chart_of(*series: Series, at: tuple[int, int] = (9, 5), **more: object) -> Chart:
    return Chart("Title", "across", "down", series, at, **more)


def line_of(series: str) -> str:
    return re.findall(r"<a:ln.*?</a:ln>", series)[0]


def test_it_stands_where_it_should_in_its_size(tmp_path: Path) -> None:
    chart = chart_of(Series("a", X, Y), width=640, height=400)
    for freeze, row in (((0, 0), 9), ((12, 1), 12)):
        drawn(tmp_path, chart, freeze=freeze)
        placed = openpyxl.load_workbook(tmp_path / "b.xlsx")["s"]._charts[0].anchor
        assert (placed._from.row, placed._from.col) == (row, 5)
        assert (placed._from.rowOff, placed._from.colOff) == (0, 0)
        assert (placed.to.row, placed.to.col) == (row + 20, 15)  # 20 pixels a row, 64 a column


def test_a_line_a_background_and_points_differ(tmp_path: Path) -> None:
    line, faint = Series("a", X, Y), Series("b", X, LOW, faint=True)
    points = Series("c", X, HIGH, markers=True, line=False)
    found = re.findall(r"<c:ser>.*?</c:ser>", drawn(tmp_path, chart_of(line, faint, points)))
    assert f'w="{int(1.75 * POINT)}"' in line_of(found[0])
    assert f'w="{int(0.75 * POINT)}"' in line_of(found[1])
    assert 'val="A6A6A6"' in line_of(found[1])
    assert "noFill" in line_of(found[2])
    assert [re.findall(r'<c:symbol val="(\w+)"', one) for one in found] == [
        ["none"],
        ["none"],
        ["circle"],
    ]
    assert '<c:size val="5"/>' in found[2]
    colours = [re.findall(r'srgbClr val="(\w+)"', one)[0] for one in found]
    assert len(set(colours)) == 3


def test_the_legend_has_its_place_and_no_background(tmp_path: Path) -> None:
    many = [Series(f"line {i}", X, Y, faint=i == 2) for i in range(5)]
    assert "<c:legend>" not in drawn(tmp_path, chart_of(*many, legend=False))
    found = drawn(tmp_path, chart_of(*many))
    assert '<c:legendPos val="r"/>' in found
    assert re.findall(r'<c:legendEntry><c:idx val="(\d)"/><c:delete val="1"/>', found) == ["2"]
    assert '<c:legendPos val="b"/>' in drawn(tmp_path, chart_of(*many[:4]))


AXES = [
    ({"x_range": (0.0, 6.0)}, (0.0, 6.0), "0"),
    ({"x_range": (0.0, 0.6)}, (0.0, 0.6), "0.0"),
    ({"x_range": (0.25, 0.37)}, (0.25, 0.37), "0.00"),
    ({"x_range": (-1.0, 5.0)}, (-1.0, 5.0), "0"),
    ({"x_range": (0.0, 6e-6)}, (0.0, 6e-6), "0.0E+0;-0.0E+0;0"),
    ({"x_range": (0.0, 6e-5)}, (0.0, 6e-5), "0.00000"),
    ({"x_range": (0.0, 999_999.0)}, (0.0, 999_999.0), "0"),
    ({"x_range": (-1e6, 0.0)}, (-1e6, 0.0), "#,##0"),
    ({"x_range": (1e6, 1e6 + 2)}, (1e6, 1e6 + 2), "General"),
    ({"x_range": (0.0, 3e12)}, (0.0, 3e12), "0.0E+0"),
    ({"x_range": (3e12, 3e12 + 60)}, (3e12, 3e12 + 60), "General"),
]


@pytest.mark.parametrize(("said", "ends", "code"), AXES, ids=str)
def test_an_axis_begins_and_ends_as_it_should_with_digits_that_differ(
    said: dict[str, object], ends: tuple[float, float], code: str, tmp_path: Path
) -> None:
    drawn(tmp_path, chart_of(Series("a", X, Y), **said))
    axis = openpyxl.load_workbook(tmp_path / "b.xlsx")["s"]._charts[0].x_axis
    assert (axis.scaling.min, axis.scaling.max) == ends
    assert axis.numFmt.formatCode == code


def test_scales_by_powers_and_lines_across(tmp_path: Path) -> None:
    chart = chart_of(Series("a", X, Y), log_x=True, log_y=True, log_base=2.0)
    found = drawn(tmp_path, chart)
    axes = openpyxl.load_workbook(tmp_path / "b.xlsx")["s"]._charts[0]
    assert (axes.x_axis.scaling.logBase, axes.y_axis.scaling.logBase) == (10.0, 2.0)
    assert (axes.x_axis.majorUnit, axes.y_axis.majorUnit) == (10.0, 2.0)
    assert (axes.x_axis.crosses, axes.y_axis.crosses) == ("min", "min")
    (grid,) = re.findall(r"<c:majorGridlines>.*?</c:majorGridlines>", found)
    assert f'w="{int(0.75 * POINT)}"' in grid
    assert 'val="D9D9D9"' in grid
    assert 'sz="1300"' in found
    plain = drawn(tmp_path, chart_of(Series("a", X, Y)))
    assert "logBase" not in plain
    assert [re.findall(f"<c:{one} val", plain) for one in ("min", "max")] == [[], []]


def test_error_bars_lie_in_cells(tmp_path: Path) -> None:
    found = drawn(tmp_path, chart_of(Series("a", X, Y, bars=(LOW, HIGH))))
    (bars,) = re.findall(r"<c:errBars>.*?</c:errBars>", found)
    assert '<c:errDir val="y"/>' in bars
    (minus,) = re.findall(r"<c:minus>.*?<c:f>(.*?)</c:f>", bars)
    (plus,) = re.findall(r"<c:plus>.*?<c:f>(.*?)</c:f>", bars)
    assert (minus, plus) == ("s!$C$2:$C$7", "s!$D$2:$D$7")
    assert f'w="{int(0.75 * POINT)}"' in line_of(bars)
    assert "errBars" not in drawn(tmp_path, chart_of(Series("a", X, Y)))


def test_only_numbers_are_points(tmp_path: Path) -> None:
    """A chart keeps the numbers of its cells for those who do not read cells, and nothing else."""
    odd = (None, True, ErrorCode.NA, math.inf)
    rows = [*ROWS[:3], *([float(i), value, 0.5, 1.0] for i, value in enumerate(odd, 3))]
    found = drawn(tmp_path, chart_of(Series("a", X, Y)), rows=rows)
    kept = re.findall(r'<c:pt idx="(\d+)"><c:v>(.*?)</c:v>', found[found.index("<c:yVal>") :])
    assert kept == [("0", "1.5"), ("1", "3")]


def test_labels_are_small_and_stand_at_the_right(tmp_path: Path) -> None:
    cells = AreaRef("s", Rect(1, 1, 6))
    found = drawn(tmp_path, chart_of(Series("a", X, Y, labels=cells, line=False, markers=True)))
    labels = re.findall(r"<c:dLbl>.*?</c:dLbl>", found)
    assert [re.findall(r"<a:t>(.*?)</a:t>", one) for one in labels] == [
        [f"{i * 1.5:g}"] for i in range(1, 7)
    ]
    assert all('sz="800"' in one for one in labels)
    assert set(re.findall(r'dLblPos val="(\w+)"', found)) <= {"r"}  # as it is without a word


PRINTED = [
    ({}, "s!$A$1:$Q$7", ""),
    ({"widths": {0: 30.0, 1: 120.0}}, "s!$A$1:$D$7", ""),
    ({"widths": {0: 100.0}}, "s!$A$1:$F$7", ""),
    ({"freeze": (1, 0)}, "s!$A$1:$Q$7", "s!$1:$1"),
    ({"freeze": (3, 2)}, "s!$A$1:$Q$7", "s!$A:$B,s!$2:$3"),
    ({"freeze": (0, 1)}, "s!$A$1:$Q$7", "s!$A:$A"),
    ({"freeze": (3, 1), "row_looks": {2: "head", 4: "head"}}, "s!$A$1:$Q$7", "s!$A:$A"),
    ({"freeze": (3, 1), "row_looks": {1: "head", 4: "head"}}, "s!$A$1:$Q$7", "s!$A:$A,s!$2:$3"),
    ({"hidden": True}, "", ""),
    ({"rows": []}, "", ""),
    ({"rows": [["t" * 190, 1.0]]}, "s!$A$1:$T$1", ""),
    ({"rows": [["t" * 400, 1.0]]}, "s!$A$1:$U$1", ""),
    ({"charts": (chart_of(Series("a", X, Y)),)}, "s!$A$1:$R$32", ""),
]


@pytest.mark.parametrize(("more", "area", "titles"), PRINTED, ids=str)
def test_what_is_printed_and_repeated(more: dict[str, object], area: str, titles: str) -> None:
    sheet = replace(NewSheet("s", ROWS), **more)
    names = {one.name: one.text for one in print_names([sheet])}
    assert names == {"_xlnm.Print_Area": area, "_xlnm.Print_Titles": titles}


PAGES = [
    ({}, (1, 1)),
    ({"rows": [[1.0]] * 84}, (1, 1)),
    ({"rows": [[1.0]] * 85}, (1, 0)),
    ({"widths": {0: 180.0}}, (2, 1)),
    ({"widths": {0: 170.0}}, (1, 1)),
    ({"widths": {0: 270.0}, "charts": (chart_of(Series("a", X, Y)),)}, (2, 1)),
    ({"charts": (chart_of(Series("a", X, Y), at=(61, 5)),)}, (1, 1)),
    ({"charts": (chart_of(Series("a", X, Y), at=(62, 5)),)}, (1, 0)),
]


@pytest.mark.parametrize(("more", "pages"), PAGES, ids=str)
def test_a_sheet_is_printed_on_as_many_pages_as_can_be_read(
    more: dict[str, object], pages: tuple[int, int], tmp_path: Path
) -> None:
    write_new_workbook(tmp_path / "b.xlsx", [replace(NewSheet("s", ROWS), **more)])
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["s"]
    found = sheet.page_setup
    assert (found.orientation, found.paperSize) == ("landscape", 9)
    wide, high = (1 if one is None else int(one) for one in (found.fitToWidth, found.fitToHeight))
    assert (wide, high) == pages
    assert sheet.oddFooter.right.text == "&P / &N"


STACKED = [
    ([60], 90, [60]),
    ([20], 90, [20]),
    ([60, 64], 90, [60]),
    ([40, 60, 80], 130, [60, 80]),
    ([60], 80, []),
]


@pytest.mark.parametrize(("heads", "n_rows", "breaks"), STACKED, ids=str)
def test_a_page_ends_before_a_lower_table_that_would_be_torn(
    heads: list[int], n_rows: int, breaks: list[int], tmp_path: Path
) -> None:
    """Of a table 280 characters wide 62 rows stand on a page."""
    looks: dict[int, Look] = dict.fromkeys([3, *heads], "head")
    sheet = NewSheet("s", [[1.0]] * n_rows, widths={0: 280.0}, freeze=(4, 1), row_looks=looks)
    write_new_workbook(tmp_path / "b.xlsx", [sheet])
    found = openpyxl.load_workbook(tmp_path / "b.xlsx")["s"].row_breaks.brk
    assert [one.id for one in found] == breaks
