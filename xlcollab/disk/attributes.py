"""What a file is besides its bytes: owner, permissions, extended attributes, other names."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

from xlcollab.disk.temporary import temporary_name

_log = logging.getLogger("xlcollab")


def take_over(new: Path, old: Path, source: Path | None = None) -> None:
    """Give the file `new` what `old` has; without an `old`, the permissions of the file `source`
    that it comes from, else what the process gives new files.

    What the system does not let us keep is said.
    """
    try:
        had = os.stat(old)
    except FileNotFoundError:
        os.chmod(new, _of_new(source))
        return
    lost = []
    if hasattr(os, "chown") and not _same_owner(new, had):
        lost.append("owner")
    with suppress(OSError):
        os.chmod(new, stat.S_IMODE(had.st_mode))
    if not _copy_extended(new, old):
        lost.append("extended attributes")
    if lost:
        _log.warning("xlcollab: %s of %s could not be kept", " and ".join(lost), old)


def _of_new(source: Path | None) -> int:
    """The permissions of a new file: a copy of what only some may read is no more open than that,
    and its owner may write to it."""
    with suppress(OSError):
        if source is not None:
            return stat.S_IMODE(os.stat(source).st_mode) & 0o777 | stat.S_IWUSR
    return 0o666 & ~_mask()


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _same_owner(new: Path, had: os.stat_result) -> bool:
    have = os.stat(new)
    if (have.st_uid, have.st_gid) == (had.st_uid, had.st_gid):
        return True
    try:
        os.chown(new, had.st_uid, had.st_gid)
    except OSError:
        with suppress(OSError):
            os.chown(new, -1, had.st_gid)  # a group of ours may be given without its owner
        return False
    return True


def _copy_extended(new: Path, old: Path) -> bool:
    """Access lists are among them. Whether all could be copied."""
    if not hasattr(os, "listxattr"):
        return True
    kept = True
    with suppress(OSError):
        for name in os.listxattr(old):
            try:
                os.setxattr(new, name, os.getxattr(old, name))
            except OSError:
                kept = kept and name.startswith(("security.", "trusted."))
    return kept


def other_names(target: Path) -> list[Path]:
    """The other hard links of `target` in its folder; those elsewhere cannot be found, and are
    said to keep the old contents."""
    try:
        had = os.stat(target)
    except OSError:
        return []
    if had.st_nlink < 2:
        return []
    found = []
    for entry in os.scandir(target.parent):
        with suppress(OSError):
            same = entry.inode() == had.st_ino and not entry.is_symlink()
            if same and entry.name != target.name:
                found.append(Path(entry.path))
    missing = had.st_nlink - 1 - len(found)
    if missing > 0:
        _log.warning(
            "xlcollab: %s has %d more name(s) in other folders (hard links); they keep the old "
            "contents",
            target,
            missing,
        )
    return found


def join_names(target: Path, names: list[Path]) -> None:
    """Let hard links lead to the file that `target` is now, one after the other."""
    for name in names:
        between = temporary_name(name.parent)
        try:
            os.link(target, between)
            os.replace(between, name)
        except OSError as error:
            with suppress(OSError):
                os.unlink(between)
            _log.warning(
                "xlcollab: %s, another name of %s (hard link), keeps the old contents: %s",
                name,
                target,
                error.strerror,
            )
