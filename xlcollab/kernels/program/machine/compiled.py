"""How the machine is compiled: numba, without the GIL, cached on disk beside the source.

The cache's key has a stamp of the whole folder: a table of operations that changed never meets a
machine compiled before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

from xlcollab.jit import stamped

F = TypeVar("F", bound=Callable[..., object])


SOURCES = (
    "kernels/program/machine",
    "kernels/program/core/ops.py",
    "kernels/program/core/codes.py",
    "operations.py",
    "llvm.py",
)
"""This folder, the tables that it shares with the core, and how an intrinsic is written."""


def _compiler(*allowed: str, inner: bool = True, alone: bool = False) -> Callable[[F], F]:
    """A decorator; `allowed` are what rounding may be spent on (LLVM's fast-math flags). What is
    called by compiled code alone is `inner`: without a way in for Python it is compiled sooner.
    `alone`: Python's other threads wait."""

    def decorate(function: F) -> F:
        # Its stubs do not know of the wrappers.
        compiler = cast(Callable[..., Callable[..., object]], numba.njit)(
            nogil=not alone,
            error_model="numpy",
            fastmath=set(allowed),
            no_cpython_wrapper=inner,
            no_cfunc_wrapper=True,
        )
        return cast(F, stamped(compiler(function), function, SOURCES))

    return decorate


entry: Callable[[F], F] = _compiler(inner=False)
"""Called from Python; every operation rounded as written."""
brief: Callable[[F], F] = _compiler(inner=False, alone=True)
"""The same for what takes less time than to let other threads go on."""
exact: Callable[[F], F] = _compiler()
"""Every operation rounded as written."""
fused: Callable[[F], F] = _compiler("contract")
"""A product and a sum may round once."""
reordered: Callable[[F], F] = _compiler("contract", "reassoc", "nsz")
"""Sums in any order, as vector instructions want them."""


def inlined(function: F) -> F:
    """Becomes part of each caller."""
    compiler = numba.njit(inline="always", error_model="numpy")
    return cast(F, compiler(function))
