"""A folder that only this user can read or change, for what is merely kept to save time."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def private_folder(name: str) -> Path | None:
    """ "xlcollab-NAME-USER" in the system's temporary folder, with the rights 0700.

    None where there can be none, or where somebody else has made one of that name.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    try:
        path = Path(tempfile.gettempdir(), f"xlcollab-{name}-{user}")
        path.mkdir(mode=0o700, exist_ok=True)
        return path if _is_ours(path) else None
    except OSError:
        return None


def _is_ours(path: Path) -> bool:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return False
    if os.name != "nt" and stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return os.access(path, os.W_OK)
