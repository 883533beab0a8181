"""Two programs that save the same file: one after the other, and the second is told."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from xlcollab.errors import WriteRefusedError

try:
    import fcntl
except ImportError:  # Windows: there the check before the save has to do
    fcntl = None  # type: ignore[assignment]


_PATIENCE = 30.0
"""Seconds that other savers of one file are waited for: writing a million cells takes ten."""
_SOON = 1.0
"""Seconds after which it is told what is waited for."""
_GLANCE = 0.05
"""Seconds between two looks."""
_log = logging.getLogger("xlcollab")


@contextmanager
def sole_saver(path: Path) -> Iterator[None]:
    """While it is open no other process of ours saves `path`; waits until that is so.

    The lock hangs on the file that is about to be replaced: who waited for it looks at the new one.
    Raises WriteRefusedError where somebody keeps it for long.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        yield  # nothing there that could be overwritten, or nothing we may read
        return
    try:
        if fcntl is not None:
            _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    """Not by a call that waits: no signal would end it while something is being written."""
    began, told = time.monotonic(), False
    while not _is_locked(handle):
        waited = time.monotonic() - began
        if waited > _PATIENCE:
            _refuse_locked(path)
        if waited > _SOON and not told:
            told = True
            _log.warning("xlcollab: waiting for another program that has locked %s", path)
        time.sleep(_GLANCE)


def _is_locked(handle: int) -> bool:
    """Whether the lock is ours now, or the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _refuse_locked(path: Path) -> NoReturn:
    raise WriteRefusedError(
        f"{path} is locked by another program, which has kept it for {_PATIENCE:g} seconds, so "
        "nothing was written over it; close it there, or name another file with --output"
    )


def refuse_changed(path: Path) -> NoReturn:
    """Raises WriteRefusedError: somebody has saved the file that a run has read."""
    raise WriteRefusedError(
        f"{path} was changed by another program after it was read, so nothing was written over it; "
        "name another file with --output, which gets the workbook as it was read with the results, "
        "or run again"
    )
