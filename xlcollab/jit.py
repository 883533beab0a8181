"""How numba is set up for all that we compile: where its cache lies, which threads it uses, and how
many processors there are for them in a container.

Where neither the package nor the user's cache folder can be written, the cache lies in a private
folder, and where that cannot be, there is none.

numba looks only at the file of a function to tell whether its cached code is out of date, though
that code holds what it calls from other files as well. So the key of a function that we cache has a
stamp of all the sources that its code is made from.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache
from numba.core.errors import NumbaSystemWarning
from numba.core.registry import cpu_target
from numba.core.typing.templates import Signature

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
"""Whether what is compiled can be kept on disk."""
_T = TypeVar("_T")
PACKAGE = Path(__file__).parent


def files_of(sources: tuple[str, ...]) -> Iterator[Path]:
    """The files that are meant by files and folders, named from the package on."""
    for source in sources:
        place = PACKAGE / source
        yield from sorted(place.glob("*.py")) if place.is_dir() else [place]


@cache
def stamp(sources: tuple[str, ...]) -> str:
    """A digest of these files and folders."""
    digest = hashlib.sha256()
    for file in files_of(sources):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class StampedCache(FunctionCache):
    """numba's cache of a function, whose key holds the stamp of `sources`."""

    def __init__(self, function: Callable[..., object], sources: tuple[str, ...]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self.sources = sources

    def _index_key(self, sig: Signature, codegen: object) -> tuple[object, ...]:
        key: tuple[object, ...] = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return (*key, stamp(self.sources))

    def holds_some(self) -> bool:
        """Whether code for this processor and these sources is there, of any signature."""
        here, now = cpu_target.target_context.codegen().magic_tuple(), stamp(self.sources)
        files = self._cache_file
        return any(
            key[1] == here and key[-1] == now and Path(files._data_path(name)).exists()
            for key, name in files._load_index().items()
        )


def stamped(compiled: _T, function: Callable[..., object], sources: tuple[str, ...]) -> _T:
    """What numba made of a function, from now on cached on disk by the stamp of all that its code
    is made from: its own file, and those of what it calls and reads."""
    if CACHED:
        vars(compiled)["_cache"] = StampedCache(function, sources)
    return compiled


def is_ready(function: Callable[..., object]) -> bool:
    """Whether a function can run without being compiled first; to tell compiles nothing."""
    cache = getattr(function, "_cache", None)
    return bool(getattr(function, "signatures", ())) or (
        isinstance(cache, StampedCache) and cache.holds_some()
    )


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
