"""Memory that was given up, given back to the system, and counts that take little of it."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from xlcollab.ratings.places import parts


def give_back() -> None:
    """Let the system have what arrays have left behind: the allocator of Linux keeps pieces of up
    to 32 MB for later, between others that are in use, and they count as ours."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)


def counted(numbers: NDArray[np.integer], n: int) -> NDArray[np.int64]:
    """How often each of 0 … n − 1 (n,) occurs; numpy would copy all numbers in 8 bytes each."""
    found = np.zeros(n, np.int64)
    for part in parts(len(numbers)):
        found += np.bincount(numbers[part], minlength=n)
    return found
