"""One saver for every file: plain files only, what a file is besides its bytes, backups, strays."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import bowl, listing, xlcollab
from xlcollab.disk import atomic_file, backup, output_path, private_folder, saver
from xlcollab.errors import WorkbookError, WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.grid import Changes, NewSheet

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes, links and owners of POSIX")


def _save(path: Path, data: bytes = b"new") -> None:
    with atomic_file(path) as file:
        file.write(data)


def test_a_pipe_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "book.xlsx"
    os.mkfifo(pipe)
    for verb in ("inspect", "solve", "recalc", "run", "fit"):
        found = xlcollab(verb, pipe)
        assert (found.code, "pipe" in found.err) == (3, True), (verb, found)
    with pytest.raises(WriteRefusedError, match="is a pipe"):
        _save(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    with pytest.raises(WriteRefusedError, match="is a device"):
        _save(Path("/dev/null"))
    with pytest.raises(WorkbookError, match="is a device"):
        FileBook("/dev/zero").read()
    book = bowl(tmp_path / "b.xlsx")
    found = xlcollab("solve", book, "-o", "/dev/null")
    assert (found.code, "device" in found.err) == (3, True)


def test_links_lead_to_their_file_and_hard_links_keep_together(tmp_path: Path) -> None:
    path, other, link = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    path.write_bytes(b"old")
    os.link(path, other)
    link.symlink_to(path)
    _save(link)
    assert link.is_symlink()
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"new")
    assert path.stat().st_ino == other.stat().st_ino


def test_a_hard_link_elsewhere_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "far").mkdir()
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.link(path, tmp_path / "far" / "b")
    _save(path)
    assert "1 more name(s) in other folders" in caplog.text
    assert (tmp_path / "far" / "b").read_bytes() == b"old"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux")
def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.origin", b"lesson")
    except OSError:
        pytest.skip("this file system has none")
    _save(path)
    assert os.getxattr(path, "user.origin") == b"lesson"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    _save(path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o640)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_copy_is_no_more_open_than_what_it_comes_from(mode: int, tmp_path: Path) -> None:
    book = build(tmp_path / "private.xlsx", {"S": {"A1": 1.0, "A2": ("=A1*2", 2.0)}})
    book.chmod(mode)
    copy = tmp_path / "copy.xlsx"
    xc.open(book).save(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == mode


def test_at_most_five_backups_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    for number in range(9):
        path.write_bytes(b"%d" % number)
        backup(path)
    backups = sorted(p.name for p in tmp_path.iterdir() if ".bak" in p.name)
    assert backups == ["book.bak.xlsx", *(f"book.bak{n}.xlsx" for n in (2, 3, 4, 5))]
    assert [(tmp_path / name).read_bytes() for name in backups] == [b"0", b"5", b"6", b"7", b"8"]


def test_names_of_250_bytes(tmp_path: Path) -> None:
    path = bowl(tmp_path / ("x" * 245 + ".xlsx"))
    found = xlcollab("solve", path, "--json")
    assert found.code == 0
    output = Path(found.json["output"])
    assert output.exists()
    assert len(output.name.encode()) <= 255
    assert xlcollab("solve", path, "--in-place").code == 0
    assert output_path(tmp_path / ("é" * 124 + ".xlsx"), "solved") != output_path(
        tmp_path / ("é" * 123 + "e.xlsx"), "solved"
    )


def test_strays_of_dead_processes_are_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from xlcollab.disk import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), 9)\n"
    )
    target = tmp_path / "a"
    subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert [p.suffix for p in tmp_path.iterdir()] == [".tmp"]
    _save(target)
    assert list(tmp_path.iterdir()) == [target]


def test_a_lock_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = bowl(tmp_path / "real" / "b.xlsx")
    (tmp_path / "link.xlsx").symlink_to(path)
    (tmp_path / "real" / "~$b.xlsx").write_bytes(b"someone")
    with pytest.raises(WriteRefusedError, match="is open in Excel"):
        _save(tmp_path / "link.xlsx")


def _added(name: str) -> Changes:
    return Changes(sheets=[NewSheet(name, [["x"]])])


def test_what_others_save_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = bowl(tmp_path / "b.xlsx")
    mine, theirs = xc.open(path), xc.open(path)
    theirs.apply(_added("theirs"))
    theirs.save(in_place=True)
    after = path.read_bytes()
    mine.apply(_added("mine"))
    for place in ({"in_place": True}, {}):
        with pytest.raises(
            WriteRefusedError, match=r"was changed by another program .*another file"
        ):
            mine.save(**place)  # type: ignore[arg-type]
    assert path.read_bytes() == after
    copy = mine.save(tmp_path / "copy.xlsx")
    assert [sheet.name for sheet in xc.open(copy).workbook] == ["S", "mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of this kind")
def test_a_lock_that_stays_is_told_and_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(saver, "_PATIENCE", 0.2)
    book = bowl(tmp_path / "b.xlsx")
    before = book.read_bytes()
    with book.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = xlcollab("solve", book, "--in-place")
    assert (found.code, "is locked by another program" in found.err) == (3, True)
    assert listing(tmp_path) == {"b.xlsx": before}
    assert xlcollab("solve", book, "--in-place").code == 0


def test_of_two_savers_at_once_one_is_told(tmp_path: Path) -> None:
    path = bowl(tmp_path / "b.xlsx")
    books = [xc.open(path) for _ in range(4)]
    told: list[str] = []

    def save(number: int) -> None:
        books[number].apply(_added(f"n{number}"))
        try:
            books[number].save(in_place=True)
        except WriteRefusedError as error:
            told.append(str(error))

    threads = [threading.Thread(target=save, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 3
    assert len(xc.open(path).workbook.sheets) == 2
    assert sorted(listing(tmp_path)) == ["b.bak.xlsx", "b.xlsx"]


def test_a_private_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = private_folder("numba")
    assert folder is not None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
    folder.symlink_to("/")
    assert private_folder("numba") is None
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    assert private_folder("numba") is None
