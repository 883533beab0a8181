"""Where output goes: names, backups, locks, and a save that happens wholly or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

from xlcollab.errors import WriteRefusedError


def output_path(source: str | Path, suffix: str = "solved") -> Path:
    """ "collab.xlsx" → "collab.solved.xlsx" beside it; .xlsm stays .xlsm."""
    path = Path(source)
    return path.with_name(f"{path.stem}.{suffix}{path.suffix}")


def backup(path: str | Path) -> Path:
    """Copy a file to "name.bak.xlsx", or .bak2, .bak3, … if there are backups; return that path.

    Raises WriteRefusedError if no copy can be made.
    """
    source = Path(path)
    for number in count(1):
        target = output_path(source, "bak" if number == 1 else f"bak{number}")
        try:
            with source.open("rb") as original, target.open("xb") as copy:
                shutil.copyfileobj(original, copy)
            shutil.copystat(source, target)
            return target
        except FileExistsError:
            continue
        except OSError as error:
            raise WriteRefusedError(
                f"no backup {target} can be made: {error.strerror}; nothing was written"
            ) from None
    raise AssertionError("count() never ends")


def refuse_unwritable(target: Path) -> None:
    """Raises WriteRefusedError if the target is open elsewhere or cannot be written.

    A folder that takes no new file is refused too: a save writes beside the target first.
    """
    folder = target.parent
    for lock, program in ((f"~${target.name}", "Excel"), (f".~lock.{target.name}#", "LibreOffice")):
        if (folder / lock).exists():
            raise WriteRefusedError(
                f"{target} is open in {program} (its lock file {lock} lies beside it); "
                f"close it there, or delete {lock} if the program has crashed, or write to "
                "another file"
            )
    if target.is_dir():
        raise WriteRefusedError(f"{target} is a folder; name a file in it")
    if not folder.is_dir():
        raise WriteRefusedError(f"there is no folder {folder}; make it, or write to another file")
    if not os.access(folder, os.W_OK):
        raise WriteRefusedError(f"the folder {folder} is read-only; write to another one")
    if target.exists() and not os.access(target, os.W_OK):
        raise WriteRefusedError(f"{target} is read-only; write to another file")


@contextmanager
def atomic_file(target: Path) -> Iterator[IO[bytes]]:
    """A temporary file beside `target` that takes its place when the block ends without an error.

    The target keeps its permissions. After an error the target is as before and the temporary
    file is gone. Raises WriteRefusedError if the disk or the folder does not let us.
    """
    refuse_unwritable(target)
    target = target.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(target, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _permissions(target))
        os.replace(name, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _permissions(target: Path) -> int:
    """Those of the target; for a new file what the process gives new files."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the renaming last; systems without folder handles (Windows) do so by themselves."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(target: Path, error: OSError) -> WriteRefusedError:
    return WriteRefusedError(
        f"{target} cannot be written: {error.strerror or error}; write to another file"
    )
