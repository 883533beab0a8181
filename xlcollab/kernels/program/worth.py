"""Whether a run is long enough to compile the machine for it.

The machine is compiled once per computer. Where that has not been done, a short run is over sooner
on torch's tape; its numbers differ from the machine's in their last digits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from xlcollab.errors import XlcollabError
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.values.block import HiddenError

_TRIES = 3
"""The first may load things, and another may be disturbed."""
_SLOWEST = 3.0
"""A slow computer takes so many times what a usual one does: what may take no longer than `most`
must not begin to compile for longer."""
_PART = 0.02
"""Measuring stops after this part of what compiling would take."""


def worth_compiling(
    work: Callable[[], object], times: int, parts: tuple[str, ...], most: float = math.inf
) -> bool:
    """Whether `parts` of the machine are there, or take less time to compile than `work`, once on
    the tape, takes `times` times; `most` is how long the run may take at all, in seconds."""
    cost = seconds_to_compile(*parts)
    return cost == 0.0 or (most > _SLOWEST * cost and times * _seconds_of(work, cost, times) > cost)


def _seconds_of(work: Callable[[], object], cost: float, times: int) -> float:
    """What `work` takes: the shortest of a few times, for the first may have to load things."""
    shortest, began = math.inf, time.perf_counter()
    for number in range(_TRIES):
        start = time.perf_counter()
        try:
            work()
        except (HiddenError, XlcollabError):
            return 0.0  # nor would the machine have a program
        now = time.perf_counter()
        shortest = min(shortest, now - start)
        if shortest * times <= cost or (number and now - began > _PART * cost):
            break
    return shortest
