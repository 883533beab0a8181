"""A save that happens wholly or not at all: the one for every file that is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from xlcollab.disk.attributes import join_names, other_names, take_over
from xlcollab.disk.regular import irregular_kind
from xlcollab.disk.temporary import new_temporary, sweep
from xlcollab.errors import WriteRefusedError
from xlcollab.interrupts import finished_first

_LOCKS = (("~${}", "Excel"), (".~lock.{}#", "LibreOffice"))


def refuse_unwritable(target: Path) -> None:
    """Raises WriteRefusedError if the target is open elsewhere or cannot be written.

    A folder that takes no new file is refused too: a save writes beside the target first. Links
    are followed; pipes and devices are no place for a file.
    """
    place = _followed(target)
    folder = place.parent
    kind = irregular_kind(place)
    if kind == "a folder":
        raise WriteRefusedError(f"{target} is a folder; name a file in it")
    if kind is not None:
        raise WriteRefusedError(f"{target} is {kind}, no plain file; write to another file")
    for path in {target.absolute(), place}:
        _refuse_open(path)
    if not folder.is_dir():
        raise WriteRefusedError(f"there is no folder {folder}; make it, or write to another file")
    if not os.access(folder, os.W_OK):
        raise WriteRefusedError(f"the folder {folder} is read-only; write to another one")
    if place.exists() and not os.access(place, os.W_OK):
        raise WriteRefusedError(f"{target} is read-only; write to another file")


@contextmanager
def atomic_file(target: Path, source: Path | None = None) -> Iterator[IO[bytes]]:
    """A file that takes the place of `target` when the block ends without an error: `atomic_path`
    for those who write to an open file."""
    with atomic_path(target, source) as path, path.open("r+b") as file:
        yield file


@contextmanager
def atomic_path(target: Path, source: Path | None = None) -> Iterator[Path]:
    """An empty file beside `target` that takes its place when the block ends without an error.

    A link is followed to its file. The target keeps its permissions, owner, extended attributes
    and other names as far as the system lets us; a new one has the permissions of the `source` that
    it comes from, if there is one. After an error the target is as before and the
    temporary file is gone. A signal waits until it has ended. Raises WriteRefusedError if the disk
    or the folder does not let us.
    """
    refuse_unwritable(target)
    place = _followed(target)
    with finished_first():
        sweep(place.parent)
        try:
            handle, temporary = new_temporary(place.parent)
            os.close(handle)
        except OSError as error:
            raise _unwritable(target, error) from None
        try:
            yield temporary
            _sync(temporary)
            _put(temporary, place, source)
        except OSError as error:
            raise _unwritable(target, error) from None
        finally:
            with suppress(OSError):  # it has its new name, or the next save sweeps it
                os.unlink(temporary)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _put(temporary: Path, place: Path, source: Path | None) -> None:
    take_over(temporary, place, source)
    names = other_names(place)
    os.replace(temporary, place)
    join_names(place, names)
    sync_folder(place.parent)


def _followed(target: Path) -> Path:
    """The file that links lead to."""
    try:
        place = target.resolve()
        if place.is_symlink():  # a ring, which Python takes for a file from 3.13 on
            place.stat()
        return place
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WriteRefusedError(
            f"{target} leads nowhere: {reason}; write to another file"
        ) from None


def _refuse_open(path: Path) -> None:
    for pattern, program in _LOCKS:
        lock = pattern.format(path.name)
        with suppress(OSError):  # a name too long for a lock has none
            if not (path.parent / lock).exists():
                continue
            raise WriteRefusedError(
                f"{path} is open in {program} (its lock file {lock} lies beside it); "
                f"close it there, or delete {lock} if the program has crashed, or write to "
                "another file"
            )


def sync_folder(folder: Path) -> None:
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
