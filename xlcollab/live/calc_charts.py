"""Charts of a new sheet in LibreOffice Calc, through its chart2 interface."""

from __future__ import annotations

from typing import Any

from xlcollab.grid import Chart, Series
from xlcollab.live.calc_office import Office
from xlcollab.ref import AreaRef, cell_name

_PIXEL = 26.4583
"""In hundredths of a millimetre, at 96 dots per inch."""


def add_chart(office: Office, sheet: Any, chart: Chart) -> None:
    """Draw `chart` on the sheet, its series as lines or points over their own x."""
    corner = sheet.getCellByPosition(chart.at[1], chart.at[0]).Position
    box = office.struct(
        "com.sun.star.awt.Rectangle",
        X=corner.X,
        Y=corner.Y,
        Width=round(chart.width * _PIXEL),
        Height=round(chart.height * _PIXEL),
    )
    name = f"{sheet.Name} chart {sheet.Charts.Count + 1}"  # one of its name in a document
    some = sheet.getCellRangeByName("A1:B2").RangeAddress  # without data there is no provider
    sheet.Charts.addNewByName(name, box, (some,), True, False)
    drawn = sheet.Charts.getByName(name).EmbeddedObject
    drawn.setDiagram(drawn.createInstance("com.sun.star.chart.XYDiagram"))
    kind = drawn.FirstDiagram.CoordinateSystems[0].ChartTypes[0]
    for old in kind.DataSeries:
        kind.removeDataSeries(old)
    for line in chart.series:
        kind.addDataSeries(_series(office, drawn.DataProvider, line))
    _name(drawn, chart)


def _name(drawn: Any, chart: Chart) -> None:
    """Title, legend and axes."""
    drawn.HasMainTitle, drawn.HasLegend = True, chart.legend
    drawn.Title.String = chart.title
    diagram = drawn.Diagram
    diagram.HasXAxisTitle = diagram.HasYAxisTitle = True
    diagram.XAxisTitle.String, diagram.YAxisTitle.String = chart.x_title, chart.y_title
    diagram.XAxis.Logarithmic, diagram.YAxis.Logarithmic = chart.log_x, chart.log_y


def _series(office: Office, provider: Any, line: Series) -> Any:
    parts = []
    for role, area in (("values-x", line.x), ("values-y", line.y)):
        part = office.new("com.sun.star.chart2.data.LabeledDataSequence")
        part.setValues(_sequence(provider, role, _address(area)))
        parts.append(part)
    parts[-1].setLabel(_sequence(provider, "label", f'"{line.name}"'))
    series = office.new("com.sun.star.chart2.DataSeries")
    series.setData(tuple(parts))
    series.setPropertyValue("LineStyle", office.uno.Enum(_LINE_STYLE, _STYLES[line.line]))
    symbol = office.struct("com.sun.star.chart2.Symbol")
    symbol.Style = office.uno.Enum(_SYMBOL, _SYMBOLS[line.markers or not line.line])
    series.setPropertyValue("Symbol", symbol)
    return series


_LINE_STYLE, _STYLES = "com.sun.star.drawing.LineStyle", {True: "SOLID", False: "NONE"}
_SYMBOL, _SYMBOLS = "com.sun.star.chart2.SymbolStyle", {True: "AUTO", False: "NONE"}


def _sequence(provider: Any, role: str, address: str) -> Any:
    sequence = provider.createDataSequenceByRangeRepresentation(address)
    sequence.Role = role
    return sequence


def _address(area: AreaRef) -> str:
    """An area as Calc writes it: "$'S history'.$A$2:$A$9"."""
    rect = area.rect
    sheet = "'" + area.sheet.replace("'", "''") + "'"
    first = cell_name(rect.top, rect.left, absolute=True)
    last = cell_name(rect.bottom - 1, rect.right - 1, absolute=True)
    return f"${sheet}.{first}:{last}"
