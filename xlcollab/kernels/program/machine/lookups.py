"""Rows of numbers that are looked up by constant places, and added back into them.

A row is moved as whole vectors and one shorter vector, for each length of which there is a loop of
its own: nothing beside a row is written.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.short import LANES
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

Loop = Callable[[NDArray[np.float64], NDArray[np.int64], int, int, int], None]
"""Called with the arena, the places, where what is written and what is read begin, and how many
numbers a row has."""
_NUMBER, _WHOLE = llvm.DoubleType(), llvm.IntType(64)


def _rows(*, back: bool) -> Loop:
    """into[i] = from[places[i]], or `back`, into[places[i]] += from[i], one after the other."""

    def typing(
        context: object,
        arena: types.Type,
        places: types.Type,
        to: types.Type,
        at: types.Type,
        width: types.Type,
    ) -> Intrinsic:
        del context, to, at, width
        return types.void(arena, places, *[types.int64] * 3), build

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        arena, places = (
            context.make_array(kind)(context, builder, one)
            for kind, one in zip(signature.args[:2], operands[:2], strict=True)
        )
        rest = builder.srem(operands[4], _WHOLE(LANES))
        end = builder.append_basic_block("rows.end")
        lengths = builder.switch(rest, end)
        for length in range(LANES):
            block = builder.append_basic_block("rows")
            lengths.add_case(_WHOLE(length), block)
            builder.position_at_end(block)
            _loop(builder, arena.data, places, operands[2:], length, back)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return compiled(typing)


def _loop(
    builder: IRBuilder, data: Value, places: Value, operands: Operands, rest: int, back: bool
) -> None:
    """The loop over rows whose last vector has `rest` numbers."""
    to, at, width = operands
    whole = _WHOLE(LANES)
    vectors = builder.sdiv(width, whole)
    with cgutils.for_range(builder, places.nitems) as loop:
        place = builder.load(builder.gep(places.data, [loop.index]))
        own = builder.mul(loop.index, width)
        into, out_of = (place, own) if back else (own, place)
        into, out_of = builder.add(to, into), builder.add(at, out_of)
        with cgutils.for_range(builder, vectors) as inner:
            _move(builder, data, LANES, (into, out_of, builder.mul(inner.index, whole)), back)
        if rest:
            _move(builder, data, rest, (into, out_of, builder.mul(vectors, whole)), back)


def _move(
    builder: IRBuilder, data: Value, width: int, at: tuple[Value, Value, Value], back: bool
) -> None:
    """One vector, put in its place or added to what is there; `at` are where the row is written
    and read, and where in it the vector lies."""
    kind = llvm.VectorType(_NUMBER, width) if width > 1 else _NUMBER
    target, source = (
        builder.bitcast(builder.gep(data, [builder.add(one, at[2])]), kind.as_pointer())
        for one in at[:2]
    )
    value = builder.load(source, align=8)
    if back:
        value = builder.fadd(builder.load(target, align=8), value)
    builder.store(value, target, align=8)


looked_up, added_back = _rows(back=False), _rows(back=True)
