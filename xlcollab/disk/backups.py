"""Copies of a file before it is overwritten: the first one for ever, and the last four."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from xlcollab.disk.atomic import sync_folder
from xlcollab.disk.names import output_path
from xlcollab.disk.temporary import new_temporary, sweep
from xlcollab.errors import WriteRefusedError
from xlcollab.interrupts import finished_first

MOST = 5
"""Copies of one workbook: each is as large as the workbook."""


def backup(path: str | Path) -> Path:
    """Copy a file to "name.bak.xlsx", or .bak2 … .bak5 if there are backups; return that path.

    When there are five, the first one stays (it is from before our first change) and the second is
    given up. The copy is there wholly, on the disk, or not at all. Raises WriteRefusedError if none
    can be made.
    """
    source = Path(path).resolve()
    targets = [output_path(source, f"bak{n}" if n > 1 else "bak") for n in range(1, MOST + 1)]
    sweep(source.parent)
    with finished_first():
        try:
            temporary = _copy(source)
        except OSError as error:
            raise _refused(targets[0], error) from None
        try:
            return _placed(temporary, targets)
        except OSError as error:
            raise _refused(targets[-1], error) from None
        finally:
            with suppress(OSError):
                os.unlink(temporary)


def _refused(target: Path, error: OSError) -> WriteRefusedError:
    return WriteRefusedError(
        f"no backup {target} can be made: {error.strerror or error}; nothing was written"
    )


def _copy(source: Path) -> Path:
    with source.open("rb") as original:
        handle, temporary = new_temporary(source.parent)
        try:
            with os.fdopen(handle, "wb") as copy:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
            with suppress(OSError):
                shutil.copystat(source, temporary)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    return temporary


def _placed(temporary: Path, targets: list[Path]) -> Path:
    """Give the copy the first free name; where none is free, move the later ones up."""
    for target in targets:
        if not os.path.lexists(target) and _linked(temporary, target):
            sync_folder(target.parent)
            return target
    for older, newer in pairwise(targets[1:]):
        os.replace(newer, older)
    os.replace(temporary, targets[-1])
    sync_folder(targets[-1].parent)
    return targets[-1]


def _linked(temporary: Path, target: Path) -> bool:
    """Take the name unless somebody has taken it in between."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError:  # no hard links here: FAT, some network folders
        os.rename(temporary, target)
    return True
