"""The factors of a sheet's items as a sheet: a table, variance shares, labelled charts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.factors.factors import Factors
from xlcollab.grid import Chart, Look, NewSheet, Scalar, Series
from xlcollab.history import HEAD_ROW, added_name, look_of, top, top_looks
from xlcollab.ref import AreaRef, Rect

_CHART_ROWS = 22
_WIDE = 28.0


def factors_sheet(found: Factors, taken: Iterable[str]) -> NewSheet:
    """The sheet "<sheet> factors": variance shares, a table of items, labelled charts beside."""
    name = added_name(found.sheet, "factors", taken)
    headings = _headings(found)
    lines = _lines(found)
    table = [headings, *lines]
    shares: list[list[Scalar]] = [["component", "share of variance"]]
    shares += [[f"pc{i + 1}", share] for i, share in enumerate(found.explained.tolist())]
    sentence = (
        f"factors, {len(found.items)} items by their {found.factors.shape[1]} factors; items that "
        "lie close together are rated alike"
    )
    rows = [*top(f"{found.sheet}: what the factors say about the items", sentence), *table]
    below = len(rows) + 1
    return NewSheet(
        name=name,
        rows=[*rows, [], *shares],
        charts=_charts(found, name, headings),
        table=Rect(HEAD_ROW, 0, len(table), len(headings)),
        widths={0: _WIDE, **_widths(headings)},
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks({below: "head"}),
        column_looks=_looks(headings, lines),
    )


def _looks(headings: list[Scalar], lines: list[list[Scalar]]) -> dict[int, Look]:
    looks: dict[int, Look] = {}
    for column, _ in enumerate(headings):
        numbers = [line[column] for line in lines if isinstance(line[column], float)]
        if len(numbers) == len(lines):
            looks[column] = look_of(np.array(numbers, np.float64))
    return looks


def _headings(found: Factors) -> list[Scalar]:
    ranked = ["bias", "rank by bias"] if found.bias is not None else []
    numbers = range(1, found.nearest.shape[1] + 1)
    return [
        "item",
        *(f"pc{i + 1}" for i in range(found.scores.shape[1])),
        *ranked,
        *(f"factor {i + 1}" for i in range(found.factors.shape[1])),
        *(text for i in numbers for text in (f"nearest {i}", f"cosine {i}")),
    ]


def _widths(headings: list[Scalar]) -> dict[int, float]:
    return {
        column: 28.0 if str(heading).startswith("nearest") else 11.0
        for column, heading in enumerate(headings)
        if column
    }


def _lines(found: Factors) -> list[list[Scalar]]:
    ranks = None if found.bias is None else _ranks(found.bias)
    lines: list[list[Scalar]] = []
    for i, item in enumerate(found.items):
        line: list[Scalar] = [item, *found.scores[i].tolist()]
        if found.bias is not None and ranks is not None:
            line += [float(found.bias[i]), float(ranks[i])]
        line += found.factors[i].tolist()
        for j, cosine in zip(found.nearest[i], found.similarity[i], strict=True):
            line += [found.items[j], float(cosine)]
        lines.append(line)
    return lines


def _ranks(bias: NDArray[np.float64]) -> NDArray[np.int64]:
    """1 for the largest."""
    ranks = np.empty(len(bias), np.int64)
    ranks[np.argsort(-bias, kind="stable")] = np.arange(1, len(bias) + 1)
    return ranks


def _charts(found: Factors, sheet: str, headings: list[Scalar]) -> tuple[Chart, ...]:
    """Items on the components, one chart per pair, below the table."""
    last = found.scores.shape[1]
    pairs = [("pc1", f"pc{i}") for i in range(2, last + 1)]
    if found.factors.shape[1] > 1:
        pairs.append(("factor 1", "factor 2"))
    first = HEAD_ROW + len(found.items) + last + 4
    return tuple(
        _chart(found, sheet, headings, pair, (first + number * _CHART_ROWS, 0))
        for number, pair in enumerate(pairs)
    )


def _chart(
    found: Factors, sheet: str, headings: list[Scalar], pair: tuple[str, str], at: tuple[int, int]
) -> Chart:
    n = len(found.items)
    x, y = (AreaRef(sheet, Rect(HEAD_ROW + 1, headings.index(title), n)) for title in pair)
    labels = AreaRef(sheet, Rect(HEAD_ROW + 1, 0, n))
    series = Series("items", x, y, labels=labels, markers=True, line=False)
    shares = dict(zip(("pc1", "pc2", "pc3"), found.explained.tolist(), strict=False))
    x_title, y_title = (
        f"{one} ({shares[one]:.0%} of variance)" if one in shares else one for one in pair
    )
    what = "principal components" if pair[0] == "pc1" else "first two factors"
    title = f"Items by their {what}"
    return Chart(title, x_title, y_title, (series,), at, legend=False)
