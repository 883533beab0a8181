"""Where a number of an array lies, in the instructions that numba writes."""

from __future__ import annotations

from typing import Any

from numba.core import cgutils
from numba.np import arrayobj

# Parts of numba without types of their own; `llvm` is llvmlite's writer of instructions.
llvm: Any = vars(cgutils)["ir"]
make_array: Any = arrayobj.make_array


def address(context: Any, builder: Any, kind: Any, rows: Any, row: Any, column: Any) -> Any:
    """The address, in bytes and of no type, of rows[row, column]; `kind` is numba's type of `rows`.

    Nothing is tested: an index below 0 is not one from the end.
    """
    array = make_array(kind)(context, builder, rows)
    strides = (builder.extract_value(array.strides, axis) for axis in (0, 1))
    steps = (builder.mul(stride, at) for stride, at in zip(strides, (row, column), strict=True))
    start = builder.bitcast(array.data, cgutils.voidptr_t)
    return builder.gep(start, [builder.add(*steps)])
