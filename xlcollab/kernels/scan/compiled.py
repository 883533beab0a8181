"""How the machine of passes is compiled: what is called from Python once and cached on disk, what
is called from there as a part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target

_F = TypeVar("_F", bound=Callable[..., object])


def inner(function: _F) -> _F:
    """A part of the machine: it has no entry from Python, and no cache of its own."""
    make = njit(  # type: ignore[call-overload]  # the stubs leave these two out
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )
    return cast(_F, make(function))


def inlined(function: _F) -> _F:
    """Becomes part of each caller."""
    return cast(_F, njit(inline="always", error_model="numpy")(function))


def is_ready(function: Callable[..., object]) -> bool:
    """Whether a function that is called from Python can run without being compiled first."""
    if getattr(function, "signatures", ()):
        return True
    cache = getattr(function, "_cache", None)
    if not isinstance(cache, FunctionCache):
        return False
    here, files = cpu_target.target_context.codegen().magic_tuple(), cache._cache_file
    return any(
        key[1] == here and Path(files._data_path(name)).exists()
        for key, name in files._load_index().items()
    )
