"""How the machine of passes is compiled: what is called from Python once and cached on disk, what
is called from there as a part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_F = TypeVar("_F", bound=Callable[..., object])


def inner(function: _F) -> _F:
    """A part of the machine: it has no entry from Python, and no cache of its own."""
    make = njit(  # type: ignore[call-overload]  # the stubs leave these two out
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )
    return cast(_F, make(function))
