"""Small blocks of a product that stay in the processor's registers, written as instructions.

A block has a few rows by a few vectors of columns, or by a few columns where both operands are
dense along the sum. Vectors are as wide as this processor's. What is read may reach past the end of
an operand, never past the arena, which has room behind it; what is read too much is not used.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import types
from numba.core import cgutils

from xlcollab.llvm import (
    BaseContext,
    Intrinsic,
    IRBuilder,
    Operands,
    Signature,
    Value,
    compiled,
    has_instructions,
    llvm,
)

WIDTH = 8 if has_instructions("avx512f") else 4
"""Numbers of a vector."""
MOST_ROWS = 4
"""With `MOST_VECTORS`, as many as the registers hold."""
MOST_VECTORS = 3
"""Twelve sums, what they are made of and a spread number fill sixteen registers."""

_NUMBER, _WHOLE = llvm.DoubleType(), llvm.IntType(64)
_VECTOR = llvm.VectorType(_NUMBER, WIDTH)
_FLAGS = ("contract",)

Tile = Callable[..., None]
Kind = types.Type


class _Writer:
    """Reads and writes the arena, a number or a vector at a time."""

    def __init__(self, builder: IRBuilder, data: Value) -> None:
        self.builder, self._data = builder, data

    def at(self, start: Value, *terms: tuple[Value, int | Value]) -> Value:
        """The place start + Σ step · times."""
        place = start
        for step, times in terms:
            by = _WHOLE(times) if isinstance(times, int) else times
            place = self.builder.add(place, self.builder.mul(step, by))
        return place

    def pointer(self, place: Value, kind: llvm.Type) -> Value:
        """Where a number or a vector lies."""
        return self.builder.bitcast(self.builder.gep(self._data, [place]), kind.as_pointer())

    def read(self, place: Value, kind: llvm.Type = _NUMBER) -> Value:
        """What lies there."""
        return self.builder.load(self.pointer(place, kind), align=8)

    def write(self, value: Value, place: Value, kind: llvm.Type = _NUMBER) -> None:
        """Put it there."""
        self.builder.store(value, self.pointer(place, kind), align=8)

    def spread(self, number: Value) -> Value:
        """A vector of one number."""
        single = self.builder.insert_element(
            llvm.Constant(_VECTOR, llvm.Undefined), number, llvm.IntType(32)(0)
        )
        return self.builder.shuffle_vector(
            single,
            llvm.Constant(_VECTOR, llvm.Undefined),
            llvm.Constant(llvm.VectorType(llvm.IntType(32), WIDTH), [0] * WIDTH),
        )

    def product_added(self, total: Value, a: Value, b: Value) -> None:
        """total += a · b, rounded once where the processor can."""
        product = self.builder.fmul(a, b, flags=_FLAGS)
        added = self.builder.fadd(self.builder.load(total), product, flags=_FLAGS)
        self.builder.store(added, total)

    def totals(self, count: int) -> list[Value]:
        """So many vectors of zeros."""
        zero = llvm.Constant(_VECTOR, [0.0] * WIDTH)
        found = [cgutils.alloca_once(self.builder, _VECTOR) for _ in range(count)]
        for one in found:
            self.builder.store(zero, one)
        return found


def _operands(
    context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
) -> tuple[_Writer, list[Value]]:
    arena = context.make_array(signature.args[0])(context, builder, operands[0])
    return _Writer(builder, arena.data), list(operands[1:])


def _columns(rows: int, vectors: int) -> Tile:
    """out[i, j] (+)= Σₖ a[i, k] · c[k, j] for a block of rows by vectors of columns.

    Called with arena, out, its row, a, its row, its step, c, its row, the length of the sum, the
    columns of the last vector that count, and whether to add to what is there.
    """

    def typing(
        context: object, arena: Kind, o: Kind, r: Kind, a: Kind, m: Kind, s: Kind, c: Kind,
        k: Kind, n: Kind, w: Kind, d: Kind,
    ) -> Intrinsic:  # fmt: skip
        del context, o, r, a, m, s, c, k, n, w, d
        return types.void(arena, *[types.int64] * 10), build

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        writer, given = _operands(context, builder, signature, operands)
        out, row, a, am, ak, c, ck, length, width, add = given
        totals = writer.totals(rows * vectors)
        with cgutils.for_range(builder, length) as loop:
            k = loop.index
            first = writer.at(c, (ck, k))
            right = [
                writer.read(builder.add(first, _WHOLE(v * WIDTH)), _VECTOR) for v in range(vectors)
            ]
            for i in range(rows):
                left = writer.spread(writer.read(writer.at(a, (am, i), (ak, k))))
                for v in range(vectors):
                    writer.product_added(totals[i * vectors + v], left, right[v])
        for i in range(rows):
            for v in range(vectors):
                place = builder.add(writer.at(out, (row, i)), _WHOLE(v * WIDTH))
                last = width if v == vectors - 1 else None
                _put(writer, builder.load(totals[i * vectors + v]), place, add, last)
        return context.get_dummy_value()

    return compiled(typing)


def _put(writer: _Writer, value: Value, place: Value, add: Value, width: Value | None) -> None:
    """Store a vector, or its first `width` numbers; added to what is there if `add`."""
    builder = writer.builder
    before = builder.select(
        builder.icmp_signed("!=", add, _WHOLE(0)),
        writer.read(place, _VECTOR),
        llvm.Constant(_VECTOR, [0.0] * WIDTH),
    )
    value = builder.fadd(value, before)
    if width is None:
        writer.write(value, place, _VECTOR)
        return
    whole = builder.icmp_signed("==", width, _WHOLE(WIDTH))
    with builder.if_else(whole) as (then, otherwise):
        with then:
            writer.write(value, place, _VECTOR)
        with otherwise:
            aside = cgutils.alloca_once(builder, _VECTOR)
            builder.store(value, aside)
            single = builder.bitcast(aside, _NUMBER.as_pointer())
            with cgutils.for_range(builder, width) as loop:
                number = builder.load(builder.gep(single, [loop.index]))
                writer.write(number, builder.add(place, loop.index))


def _sums(rows: int, columns: int) -> Tile:
    """out[i, j] (+)= Σₖ a[i, k] · c[j, k] for a block whose operands are dense along the sum.

    Called with arena, out, its row, a, its row, c, its row, the length and whether to add.
    """

    def typing(
        context: object, arena: Kind, o: Kind, r: Kind, a: Kind, m: Kind, c: Kind, k: Kind,
        n: Kind, d: Kind,
    ) -> Intrinsic:  # fmt: skip
        del context, o, r, a, m, c, k, n, d
        return types.void(arena, *[types.int64] * 8), build

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        writer, given = _operands(context, builder, signature, operands)
        out, row, a, am, c, cn, length, add = given
        totals = writer.totals(rows * columns)
        width = _WHOLE(WIDTH)
        vectors = builder.sdiv(length, width)
        rest = builder.srem(length, width)

        def step(k: Value, mask: Value | None) -> None:
            right = [writer.read(writer.at(c, (cn, j), (k, 1)), _VECTOR) for j in range(columns)]
            for i in range(rows):
                left = writer.read(writer.at(a, (am, i), (k, 1)), _VECTOR)
                for j in range(columns):
                    x, y = left, right[j]
                    if mask is not None:
                        zero = llvm.Constant(_VECTOR, [0.0] * WIDTH)
                        x, y = builder.select(mask, x, zero), builder.select(mask, y, zero)
                    writer.product_added(totals[i * columns + j], x, y)

        with cgutils.for_range(builder, vectors) as loop:
            step(builder.mul(loop.index, width), None)
        with builder.if_then(builder.icmp_signed("!=", rest, _WHOLE(0))):
            step(builder.mul(vectors, width), _first_lanes(builder, rest))
        for i in range(rows):
            for j in range(columns):
                place = writer.at(out, (row, i), (_WHOLE(1), j))
                _put_sum(writer, totals[i * columns + j], place, add)
        return context.get_dummy_value()

    return compiled(typing)


def _put_sum(writer: _Writer, total: Value, place: Value, add: Value) -> None:
    """Store the sum of a vector's numbers; added to what is there if `add`."""
    builder = writer.builder
    before = builder.select(
        builder.icmp_signed("!=", add, _WHOLE(0)), writer.read(place), _NUMBER(0.0)
    )
    writer.write(builder.fadd(_summed(builder, builder.load(total)), before), place)


