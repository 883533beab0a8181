"""What a scanner finds in a sheet's XML: rows of cells with their byte offsets.

A row's cells are columns of equal length rather than a list of objects: a large sheet has millions
of cells, and lists of plain values are made and read several times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class FormulaToken(NamedTuple):
    """An `<f>` element (ECMA-376 Part 1, 18.3.1.40)."""

    kind: str
    """ "normal", "shared", "array" or "dataTable"."""
    area: str | None
    """The attribute `ref`."""
    group: str | None
    """The attribute `si` of a shared formula."""
    text: str
    """As in the file, entities resolved; "" for a cell that only belongs to a group."""


class RowToken(NamedTuple):
    """A `<row>` element (18.3.1.73) and its `<c>` elements (18.3.1.4).

    `start … tag_end` are the bytes of the row's start tag, `end` is where its content ends;
    `tag_end == end` for an empty element. The other fields have one entry per cell.
    """

    number: int
    """Zero-based."""
    start: int
    tag_end: int
    end: int
    columns: Sequence[int] = ()
    starts: Sequence[int] = ()
    """The offset of "<c"."""
    types: Sequence[str] = ()
    """The attribute `t`; "n" where it is absent."""
    metadata: Sequence[int] = ()
    """The attribute `cm`, 0 where it is absent."""
    value_metadata: Sequence[int] = ()
    """The attribute `vm`, 0 where it is absent: what kind of error or rich value it is."""
    formulas: Sequence[FormulaToken | None] = ()
    values: Sequence[str | None] = ()
    """Text of `<v>` or `<is>`; None where the cell has neither."""
    value_starts: Sequence[int] = ()
    value_ends: Sequence[int] = ()
    """The bytes of the whole `<v>` or `<is>` element; both the end of the cell's content (or of
    its tag, if that is empty) where there is none."""
