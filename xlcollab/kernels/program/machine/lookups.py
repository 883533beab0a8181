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

from xlcollab.kernels.program.machine.compiled import exact
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

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Loop = Callable[[Numbers, Whole, int, int, int, int, int], None]
"""Called with arena, the places, how many rows, where what is written and what is read begin, how
many numbers a row has, and how many whole vectors."""
Kind = types.Type

_NUMBER, _WHOLE = llvm.DoubleType(), llvm.IntType(64)


def _rows(rest: int, *, back: bool) -> Loop:
    """A loop over rows whose last vector has `rest` numbers: into[i] = from[places[i]], or `back`,
    into[places[i]] += from[i]."""

    def typing(
        context: object, arena: Kind, places: Kind, n: Kind, to: Kind, at: Kind, w: Kind, v: Kind
    ) -> Intrinsic:
        del context, n, to, at, w, v
        return types.void(arena, places, *[types.int64] * 5), build

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        data, places = (
            context.make_array(kind)(context, builder, one).data
            for kind, one in zip(signature.args[:2], operands[:2], strict=True)
        )
        count, to, at, width, vectors = operands[2:]
        with cgutils.for_range(builder, count) as loop:
            place = builder.load(builder.gep(places, [loop.index]))
            own = builder.mul(loop.index, width)
            into, out_of = (place, own) if back else (own, place)
            into, out_of = builder.add(to, into), builder.add(at, out_of)
            whole = _WHOLE(LANES)
            with cgutils.for_range(builder, vectors) as inner:
                _move(builder, data, LANES, (into, out_of, builder.mul(inner.index, whole)), back)
            if rest:
                _move(builder, data, rest, (into, out_of, builder.mul(vectors, whole)), back)
        return context.get_dummy_value()

    return compiled(typing)


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


_f0, _f1, _f2, _f3, _f4, _f5, _f6, _f7 = (_rows(rest, back=False) for rest in range(LANES))
_b0, _b1, _b2, _b3, _b4, _b5, _b6, _b7 = (_rows(rest, back=True) for rest in range(LANES))


@exact
def looked_up(arena: Numbers, places: Whole, to: int, at: int, width: int) -> None:
    """into[i] = from[places[i]], rows of `width` numbers."""
    n, vectors, rest = len(places), width // LANES, width % LANES
    if rest == 0:
        _f0(arena, places, n, to, at, width, vectors)
    elif rest == 1:
        _f1(arena, places, n, to, at, width, vectors)
    elif rest == 2:
        _f2(arena, places, n, to, at, width, vectors)
    elif rest == 3:
        _f3(arena, places, n, to, at, width, vectors)
    elif rest == 4:
        _f4(arena, places, n, to, at, width, vectors)
    elif rest == 5:
        _f5(arena, places, n, to, at, width, vectors)
    elif rest == 6:
        _f6(arena, places, n, to, at, width, vectors)
    else:
        _f7(arena, places, n, to, at, width, vectors)


@exact
def added_back(arena: Numbers, places: Whole, to: int, at: int, width: int) -> None:
    """into[places[i]] += from[i], rows of `width` numbers, one after the other."""
    n, vectors, rest = len(places), width // LANES, width % LANES
    if rest == 0:
        _b0(arena, places, n, to, at, width, vectors)
    elif rest == 1:
        _b1(arena, places, n, to, at, width, vectors)
    elif rest == 2:
        _b2(arena, places, n, to, at, width, vectors)
    elif rest == 3:
        _b3(arena, places, n, to, at, width, vectors)
    elif rest == 4:
        _b4(arena, places, n, to, at, width, vectors)
    elif rest == 5:
        _b5(arena, places, n, to, at, width, vectors)
    elif rest == 6:
        _b6(arena, places, n, to, at, width, vectors)
    else:
        _b7(arena, places, n, to, at, width, vectors)