def _first_lanes(builder: IRBuilder, count: Value) -> Value:
    """Truths of a vector's first `count` lanes."""
    whole = llvm.VectorType(_WHOLE, WIDTH)
    single = builder.insert_element(
        llvm.Constant(whole, llvm.Undefined), count, llvm.IntType(32)(0)
    )
    spread = builder.shuffle_vector(
        single,
        llvm.Constant(whole, llvm.Undefined),
        llvm.Constant(llvm.VectorType(llvm.IntType(32), WIDTH), [0] * WIDTH),
    )
    return builder.icmp_signed("<", llvm.Constant(whole, list(range(WIDTH))), spread)


def _summed(builder: IRBuilder, vector: Value) -> Value:
    """The sum of a vector's numbers, by halves."""
    width = WIDTH
    while width > 1:
        width //= 2
        kind = llvm.VectorType(llvm.IntType(32), width)
        nothing = llvm.Constant(vector.type, llvm.Undefined)
        low, high = (
            builder.shuffle_vector(
                vector, nothing, llvm.Constant(kind, list(range(first, first + width)))
            )
            for first in (0, width)
        )
        vector = builder.fadd(low, high)
    return builder.extract_element(vector, llvm.IntType(32)(0))


COLUMNS_41, COLUMNS_42, COLUMNS_43 = (_columns(MOST_ROWS, vectors) for vectors in (1, 2, 3))
COLUMNS_11, COLUMNS_12, COLUMNS_13 = (_columns(1, vectors) for vectors in (1, 2, 3))
SUMS_41, SUMS_42, SUMS_43 = (_sums(MOST_ROWS, columns) for columns in (1, 2, 3))
SUMS_11, SUMS_12, SUMS_13 = (_sums(1, columns) for columns in (1, 2, 3))
"""Blocks of four rows or one by up to three vectors or columns."""
