"""Output names, backups, locks, and saves that happen wholly or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.build import build
from xlcollab.disk import atomic_file, backup, output_path
from xlcollab.errors import WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.grid import Changes


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_output_names() -> None:
    assert output_path("a/collab.xlsx", "solved") == Path("a/collab.solved.xlsx")
    assert output_path(Path("my.book.xlsm"), "solved") == Path("my.book.solved.xlsm")


def test_backups_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        backup(path)
    assert files(tmp_path) == {
        "book.xlsx": b"three",
        "book.bak.xlsx": b"one",
        "book.bak2.xlsx": b"two",
        "book.bak3.xlsx": b"three",
    }


def test_a_backup_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(WriteRefusedError, match=r"no backup .* can be made"):
        backup(tmp_path / "none.xlsx")
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    ("lock", "program"), [("~$book.xlsx", "Excel"), (".~lock.book.xlsx#", "LibreOffice")]
)
def test_an_open_workbook_is_not_written(tmp_path: Path, lock: str, program: str) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    (tmp_path / lock).write_bytes(b"someone")
    before = files(tmp_path)
    with pytest.raises(WriteRefusedError, match=f"is open in {program} .* close it there"):
        FileBook(path).write(Changes())
    assert files(tmp_path) == before
    FileBook(path, tmp_path / "other.xlsx").write(Changes())


def test_an_open_source_may_be_read_and_copied(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    (tmp_path / "~$book.xlsx").write_bytes(b"someone")
    FileBook(path, tmp_path / "out.xlsx").write(Changes())
    assert FileBook(tmp_path / "out.xlsx").read().sheet("S").value(0, 0) == 1.0


def test_a_target_that_is_no_place_for_a_file(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    with pytest.raises(WriteRefusedError, match="there is no folder"):
        FileBook(path, tmp_path / "none" / "out.xlsx").write(Changes())
    with pytest.raises(WriteRefusedError, match="is a folder"):
        FileBook(path, tmp_path).write(Changes())


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    path.chmod(0o640)
    FileBook(path).write(Changes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    FileBook(path, tmp_path / "out.xlsx").write(Changes())
    usual = (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "out.xlsx").stat().st_mode == usual


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    link = tmp_path / "link.xlsx"
    link.symlink_to(path)
    FileBook(link).write(Changes())
    assert link.is_symlink()


@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_leaves_nothing_behind(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "out.xlsx"
    if exists:
        target.write_bytes(b"old")
    before = files(tmp_path)

    def fail() -> None:
        with atomic_file(target) as file:
            file.write(b"half")
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        fail()
    assert files(tmp_path) == before


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    before = files(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteRefusedError, match="cannot be written: No space left on device"):
        FileBook(path).write(Changes())
    assert files(tmp_path) == before


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Root may write anywhere: for a while the process is nobody; other users stay themselves."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    os.setresuid(nobody, nobody, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach and write to; `tmp_path` is closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_read_only_target(open_folder: Path) -> None:
    path = build(open_folder / "book.xlsx", {"S": {"A1": 1}})
    path.chmod(0o444)
    with an_ordinary_user(), pytest.raises(WriteRefusedError, match=r"book\.xlsx is read-only"):
        FileBook(path).write(Changes())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_read_only_folder(open_folder: Path) -> None:
    path = build(open_folder / "book.xlsx", {"S": {"A1": 1}})
    open_folder.chmod(0o555)
    with an_ordinary_user(), pytest.raises(WriteRefusedError, match=r"the folder .* is read-only"):
        FileBook(path).write(Changes())
    open_folder.chmod(0o777)
