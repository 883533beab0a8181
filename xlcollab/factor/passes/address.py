"""Where a number of an array lies, in the instructions that numba writes."""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.np import arrayobj

from xlcollab.llvm import BaseContext, IRBuilder, Value


def address(
    context: BaseContext,
    builder: IRBuilder,
    kind: types.Array,
    rows: Value,
    row: Value,
    column: Value,
) -> Value:
    """The address, in bytes and of no type, of rows[row, column]; `kind` is numba's type of `rows`.

    Nothing is tested: an index below 0 is not one from the end.
    """
    array = arrayobj.make_array(kind)(context, builder, rows)
    strides = (builder.extract_value(array.strides, axis) for axis in (0, 1))
    steps = (builder.mul(stride, at) for stride, at in zip(strides, (row, column), strict=True))
    start = builder.bitcast(array.data, cgutils.voidptr_t)
    return builder.gep(start, [builder.add(*steps)])
