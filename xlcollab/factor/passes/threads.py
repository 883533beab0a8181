"""How many threads a run may use: what was said in the environment, and what a container allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xlcollab.jit import quota

_SAID = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


def allowed_threads() -> int:
    """The fewest of what OMP_NUM_THREADS says, the processors of this process and its quota."""
    said = [int(text) for name in _SAID if (text := os.environ.get(name, "")).isdigit()]
    affinity = getattr(os, "sched_getaffinity", None)
    here = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min([here, quota(), *(n for n in said if n)]))


@contextmanager
def torch_threads_kept() -> Iterator[None]:
    """Leaves torch's threads as they were: numba's OpenMP, which it shares, changes them."""
    torch: Any = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if before is not None and torch.get_num_threads() != before:
            torch.set_num_threads(before)
