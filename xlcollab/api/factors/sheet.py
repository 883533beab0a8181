"""The factors of a sheet's items as a sheet: a narrow table, labelled charts beside it, details."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.factors.factors import Factors
from xlcollab.grid import Chart, Look, NewSheet, Scalar
from xlcollab.history import HEAD_ROW, added_name, top, top_looks, wrapped_texts
from xlcollab.history.points import Cloud, points_chart
from xlcollab.history.tables import looks_of_lines, widths_of_lines
from xlcollab.ref import AreaRef, Rect

_CHART_ROWS = 30
"""Rows of the sheet that a chart lies over, with a free one below."""
_WIDE = 28.0
"""Of the first column, in characters: titles of items stand in it."""
_MOST = 44.0, 40.0
"""Of the first column, and of others: all of them stand on one page, and the charts with them."""


class _Table(NamedTuple):
    """Headings and lines, the headings in the row `top`."""

    top: int
    headings: list[Scalar]
    lines: list[list[Scalar]]

    @property
    def area(self) -> Rect:
        return Rect(self.top, 0, len(self.lines) + 1, len(self.headings))

    def column(self, sheet: str, heading: str) -> AreaRef:
        place = self.headings.index(heading)
        return AreaRef(sheet, Rect(self.top + 1, place, len(self.lines)))

    def looks(self) -> dict[tuple[int, int], Look]:
        """Of each cell: tables that stand one below the other share their columns."""
        looks = looks_of_lines(self.lines)
        return {
            (self.top + 1 + i, column): look
            for i in range(len(self.lines))
            for column, look in looks.items()
        }


def factors_sheet(found: Factors, taken: Iterable[str]) -> NewSheet:
    """The sheet "<sheet> factors": the items by their components and biases, labelled charts
    beside; below them the shares of variance, the factors and the nearest items."""
    name = added_name(found.sheet, "factors", taken)
    main = _Table(HEAD_ROW, *_places(found))
    shares = _Table(main.area.bottom + 1, ["component", "share of variance"], _shares(found))
    count = found.scores.shape[1] - 1 + (found.factors.shape[1] > 1)
    below = max(shares.area.bottom, HEAD_ROW + count * _CHART_ROWS) + 1
    details = _Table(below + 1, *_details(found))
    tables = (main, shares, details)
    rows, widths = _rows(found, tables), _widths(main, details)
    long = wrapped_texts(rows, widths, [main.area, details.area])
    percent: dict[tuple[int, int], Look] = {
        (shares.top + 1 + i, 1): "share" for i in range(len(shares.lines))
    }
    return NewSheet(
        name=name,
        rows=rows,
        charts=_charts(found, name, main, details),
        table=main.area,
        boxes=(shares.area, details.area),
        widths=widths,
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks({shares.top: "head", below: "section", details.top: "head"}),
        cell_looks=long | main.looks() | percent | details.looks(),
    )


def _rows(found: Factors, tables: tuple[_Table, ...]) -> list[list[Scalar]]:
    sentence = (
        f"factors, {len(found.items)} items by their {found.factors.shape[1]} factors; items that "
        "lie close together are rated alike"
    )
    rows = top(f"{found.sheet}: what the factors say about the items", sentence)
    for table in tables:
        rows += [[] for _ in range(table.top - len(rows))]
        rows += [table.headings, *table.lines]
    several = found.factors.shape[1] > 1
    rows[tables[-1].top - 1] = ["Factors and nearest items" if several else "The factor"]
    return rows


def _places(found: Factors) -> tuple[list[Scalar], list[list[Scalar]]]:
    """The items by their main components, and by their biases."""
    scores = found.scores.tolist()
    headings: list[Scalar] = ["item", *(f"pc{i + 1}" for i in range(found.scores.shape[1]))]
    lines: list[list[Scalar]] = [
        [item, *own] for item, own in zip(found.items, scores, strict=True)
    ]
    if found.bias is not None:
        headings += ["bias", "rank by bias"]
        ranks = _ranks(found.bias)
        for line, bias, rank in zip(lines, found.bias.tolist(), ranks.tolist(), strict=True):
            line += [bias, float(rank)]
    return headings, lines


def _shares(found: Factors) -> list[list[Scalar]]:
    return [[f"pc{i + 1}", share] for i, share in enumerate(found.explained.tolist())]


def _details(found: Factors) -> tuple[list[Scalar], list[list[Scalar]]]:
    """The items' factors, and the items that are most like them: not by a single factor, whose
    sign alone makes a cosine."""
    near = found.nearest.shape[1] if found.factors.shape[1] > 1 else 0
    numbers = range(1, near + 1)
    headings: list[Scalar] = [
        "item",
        *(f"factor {i + 1}" for i in range(found.factors.shape[1])),
        *(text for i in numbers for text in (f"nearest {i}", f"cosine {i}")),
    ]
    lines: list[list[Scalar]] = []
    for i, item in enumerate(found.items):
        line: list[Scalar] = [item, *found.factors[i].tolist()]
        for j, cosine in zip(found.nearest[i, :near], found.similarity[i, :near], strict=True):
            line += [found.items[j], float(cosine)]
        lines.append(line)
    return headings, lines


def _widths(*tables: _Table) -> dict[int, float]:
    """As all want it that stand one below the other."""
    widths = {0: _WIDE}
    for table in tables:
        looks = looks_of_lines(table.lines)
        for column, width in widths_of_lines(table.headings, table.lines, looks).items():
            widths[column] = max(width, widths.get(column, 0.0))
    return {column: min(width, _MOST[column > 0]) for column, width in widths.items()}


def _ranks(bias: NDArray[np.float64]) -> NDArray[np.int64]:
    """1 for the largest."""
    ranks = np.empty(len(bias), np.int64)
    ranks[np.argsort(-bias, kind="stable")] = np.arange(1, len(bias) + 1)
    return ranks


def _charts(found: Factors, sheet: str, main: _Table, details: _Table) -> tuple[Chart, ...]:
    """The items on the components, a chart for each pair, and on the first two factors."""
    shares = [f"{share:.0%} of variance" for share in found.explained.tolist()]
    wanted = []
    for i in range(1, found.scores.shape[1]):
        axes = (f"pc1 ({shares[0]})", f"pc{i + 1} ({shares[i]})")
        cloud = _cloud(found, found.scores[:, [0, i]], main, sheet, ("pc1", f"pc{i + 1}"))
        wanted.append((cloud, "Items by their principal components", axes))
    if found.factors.shape[1] > 1:
        both = ("factor 1", "factor 2")
        cloud = _cloud(found, found.factors[:, :2], details, sheet, both)
        wanted.append((cloud, "Items by their first two factors", both))
    column = len(main.headings) + 1
    charts = [
        points_chart(*one, (HEAD_ROW + number * _CHART_ROWS, column))
        for number, one in enumerate(wanted)
    ]
    return tuple(chart for chart in charts if chart is not None)


def _cloud(
    found: Factors,
    points: NDArray[np.float64],
    table: _Table,
    sheet: str,
    headings: tuple[str, str],
) -> Cloud:
    x, y = (table.column(sheet, heading) for heading in headings)
    return Cloud(points, found.items, x, y)
