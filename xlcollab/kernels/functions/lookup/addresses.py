"""ADDRESS: a place as the text that refers to it."""

from __future__ import annotations

from functools import partial

from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.valuewise import integer, refuse, text, truth, valuewise
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, column_letters, quote_sheet

_FIXED = {1: (True, True), 2: (True, False), 3: (False, True), 4: (False, False)}
"""abs_num → whether the row and the column are absolute"""


def _address(
    row: int, column: int, kind: int = 1, a1: bool = True, sheet: str | None = None
) -> str:
    """ADDRESS(row, column, [abs_num], [a1], [sheet]); row and column count from 1."""
    if kind not in _FIXED or not (1 <= row <= MAX_ROWS and 1 <= column <= MAX_COLUMNS):
        raise refuse()
    row_fixed, column_fixed = _FIXED[kind]
    if a1:
        letters = column_letters(column - 1)
        cell = f"{'$' * column_fixed}{letters}{'$' * row_fixed}{row}"
    else:
        cell = ("R{}" if row_fixed else "R[{}]").format(row)
        cell += ("C{}" if column_fixed else "C[{}]").format(column)
    if sheet is None:
        return cell
    return f"{quote_sheet(sheet) if sheet else ''}!{cell}"


def address(context: Context, row: Block, column: Block, *settings: Block) -> Block:
    """ADDRESS; what is left out between commas is as if it were not there."""
    chosen = [
        one if given(one) else context.scalar(default)
        for one, default in zip(settings, (1.0, True), strict=False)
    ]
    return _computed(context, row, column, *chosen, *settings[2:])


_computed = valuewise(_address, integer, integer, integer, truth, text)
_row = partial(function, category="lookup")

FUNCTIONS: tuple[Record, ...] = (
    _row("ADDRESS", "VV|VVV", address, shape=Shape.STEPS, elementwise=True),
)
