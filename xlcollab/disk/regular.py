"""Plain files only: a pipe never ends, a device is nothing to be replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from xlcollab.disk.missing import no_file
from xlcollab.errors import WorkbookError, XlcollabError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def irregular_kind(path: Path) -> str | None:
    """ "a pipe", "a device", …; None for a plain file, for a link to one, and for nothing."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no plain file")


def refuse_irregular(path: Path, error: type[XlcollabError] = WorkbookError) -> None:
    """Raises `error` where `path` leads to nothing, or to something else than a plain file."""
    kind = irregular_kind(path)
    if kind is not None:
        raise error(f"{path} is {kind}; name a plain file (save its contents to one first)")
    try:
        os.stat(path)
    except FileNotFoundError:
        raise error(no_file(path)) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{path} cannot be opened: {reason}") from None


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one place; links are followed, and one that leads nowhere is no
    place of another."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):
        return False
