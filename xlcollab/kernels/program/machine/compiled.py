"""How the machine is compiled: numba, without the GIL, cached on disk beside the source.

numba looks only at the file of a function to tell whether its cached code is out of date, though
that code holds what it calls from other files as well. So the cache's key has a stamp of the whole
folder: a table of operations that changed never meets a machine compiled before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target
from numba.core.typing.templates import Signature

from xlcollab.jit import CACHED

F = TypeVar("F", bound=Callable[..., object])


@cache
def stamp() -> str:
    """A digest of the sources of this folder, and of the tables that it shares with the core."""
    own = Path(__file__).parent
    core = own.parent / "core"
    digest = hashlib.sha256()
    for file in [*sorted(own.glob("*.py")), core / "ops.py", core / "codes.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


class _StampedCache(FunctionCache):
    def _index_key(self, sig: Signature, codegen: object) -> tuple[object, ...]:
        return (*super()._index_key(sig, codegen), stamp())  # type: ignore[no-untyped-call]

    def holds_some(self) -> bool:
        """Whether code for this processor and these sources is there, of any signature."""
        here = cpu_target.target_context.codegen().magic_tuple()
        files = self._cache_file
        return any(
            key[1] == here and key[-1] == stamp() and Path(files._data_path(name)).exists()
            for key, name in files._load_index().items()
        )


def is_ready(function: Callable[..., object]) -> bool:
    """Whether a function can run without being compiled first; to tell compiles nothing."""
    cache = getattr(function, "_cache", None)
    return bool(getattr(function, "signatures", ())) or (
        isinstance(cache, _StampedCache) and cache.holds_some()
    )


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
        dispatcher = compiler(function)
        if CACHED:
            vars(dispatcher)["_cache"] = _StampedCache(function)  # type: ignore[no-untyped-call]
        return cast(F, dispatcher)

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
