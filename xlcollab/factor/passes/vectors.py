"""Eight numbers at a time in compiled kernels, whatever the compiler makes of a loop.

Rows are short, and their length is known only at run time. LLVM vectorises such a loop by 32 or 64
numbers, behind tests for overlapping arrays, and walks a row of 24 in the part made for leftovers.
Here a loop over a row goes in steps of `LANES`, each on vectors that are loaded, multiplied and
stored as such: a full pass with rows of 24 takes three quarters of the time. Processors with
shorter vectors get two or four instructions for one (LLVM Language Reference, vector type).
"""

from __future__ import annotations

from collections.abc import Callable

from numba import types
from numba.core import cgutils
from numba.core.datamodel.manager import DataModelManager
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import register_model

from xlcollab.factor.passes.address import address
from xlcollab.factor.passes.rows import PAD
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

LANES = PAD
"""Numbers in a vector; rows are padded to a multiple of it."""

_FAST = ("fast",)


class Vector(types.Type):
    """`LANES` numbers of one floating-point type."""

    def __init__(self, number: types.Type) -> None:
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_model(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager: DataModelManager, vector: Vector) -> None:
        number = manager.lookup(vector.number).get_value_type()
        super().__init__(manager, vector, llvm.VectorType(number, LANES))  # type: ignore[no-untyped-call]


def _place(context: BaseContext, builder: IRBuilder, kind: types.Array, *where: Value) -> Value:
    """The address of the vector that begins at rows[row, column]."""
    lanes = llvm.VectorType(context.get_value_type(kind.dtype), LANES)
    return builder.bitcast(address(context, builder, kind, *where), lanes.as_pointer())


def _bytes(rows: types.Array) -> int:
    """Bytes of a number in `rows`."""
    width: int = vars(rows.dtype)["bitwidth"]
    return width // 8


def _load(
    typing_context: object, rows: types.Array, row: types.Type, column: types.Type
) -> Intrinsic:
    signature = Vector(rows.dtype)(rows, types.intp, types.intp)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=_bytes(rows))

    return signature, generate


def _store(
    typing_context: object,
    rows: types.Array,
    row: types.Type,
    column: types.Type,
    vector: Vector,
) -> Intrinsic:
    signature = types.void(rows, types.intp, types.intp, vector)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        *where, value = arguments
        place = _place(context, builder, signature.args[0], *where)
        builder.store(value, place, align=_bytes(rows))
        return context.get_dummy_value()

    return signature, generate


def _spread(typing_context: object, number: types.Type) -> Intrinsic:
    signature = Vector(number)(number)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        lanes = context.get_value_type(signature.return_type)
        first = builder.insert_element(llvm.Constant(lanes, llvm.Undefined), arguments[0], _lane(0))
        return builder.shuffle_vector(first, first, _lanes([0] * LANES))

    return signature, generate


def _plus_product(typing_context: object, total: Vector, one: Vector, other: Vector) -> Intrinsic:
    signature = total(total, one, other)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        whole, *factors = arguments
        return builder.fadd(whole, builder.fmul(*factors, flags=_FAST), flags=_FAST)

    return signature, generate


def _total(typing_context: object, vector: Vector) -> Intrinsic:
    signature = vector.number(vector)

    def generate(
        context: BaseContext, builder: IRBuilder, signature: Signature, arguments: Operands
    ) -> Value:
        value, width = arguments[0], LANES
        while width > 1:
            width //= 2
            upper = _lanes([(lane + width) % LANES for lane in range(LANES)])
            value = builder.fadd(value, builder.shuffle_vector(value, value, upper), flags=_FAST)
        return builder.extract_element(value, _lane(0))

    return signature, generate


def _lane(number: int) -> Value:
    return llvm.Constant(cgutils.int32_t, number)


def _lanes(numbers: list[int]) -> Value:
    return llvm.Constant(llvm.VectorType(cgutils.int32_t, LANES), numbers)


load: Callable[..., Vector] = compiled(_load)
"""load(rows, row, column): the vector rows[row, column : column + LANES], which must exist."""
store: Callable[..., None] = compiled(_store)
"""store(rows, row, column, vector) writes it there."""
spread: Callable[[float], Vector] = compiled(_spread)
"""spread(number): a vector of it."""
plus_product: Callable[[Vector, Vector, Vector], Vector] = compiled(_plus_product)
"""plus_product(total, one, other): total + one · other, number by number."""
total: Callable[[Vector], float] = compiled(_total)
"""total(vector): the sum of its numbers."""
