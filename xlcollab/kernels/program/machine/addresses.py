"""Arrays by their address: what a call from Python hands over costs more than what a small sheet
computes."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_double, c_int64
from typing import TYPE_CHECKING

from numba import types

from xlcollab.llvm import (
    BaseContext,
    Intrinsic,
    IRBuilder,
    Operands,
    Signature,
    Value,
    compiled,
)

if TYPE_CHECKING:
    from ctypes import _Pointer


def _pointer(kind: types.Type) -> Callable[..., Intrinsic]:
    """The address of the first of several numbers of a kind, as `numba.carray` takes it."""

    def typing(typing: object, place: types.Type) -> Intrinsic:
        del typing, place

        def build(
            context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
        ) -> Value:
            return builder.inttoptr(operands[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), build

    return typing


wholes_at: Callable[[int], _Pointer[c_int64]] = compiled(_pointer(types.int64))
floats_at: Callable[[int], _Pointer[c_double]] = compiled(_pointer(types.float64))
