"""Threads that share the bands of large sheets: the machine's code runs without the GIL."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import torch

from xlcollab.jit import quota

MOST = max(4, min(16, os.cpu_count() or 1))
"""Threads that ever share a sheet."""


def wanted() -> int:
    """How many threads may run now: as many as torch may use, of which a container's quota knows
    nothing, and one when Python is about to end, for then none can be started."""
    if not threading.main_thread().is_alive():
        return 1
    return min(MOST, torch.get_num_threads(), quota())


@contextmanager
def using(count: int) -> Iterator[None]:
    """So many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def helpers() -> ThreadPoolExecutor:
    """Threads besides the caller's, of this process."""
    return _helpers(os.getpid())


@cache
def _helpers(process: int) -> ThreadPoolExecutor:
    del process  # a fork has none of its parent's threads
    return ThreadPoolExecutor(max(1, MOST - 1), thread_name_prefix="xlcollab")
