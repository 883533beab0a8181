"""What is no plain file is told of by its kind, and nothing is read from it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from xlcollab.disk.regular import irregular_kind, is_same_file, refuse_irregular
from xlcollab.errors import DataError, WorkbookError


@pytest.fixture
def kinds(tmp_path: Path) -> dict[str, Path]:
    """One of each kind that can be made here."""
    (tmp_path / "folder").mkdir()
    found = {"a folder": tmp_path / "folder", "a device": Path(os.devnull)}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        found["a pipe"] = tmp_path / "pipe"
    return found


def test_each_kind_has_its_name(kinds: dict[str, Path]) -> None:
    for kind, path in kinds.items():
        assert irregular_kind(path) == kind
        with pytest.raises(WorkbookError, match=f"is {kind}; name a plain file"):
            refuse_irregular(path)
        with pytest.raises(DataError, match=kind):
            refuse_irregular(path, DataError)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets have no files here")
def test_a_socket_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its name may have 100 characters
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s")
        assert irregular_kind(tmp_path / "s") == "a socket"


def test_plain_files_links_to_them_and_nothing_have_no_kind(tmp_path: Path) -> None:
    plain, link = tmp_path / "plain", tmp_path / "link"
    plain.write_text("x")
    link.symlink_to(plain)
    for path in (plain, link):
        assert irregular_kind(path) is None
        refuse_irregular(path)
    for path in (tmp_path / "none", Path("bad\0name")):
        assert irregular_kind(path) is None
        with pytest.raises(WorkbookError):
            refuse_irregular(path)
    with pytest.raises(WorkbookError, match="there is no file"):
        refuse_irregular(tmp_path / "none")


def test_two_paths_to_one_place(tmp_path: Path) -> None:
    plain, link = tmp_path / "plain", tmp_path / "link"
    plain.write_text("x")
    link.symlink_to(plain)
    assert is_same_file(plain, link)
    assert is_same_file(plain, tmp_path / "." / "plain")
    assert not is_same_file(plain, tmp_path / "other")
    assert not is_same_file(plain, Path("bad\0name"))
