"""SUBTOTAL and AGGREGATE: another aggregate, chosen by number.

Cells in hidden rows, and those that hold subtotals themselves, are blanked before these functions
see them (`forms.nested`).
"""

from __future__ import annotations

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.statistics import ordering, reduce
from xlcollab.kernels.functions.statistics.reduce import as_cells
from xlcollab.kernels.numbers.later import torch
from xlcollab.kernels.values.arguments import whole
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.record import by_name
from xlcollab.kernels.values.tape import Function

_NAMES = (
    "AVERAGE",
    "COUNT",
    "COUNTA",
    "MAX",
    "MIN",
    "PRODUCT",
    "STDEV.S",
    "STDEV.P",
    "SUM",
    "VAR.S",
    "VAR.P",
    "MEDIAN",
    "MODE.SNGL",
    "LARGE",
    "SMALL",
    "PERCENTILE.INC",
    "QUARTILE.INC",
    "PERCENTILE.EXC",
    "QUARTILE.EXC",
)
"""Function numbers 1 to 19; from 14 on they take a further value, and any array."""
_RECORDS = by_name([*reduce.FUNCTIONS, *ordering.FUNCTIONS])
_LAST_SUBTOTAL = 11
"""SUBTOTAL knows the first of AGGREGATE's functions, up to VAR.P."""
FIRST_OF_ARRAYS = 14
"""AGGREGATE's functions from LARGE on take an array and a further argument."""
_IGNORING_ERRORS = frozenset({2, 3, 6, 7})
_MOST_OPTIONS = 7
"""AGGREGATE's: ignore hidden rows, errors, and other subtotals."""
KEEPING_SUBTOTALS = 4
"""From this option on, AGGREGATE counts cells that hold subtotals."""


WITHOUT_HIDDEN = frozenset({1, 3, 5, 7})
"""Options with which AGGREGATE leaves out hidden rows."""


def _aggregate(number: int) -> Function:
    return _RECORDS[_NAMES[number - 1]].operation.function


def subtotal(context: Context, code: Block, *areas: Block) -> Block:
    """SUBTOTAL(number, areas …): 1 to 11, or the same with 100 added."""
    number = whole(context, code, 0)
    number -= 100 if number > 100 else 0
    if not 1 <= number <= _LAST_SUBTOTAL:
        return context.error(ErrorCode.VALUE)
    for area in areas:
        if not area.cells and area.kind is Kind.ERROR:
            return area
    return _aggregate(number)(context, *areas)


def aggregate(context: Context, code: Block, option: Block, *arguments: Block) -> Block:
    """AGGREGATE(number, options, areas …) or (number, options, array, k)."""
    number, options = whole(context, code, 0), whole(context, option, 0)
    if not (1 <= number <= len(_NAMES) and 0 <= options <= _MOST_OPTIONS):
        return context.error(ErrorCode.VALUE)
    areas: tuple[Block, ...] = arguments
    further: tuple[Block, ...] = ()
    if number >= FIRST_OF_ARRAYS:
        if len(arguments) != 2:
            return context.error(ErrorCode.VALUE)
        areas, further = (as_cells(arguments[0]),), (arguments[1],)
    if options in _IGNORING_ERRORS:
        areas = tuple(_without_errors(context, area) for area in areas)
    return _aggregate(number)(context, *areas, *further)


def _without_errors(context: Context, block: Block) -> Block:
    errors = context.errors(block)
    if not bool(errors.any()):
        return block
    return blanked(context, as_cells(block), Block(errors.to(context.dtype), Kind.BOOLEAN))


def blanked(context: Context, block: Block, where: Block) -> Block:
    """The block with blanks where the other holds."""
    del context
    hidden = where.number != 0
    kinds = torch.where(hidden, int(Kind.BLANK), block.kinds()).to(torch.uint8)
    return Block(torch.where(hidden, 0.0, block.number), kinds, cells=block.cells)
