"""How much memory a command may take: what is beyond ends in a sentence, not in the machine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from xlcollab.errors import UsageError

_SHARE = 0.75
"""Of the machine's memory: the rest is for the system and for whoever else works there."""
_LEAST = 0.25
"""Gigabytes: with less, the libraries beneath cannot even start."""
_GROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_GPU = Path("/dev/nvidiactl")


def limit_memory(gigabytes: float | None = None) -> None:
    """Allow this process so much memory of its own, by default 3/4 of what the machine, or its
    container, has.

    Where the system knows no such limit nothing happens; nor by default beside a GPU, whose driver
    reserves more than it uses. Raises UsageError for less than a process needs.
    """
    if gigabytes is not None and not gigabytes >= _LEAST:
        raise UsageError(f"--memory-limit is {gigabytes:g}; expected {_LEAST:g} gigabytes or more")
    if gigabytes is None and _GPU.exists():
        return
    size = int(gigabytes * 1e9) if gigabytes is not None else int(available_memory() * _SHARE)
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if most != resource.RLIM_INFINITY:
            size = min(size, most)
        resource.setrlimit(resource.RLIMIT_DATA, (size, most))


def available_memory() -> int:
    """Bytes that the machine has, or less where a container has less."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for group in _GROUPS:
        with suppress(OSError, ValueError):
            found.append(int(group.read_text()))
    return min(found, default=1 << 40)
