"""How kernels are compiled: numba, without the GIL, cached on disk beside the source.

fastmath lets sums be reordered, which vector instructions need; error_model "numpy" leaves a
division by zero infinite instead of testing for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numba

from xlcollab.factor.passes.threads import allowed_threads, torch_threads_kept
from xlcollab.jit import stamped

F = TypeVar("F", bound=Callable[..., object])
SOURCES = ("factor/passes", "llvm.py")
"""What the kernels' code is made from: this folder, and how an intrinsic is written."""


def _compiler(**options: Any) -> Callable[[F], F]:
    njit: Any = numba.njit
    compiler = njit(nogil=True, fastmath=True, error_model="numpy", **options)

    def decorate(function: F) -> F:
        return cast(F, stamped(compiler(function), function, SOURCES))

    return decorate


# A parallel region waits for its slowest thread. On a busy machine that wait is milliseconds, so a
# thread must have this many multiplications to do between two waits, about 0.2 ms of them.
_WORK_OF_A_THREAD = 2_000_000


@contextmanager
def enough_threads(work: int) -> Iterator[None]:
    """As many of numba's threads as are allowed and as `work` multiplications keep busy.

    One thread of Python at a time: numba's own queue ends a process that starts two regions at
    once.
    """
    with _lock.regions, torch_threads_kept():
        before = numba.get_num_threads()
        allowed = min(before, allowed_threads())
        numba.set_num_threads(max(1, min(allowed, work // _WORK_OF_A_THREAD)))
        try:
            yield
        finally:
            numba.set_num_threads(before)


class _Lock:
    """For a forked child a new one: nobody there would ever give the old one free."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.regions = threading.RLock()


_lock = _Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_lock.renew)


serial: Callable[[F], F] = _compiler()
parallel: Callable[[F], F] = _compiler(parallel=True)
inlined: Callable[[F], F] = _compiler(inline="always")
