"""Eight numbers at a time in compiled kernels, whatever the compiler makes of a loop.

Rows are short, and their length is known only at run time. LLVM vectorises such a loop by 32 or 64
numbers, behind tests for overlapping arrays, and walks a row of 24 in the part made for leftovers.
Here a loop over a row goes in steps of `LANES`, each on vectors that are loaded, multiplied and
stored as such: a full pass with rows of 24 takes three quarters of the time. Processors with
shorter vectors get two or four instructions for one (LLVM Language Reference, vector type).
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, register_model

from xlcollab.factor.passes.address import address, llvm
from xlcollab.factor.passes.rows import PAD

LANES = PAD
"""Numbers in a vector; rows are padded to a multiple of it."""

_FAST = ("fast",)


class Vector(types.Type):
    """`LANES` numbers of one floating-point type."""

    def __init__(self, number: Any) -> None:
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_model(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        number = manager.lookup(vector.number).get_value_type()
        super().__init__(manager, vector, llvm.VectorType(number, LANES))  # type: ignore[no-untyped-call]


def _place(context: Any, builder: Any, kind: Any, *where: Any) -> Any:
    """The address of the vector that begins at rows[row, column]."""
    lanes = llvm.VectorType(context.get_value_type(kind.dtype), LANES)
    return builder.bitcast(address(context, builder, kind, *where), lanes.as_pointer())


def _load(typing_context: Any, rows: Any, row: Any, column: Any) -> Any:
    signature = Vector(rows.dtype)(rows, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=rows.dtype.bitwidth // 8)

    return signature, generate


def _store(typing_context: Any, rows: Any, row: Any, column: Any, vector: Any) -> Any:
    signature = types.void(rows, types.intp, types.intp, vector)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *where, value = arguments
        place = _place(context, builder, signature.args[0], *where)
        builder.store(value, place, align=rows.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return signature, generate


def _spread(typing_context: Any, number: Any) -> Any:
    signature = Vector(number)(number)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = context.get_value_type(signature.return_type)
        first = builder.insert_element(llvm.Constant(lanes, llvm.Undefined), arguments[0], _lane(0))
        return builder.shuffle_vector(first, first, _lanes([0] * LANES))

    return signature, generate


def _plus_product(typing_context: Any, total: Any, one: Any, other: Any) -> Any:
    signature = total(total, one, other)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole, *factors = arguments
        return builder.fadd(whole, builder.fmul(*factors, flags=_FAST), flags=_FAST)

    return signature, generate


def _total(typing_context: Any, vector: Any) -> Any:
    signature = vector.number(vector)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, width = arguments[0], LANES
        while width > 1:
            width //= 2
            upper = _lanes([(lane + width) % LANES for lane in range(LANES)])
            value = builder.fadd(value, builder.shuffle_vector(value, value, upper), flags=_FAST)
        return builder.extract_element(value, _lane(0))

    return signature, generate


def _lane(number: int) -> Any:
    return llvm.Constant(cgutils.int32_t, number)


def _lanes(numbers: list[int]) -> Any:
    return llvm.Constant(llvm.VectorType(cgutils.int32_t, LANES), numbers)


load: Any = intrinsic(_load)
"""load(rows, row, column): the vector rows[row, column : column + LANES], which must exist."""
store: Any = intrinsic(_store)
"""store(rows, row, column, vector) writes it there."""
spread: Any = intrinsic(_spread)
"""spread(number): a vector of it."""
plus_product: Any = intrinsic(_plus_product)
"""plus_product(total, one, other): total + one · other, number by number."""
total: Any = intrinsic(_total)
"""total(vector): the sum of its numbers."""
