"""Two programs that save the same file: one after the other, and the second is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from xlcollab.errors import WriteRefusedError

try:
    import fcntl
except ImportError:  # Windows: there the check before the save has to do
    fcntl = None  # type: ignore[assignment]


@contextmanager
def sole_saver(path: Path) -> Iterator[None]:
    """While it is open no other process of ours saves `path`; waits until that is so.

    The lock hangs on the file that is about to be replaced: who waited for it looks at the new one.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        yield  # nothing there that could be overwritten, or nothing we may read
        return
    try:
        if fcntl is not None:
            _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        return  # a file system without locks


def refuse_changed(path: Path) -> NoReturn:
    """Raises WriteRefusedError: somebody has saved the file that a run has read."""
    raise WriteRefusedError(
        f"{path} was changed by another program after it was read, so nothing was written over it; "
        "name another file with --output, which gets the workbook as it was read with the results, "
        "or run again"
    )
