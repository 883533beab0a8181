"""Charts of a new sheet in Excel, through COM: xlwings' own calls know no lines over chosen x."""

from __future__ import annotations

import sys
from typing import Any

import xlwings as xw

from xlcollab.grid import Chart, Series
from xlcollab.live.excel_read import range_of
from xlcollab.ref import AreaRef

# XlChartType, XlAxisType and XlScaleType of Excel's object model.
_LINES_WITH_MARKERS, _LINES, _POINTS = 74, 75, -4169
_X_AXIS, _Y_AXIS = 1, 2
_LOGARITHMIC = -4133
"""Excel's xlScaleLogarithmic."""
_POINTS_PER_PIXEL = 0.75
"""At 96 pixels and 72 points an inch."""


def add_chart(book: xw.Book, sheet: xw.Sheet, chart: Chart) -> None:
    """Draw `chart` on the sheet. A Mac speaks another language than COM and gets no charts."""
    if sys.platform == "darwin":
        return
    corner = sheet.range((chart.at[0] + 1, chart.at[1] + 1))
    drawn = sheet.charts.add(
        left=corner.left,
        top=corner.top,
        width=chart.width * _POINTS_PER_PIXEL,
        height=chart.height * _POINTS_PER_PIXEL,
    )
    com: Any = drawn.api[1]
    com.ChartType = _LINES
    for series in chart.series:
        _add_series(book, com, series)
    com.HasTitle = True
    com.ChartTitle.Text = chart.title
    com.HasLegend = chart.legend
    for axis, title in ((_X_AXIS, chart.x_title), (_Y_AXIS, chart.y_title)):
        com.Axes(axis).HasTitle = True
        com.Axes(axis).AxisTitle.Text = title
    for axis, log in ((_X_AXIS, chart.log_x), (_Y_AXIS, chart.log_y)):
        if log:
            com.Axes(axis).ScaleType = _LOGARITHMIC


def _add_series(book: xw.Book, com: Any, series: Series) -> None:
    line = com.SeriesCollection().NewSeries()
    line.Name = series.name
    line.XValues = _cells(book, series.x).api
    line.Values = _cells(book, series.y).api
    line.ChartType = _LINES_WITH_MARKERS if series.markers else _LINES
    if not series.line:
        line.ChartType = _POINTS
    if series.labels is not None:
        _label(line, _cells(book, series.labels))


def _label(line: Any, labels: xw.Range) -> None:
    """Texts of cells beside the points, one by one: there is no call for all of them."""
    texts = labels.options(ndim=1, empty="").value
    for number, text in enumerate(texts, 1):
        point = line.Points(number)
        point.HasDataLabel = True
        point.DataLabel.Text = str(text)


def _cells(book: xw.Book, area: AreaRef) -> xw.Range:
    return range_of(book.sheets[area.sheet], area.rect)
