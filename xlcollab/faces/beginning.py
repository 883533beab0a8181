"""When a command began. Loading Python and what it computes with takes its share of a time limit:
for who waits, and on a busy machine, that may be most of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

_LONGEST = 60.0
"""Seconds: a process that is older was at other things before it came to the command."""
_process: list[float] = []
"""When the process began, until a command has taken it for its own beginning."""


def process_began() -> None:
    """Note that the command which comes next is what this process was started for."""
    age = _age()
    _process[:] = [time.perf_counter() - age] if age < _LONGEST else []


def beginning() -> float:
    """When the command began that is beginning now (perf_counter)."""
    return _process.pop() if _process else time.perf_counter()


def _age() -> float:
    """The seconds for which this process has run; 0 where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        return max(0.0, now - int(fields[_START]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return 0.0


_START = 19
"""Of the fields behind the command's name: when the process began, in ticks (proc(5): 22)."""
