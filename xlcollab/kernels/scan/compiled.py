"""How the machine of passes is compiled: what is called from Python once and cached on disk, what
is called from there as a part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from numba import njit
from numba.core.ccallback import CFunc
from numba.core.typing.templates import Signature

from xlcollab.jit import stamped
from xlcollab.kernels.scalar import digits

_F = TypeVar("_F", bound=Callable[..., object])
SOURCES = ("kernels/scan", *digits.SOURCES, "grid/values.py")
"""This folder, the functions of one and two numbers, and the numbers of kinds and errors."""


class Code(Protocol):
    """What is called by its address."""

    address: int


def entry(function: _F) -> _F:
    """Called from Python; compiled once per machine."""
    return cast(_F, stamped(njit(error_model="numpy")(function), function, SOURCES))


def code(function: Callable[..., None], signature: Signature) -> Code:
    """What is called from compiled code by its address; compiled once per machine."""
    made = CFunc(function, (signature.args, signature.return_type), {}, {"error_model": "numpy"})
    stamped(made, function, SOURCES).compile()
    return cast(Code, made)


def inner(function: _F) -> _F:
    """A part of the machine: it has no entry from Python, and no cache of its own."""
    make = njit(  # type: ignore[call-overload]  # the stubs leave these two out
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )
    return cast(_F, make(function))


def inlined(function: _F) -> _F:
    """Becomes part of each caller."""
    return cast(_F, njit(inline="always", error_model="numpy")(function))
