"""Calling a compiled routine by its address, on places of the arena."""

from __future__ import annotations

from collections.abc import Callable

from numba import types

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

_NOTHING, _WHOLE, _NUMBER = llvm.VoidType(), llvm.IntType(64), llvm.DoubleType()


def _called(
    typing: object,
    address: types.Type,
    whole: types.Type,
    table: types.Type,
    arena: types.Type,
    out: types.Type,
    first: types.Type,
    second: types.Type,
) -> Intrinsic:
    """Runs what lies at `address` on pointers: to `table` of the whole numbers, and to three places
    of the arena."""
    del typing, address, table, out, first, second

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        def place(at: int, offset: int) -> Value:
            array = context.make_array(signature.args[at])(context, builder, operands[at])
            return builder.gep(array.data, [operands[offset]])

        given = [_WHOLE.as_pointer(), *[_NUMBER.as_pointer()] * 3]
        code = llvm.FunctionType(_NOTHING, given).as_pointer()
        pointers = [place(1, 2), *(place(3, offset) for offset in (4, 5, 6))]
        builder.call(builder.inttoptr(operands[0], code), pointers)
        return context.get_dummy_value()

    place = types.int64
    return types.void(place, whole, place, arena, place, place, place), build


call: Callable[[int, object, int, object, int, int, int], None] = compiled(_called)
