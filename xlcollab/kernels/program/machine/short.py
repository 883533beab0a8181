"""A vector of numbers at a place of the arena, for rows that are shorter than it."""

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

LANES = 8
"""Numbers of a vector; processors whose own are shorter take two."""

_NUMBER = llvm.DoubleType()
_VECTOR = llvm.VectorType(_NUMBER, LANES)


def _pointer(
    context: BaseContext, builder: IRBuilder, kind: types.Type, arena: Value, place: Value
) -> Value:
    data = context.make_array(kind)(context, builder, arena).data
    return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())


def _spread(typing: object, arena: types.Type, place: types.Type, value: types.Type) -> Intrinsic:
    """arena[place : place + LANES] = value."""
    del typing, place, value

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        nothing = llvm.Constant(_VECTOR, llvm.Undefined)
        single = builder.insert_element(nothing, operands[2], llvm.IntType(32)(0))
        first = llvm.Constant(llvm.VectorType(llvm.IntType(32), LANES), [0] * LANES)
        vector = builder.shuffle_vector(single, nothing, first)
        to = _pointer(context, builder, signature.args[0], operands[0], operands[1])
        builder.store(vector, to, align=8)
        return context.get_dummy_value()

    return types.void(arena, types.int64, types.float64), build


def _moved(typing: object, arena: types.Type, place: types.Type, source: types.Type) -> Intrinsic:
    """arena[place : place + LANES] = arena[source : source + LANES]."""
    del typing, place, source

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        to, source = (
            _pointer(context, builder, signature.args[0], operands[0], one) for one in operands[1:]
        )
        builder.store(builder.load(source, align=8), to, align=8)
        return context.get_dummy_value()

    return types.void(arena, types.int64, types.int64), build


spread: Callable[[object, int, float], None] = compiled(_spread)
moved: Callable[[object, int, int], None] = compiled(_moved)
