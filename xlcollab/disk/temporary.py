"""Temporary files beside a target, and those that dead processes have left there."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
import socket
from contextlib import suppress
from pathlib import Path

_NAME = re.compile(r"\.xlcollab-([0-9a-f]{8})-(\d+)-[0-9a-f]+\.tmp")


def new_temporary(folder: Path) -> tuple[int, Path]:
    """An empty file in `folder` that only we may read, open for writing, and its path.

    Its name says which process of which machine it belongs to. Raises OSError.
    """
    while True:
        path = temporary_name(folder)
        with suppress(FileExistsError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            return os.open(path, flags, 0o600), path


def temporary_name(folder: Path) -> Path:
    """A path in `folder` that nobody uses, whose name says which process of which machine it
    belongs to."""
    return folder / f".xlcollab-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.tmp"


def sweep(folder: Path) -> None:
    """Take away what processes of this machine left in `folder` when they died."""
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".xlcollab-")]
        for name in names:
            match = _NAME.fullmatch(name)
            if match and match[1] == _machine() and not _lives(int(match[2])):
                with suppress(OSError):
                    os.unlink(folder / name)


def _lives(process: int) -> bool:
    if os.name == "nt":
        return True  # there a signal 0 would end the process
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@functools.cache
def _machine() -> str:
    """Eight digits that tell machines, and containers on one machine, apart."""
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]
