"""numba's side of an intrinsic: a function that writes the processor's instructions itself.

An intrinsic is asked for the types of a call and answers with a signature and with what writes the
instructions; llvmlite, which numba brings along, is the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from llvmlite import binding
from llvmlite import ir as llvm
from llvmlite.ir import IRBuilder, Value
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

__all__ = [
    "BaseContext",
    "IRBuilder",
    "Intrinsic",
    "Operands",
    "Signature",
    "Value",
    "compiled",
    "has_instructions",
    "llvm",
]

Operands = Sequence[Value]
"""The arguments of a call, as instructions."""
Intrinsic = tuple[Signature, Callable[[BaseContext, IRBuilder, Signature, Operands], Value]]
"""The types of a call, and what writes its instructions."""


def compiled(typing: Callable[..., Intrinsic]) -> Callable[..., Any]:
    """The intrinsic that `typing` describes; compiled functions call it by its operands.

    numba's own type for it says what `typing` takes, not what a caller gives.
    """
    return cast(Callable[..., Any], intrinsic(typing))


def has_instructions(name: str) -> bool:
    """Whether this processor has a set of instructions, by LLVM's name for it."""
    return bool(binding.get_host_cpu_features().get(name, False))
