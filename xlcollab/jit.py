"""How numba is set up for all that we compile: where its cache lies, which threads it uses, and how
many processors there are for them in a container.

Where neither the package nor the user's cache folder can be written, the cache lies in a private
folder, and where that cannot be, there is none.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.errors import NumbaSystemWarning

from xlcollab.disk import private_folder

# Said where there is no /dev/shm, as in small containers: threads start without a lock there.
warnings.filterwarnings("ignore", "Could not obtain multiprocessing lock", NumbaSystemWarning)
_config: Any = numba.config
if "NUMBA_THREADING_LAYER" not in os.environ:
    # GNU OpenMP, numba's choice, aborts a child that is forked after a fit; these two do not.
    _config.THREADING_LAYER_PRIORITY = ["tbb", "workqueue", "omp"]


def _probe() -> None:
    """Compiled for nothing but to see whether what is compiled can be cached."""


def _cached() -> bool:
    """Whether numba finds a place for its cache, if need be after it was shown one."""
    for folder in (None, "numba"):
        if folder is not None:
            place = private_folder(folder)
            if place is None:
                return False
            _config.CACHE_DIR = str(place)
        try:
            numba.njit(cache=True)(_probe)
        except RuntimeError:  # "no locator available"
            continue
        return True
    return False


CACHED = _cached()
"""What `cache` is to be in a call of `numba.njit`."""


@cache
def quota(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """The processors that a container may use by its control group (v2, else v1), rounded up;
    `sys.maxsize` where it has no limit."""
    try:
        given, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            given = (groups / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return sys.maxsize
    if not given.isdigit() or not period.isdigit() or not int(period):
        return sys.maxsize
    return max(1, -(-int(given) // int(period)))
