"""Asking the processor for a row before it is needed: an instruction that numba has no name for.

Rows of items are read in an order that no hardware guesses. Where they do not fit into a core's
cache, a row asked for a few ratings ahead arrives in time: full passes are 2.5 times as fast.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import types
from numba.core import cgutils

from xlcollab.factor.passes.address import address
from xlcollab.llvm import (
    BaseContext,
    Intrinsic,
    IRBuilder,
    Operands,
    Signature,
    Value,
    compiled,
    llvm,
)

AHEAD = 8
"""Ratings between asking for a row and using it."""
CACHED = 2**17
"""Numbers in a table of rows (half a MB in float32) up to which asking costs more than it saves."""

_READ, _KEEP, _DATA = 0, 3, 1  # the arguments of llvm.prefetch (LLVM Language Reference)


def _prefetch(
    typing_context: object, rows: types.Array, row: types.Type, column: types.Type
) -> Intrinsic:
    """The type of a call, and the function that writes its instructions."""
    signature = types.void(rows, types.intp, types.intp)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        place = address(context, builder, signature.args[0], *arguments)
        number = cgutils.int32_t
        kind = llvm.FunctionType(llvm.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
        builder.call(function, [place, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return signature, generate


prefetch: Callable[..., None] = compiled(_prefetch)
"""prefetch(rows, row, column) fetches the cache line with rows[row, column]; no effect besides.

The row must exist; the column may lie beyond the end.
"""
