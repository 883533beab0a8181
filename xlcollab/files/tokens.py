"""What a scanner finds in a sheet's XML: rows and cells with their byte offsets."""

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


class CellToken(NamedTuple):
    """A `<c>` element (18.3.1.4) that spans bytes `start … end`."""

    row: int
    column: int
    start: int
    end: int
    type: str
    """The attribute `t`; "n" where it is absent."""
    metadata: int
    """The attribute `cm`, 0 where it is absent."""
    formula: FormulaToken | None
    value: str | None
    """Text of `<v>` or `<is>`; None where the cell has neither."""
    value_start: int
    """The bytes of the whole `<v>` or `<is>` element; -1 where there is none."""
    value_end: int


class RowToken(NamedTuple):
    """A `<row>` element (18.3.1.73): `start … tag_end` is its start tag, `end` where its content
    ends; `tag_end == end` for an empty one."""

    number: int
    start: int
    tag_end: int
    end: int
    cells: Sequence[CellToken]
