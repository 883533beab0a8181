"""Whatever fails while a file is written, the old one or the new one is there, whole and alone."""

from __future__ import annotations

import errno
import functools
import gc
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.disk.faults import Faults, faulty
from tests.faces.shell import bowl, listing
from xlcollab.api.ratings.sheets import write_table
from xlcollab.disk import atomic_file, backup
from xlcollab.errors import XlcollabError
from xlcollab.factor.models.arrays import write_arrays
from xlcollab.factor.sheets import Table
from xlcollab.files import FileBook, write_new_workbook
from xlcollab.grid import Changes, NewSheet

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks, and links of POSIX")

ERRORS = {
    "full": (errno.ENOSPC, True),
    "broken": (errno.EIO, False),
    "interrupted": (errno.EINTR, False),
}
"""The error, and whether it stays, as that of a full disk does."""
_ADDED = Changes(sheets=[NewSheet("more", [["x", 1.0]])])


def _in_place(folder: Path) -> None:
    FileBook(folder / "b.xlsx").write(_ADDED, keep_backup=True)


def _copy(folder: Path) -> None:
    FileBook(folder / "b.xlsx", folder / "t").write(_ADDED)


def _linked(folder: Path) -> None:
    with atomic_file(folder / "l") as file:
        file.write(b"new")


def _model(folder: Path) -> None:
    write_arrays(folder / "t", {"a": np.zeros((2, 2))}, {"format": "x"})


def _text(folder: Path) -> None:
    write_table(Table("ratings", ("user", "item"), [[1, 2]]), folder / "t.csv")


def _new(folder: Path) -> None:
    write_new_workbook(folder / "t", [NewSheet("ratings", [["x", 1.0]])])


def _backup(folder: Path) -> None:
    backup(folder / "b.xlsx")


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "in place": _in_place,
    "a copy": _copy,
    "hard links": _linked,
    "a model": _model,
    "a text": _text,
    "a new workbook": _new,
    "a sixth backup": _backup,
}


@functools.cache
def _book() -> bytes:
    """One for all folders: it holds the time at which it was made."""
    with tempfile.TemporaryDirectory() as folder:
        return bowl(Path(folder, "b.xlsx")).read_bytes()


def _folder(path: Path) -> Path:
    """A workbook with five backups, targets that exist, and one with two names."""
    path.mkdir()
    (path / "b.xlsx").write_bytes(_book())
    for number in ("", "2", "3", "4", "5"):
        (path / f"b.bak{number}.xlsx").write_bytes(b"backup" + number.encode())
    for name in ("t", "t.csv", "l"):
        (path / name).write_bytes(b"old")
    os.link(path / "l", path / "other")
    return path


def _boundaries(write: Callable[[Path], None], folder: Path) -> tuple[list[str], dict[str, bytes]]:
    """What a save without a fault passes, and what it leaves."""
    with faulty(Faults()) as counted:
        write(folder)
    return counted.seen, listing(folder)


def _check(found: dict[str, bytes], before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Each file holds what it held, or what it was to hold; backups may have moved up."""
    assert set(found) <= set(before) | set(after), "a stray is left"
    backups = {data for name, data in [*before.items(), *after.items()] if ".bak" in name}
    for name, data in found.items():
        known = backups if ".bak" in name else {before.get(name), after.get(name)}
        assert data in known or _is_whole(data), f"{name} is neither old nor new"
    given_up = {"b.bak2.xlsx", "b.bak5.xlsx"}  # the second makes room; the last gets its name last
    assert set(before) - set(found) <= {name for name in before if ".bak" in name}, "a file is gone"
    kept = {data for name, data in before.items() if name not in given_up}
    assert kept <= set(found.values()) | set(after.values()) - backups, "a backup is lost"
    assert found["b.bak.xlsx"] == before["b.bak.xlsx"], "the first backup stays"


def _told(write: Callable[[Path], None], folder: Path) -> str | None:
    """The sentence with which a save is refused; None where it came to its end."""
    try:
        write(folder)
    except XlcollabError as error:
        return str(error)
    return None


def _is_whole(data: bytes) -> bool:
    """Whether these are the bytes of a whole workbook, which may differ in the time it holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return package.testzip() is None
    except zipfile.BadZipFile:
        return False


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("writer", WRITERS)
def test_an_error_at_every_boundary(writer: str, error: str, tmp_path: Path) -> None:
    write, (number_of_error, steadily) = WRITERS[writer], ERRORS[error]
    seen, after = _boundaries(write, _folder(tmp_path / "whole"))
    assert len(seen) > 4
    for number in range(1, len(seen) + 1):
        folder = _folder(tmp_path / "f")
        before = listing(folder)
        # What cannot be unlinked on a disk that refuses everything is swept by the next save.
        with faulty(Faults(number, number_of_error, steadily=steadily)):
            told = _told(write, folder)
        assert told is None or os.strerror(number_of_error) in told
        strays = [name for name in listing(folder) if name.startswith(".xlcollab")]
        assert not strays or steadily or seen[number - 1] == "unlink", seen[number - 1]
        for name in strays:
            (folder / name).unlink()
        _check(listing(folder), before, after)
        shutil.rmtree(folder)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_kill_at_every_boundary(writer: str, tmp_path: Path) -> None:
    write = WRITERS[writer]
    seen, after = _boundaries(write, _folder(tmp_path / "whole"))
    gc.collect()
    for number in range(1, len(seen) + 1):
        folder = _folder(tmp_path / "f")
        before = listing(folder)
        process = os.fork()
        if not process:
            with faulty(Faults(number)):
                write(folder)
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 9
        with atomic_file(folder / "swept") as file:  # the next save takes strays away
            file.write(b"")
        (folder / "swept").unlink()
        _check(listing(folder), before, after)
        shutil.rmtree(folder)
