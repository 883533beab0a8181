"""`xlcollab recalc --check` over a folder: one line a book, and a total."""

from __future__ import annotations

import json
from pathlib import Path

from tests.build import build
from tests.faces.shell import xlcollab


def folder(tmp_path: Path) -> Path:
    place = tmp_path / "books"
    (place / "inside").mkdir(parents=True)
    build(place / "right.xlsx", {"S": {"A1": 1, "B1": ("=A1+1", 2), "B2": ("=A1*3", 3)}})
    build(place / "inside" / "wrong.xlsx", {"S": {"A1": 1, "B1": ("=A1+1", 7)}})
    build(place / "odd.xlsx", {"S": {"A1": ("=NOSUCH(1)", 5)}})
    (place / "broken.xlsx").write_bytes(b"no workbook")
    (place / "~$right.xlsx").write_bytes(b"a lock")
    (place / "notes.txt").write_text("no book")
    return place


def test_a_line_a_book_and_a_total(tmp_path: Path) -> None:
    found = xlcollab("recalc", folder(tmp_path), "--check")
    lines = found.out.splitlines()
    assert found.code == 0
    assert [line.partition(":")[0] for line in lines[:4]] == [
        "broken.xlsx",
        str(Path("inside", "wrong.xlsx")),
        "odd.xlsx",
        "right.xlsx",
    ]
    assert "not read" in lines[0]
    assert "1 differ" in lines[1]
    assert "1 not evaluated" in lines[2]
    assert lines[3].endswith("2 formula cells: 2 as stored, 0 differ, 0 not evaluated, 0 volatile")
    assert lines[4] == (
        "4 books, 1 of them not read: 4 formula cells: 2 as stored, 1 differ, 1 not evaluated, "
        "0 volatile"
    )
    assert len(lines) == 5


def test_the_same_as_json(tmp_path: Path) -> None:
    found = xlcollab("recalc", folder(tmp_path), "--check", "--json")
    told = json.loads(found.out)
    assert told["books"][0]["book"] == "broken.xlsx"
    assert told["total"] == {
        "books": 4,
        "refused": 1,
        "formulas": 4,
        "matched": 2,
        "differences": 1,
        "not_evaluated": 1,
        "volatile": 0,
    }


def test_a_folder_without_books(tmp_path: Path) -> None:
    found = xlcollab("recalc", tmp_path, "--check")
    assert found.code == 2
    assert "holds no workbook" in found.err
