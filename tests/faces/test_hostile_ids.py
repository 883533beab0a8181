"""Ids that are formulas, markup or no text at all: they come out of every verb as texts."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import pytest

from tests.faces.shell import xlcollab
from xlcollab.api.lessons.new import labels
from xlcollab.faces import commands
from xlcollab.files.package.markup import escape_xstring, unescape_xstring

EVIL = (
    "=cmd|'/C calc'!A0",
    "=HYPERLINK(1)",
    "Sheet!A1",
    "+1+cmd",
    "@SUM(1)",
    "-2",
    "\r<A",
    "\tb",
    "</c:v><c:f>cmd</c:f>",
    "&amp;&#x41;",
    "[/b][red]",
    ":smile:",
    "_x000D_",
    "\x1b]0;title\x07",
    "*?s:0*",
    "ein Wort",
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >][^<]*(?:cmd|HYPERLINK|SUM\(1|Sheet!)")


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    lines = ["user,item,rating"]
    for i, user in enumerate(EVIL):
        for j, item in enumerate(EVIL):
            if (i + j) % 3:
                quoted = (f'"{text.replace(chr(34), chr(34) * 2)}"' for text in (user, item))
                lines.append(f"{','.join(quoted)},{1 + (i * j) % 5}")
    path = tmp_path / "ratings.csv"
    path.write_bytes("\n".join(lines).encode())
    return path


def _parts(folder: Path) -> Iterator[tuple[str, bytes]]:
    for book in folder.glob("*.xlsx"):
        with zipfile.ZipFile(book) as archive:
            for name in archive.namelist():
                yield f"{book.name}: {name}", archive.read(name)


def test_hostile_ids_through_every_verb(ratings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    model, wide = out / "model.xlsx", out / "wide.xlsx"
    runs = (
        ("fit", ratings, "-o", model, "--n-factors", "3", "--test-fraction", "0.2"),
        ("crosstab", ratings, "-o", wide),
        ("crosstab", wide, "-o", out / "long.xlsx"),
        ("fit", wide, "-o", out / "of_wide.xlsx", "--n-factors", "3"),
        ("recommend", model, "--user", EVIL[0], "-o", out / "best.xlsx"),
        ("predict", model, "--user", EVIL[0], "--item", EVIL[4]),
        ("new", "matrix-factorisation", ratings, "-o", out / "lesson.xlsx"),
        ("factors", out / "lesson.xlsx", "-o", out / "factors.xlsx"),
        ("inspect", wide),
    )
    for run in runs:
        found = xlcollab(*run)
        assert "internal error" not in found.err, run
        assert found.code in (0, 2, 3), (run, found)
        assert "\x1b]0;" not in found.out + found.err
    assert model.exists()
    assert wide.exists()
    seen = 0
    for name, data in _parts(out):
        seen += 1
        if name.endswith((".xml", ".rels")):
            expat.ParserCreate().Parse(data, True)
        assert not _FORMULA.search(data), name
    assert seen > 40


def test_what_is_stripped_is_stripped_before_the_front_is_judged() -> None:
    for one in labels(["\r<A", "\x00=A1", "= =b", "\u200b>c", "*<d"], "item"):
        assert one[0] not in "=<>", one


@pytest.mark.parametrize("text", ["\ud800a", "a\udfff", "_xD800_", "\U0001f600", "\x00\x1f\ufffe"])
def test_texts_that_xml_cannot_hold_come_back(text: str) -> None:
    written = escape_xstring(text)
    written.encode()
    assert unescape_xstring(written.replace("&amp;", "&")) == text


def test_a_name_of_a_file_cannot_steer_a_terminal(ratings: Path, tmp_path: Path) -> None:
    """Printed as it is by a terminal, where typer takes colours out of what goes into a file."""
    out = tmp_path / "a\x1b[31m\u202eb"
    for ending in (".xlsx", ".csv"):
        found = xlcollab("crosstab", ratings, "-o", f"{out}{ending}")
        assert "a\\x1b[31m\\u202eb" in found.out, found


def test_sentences_of_commands_pass_one_door() -> None:
    for file in Path(commands.__file__).parent.glob("*.py"):
        assert not _OTHER_DOORS.search(file.read_text()), file.name


_OTHER_DOORS = re.compile(r"typer\.echo|(?<!\w)print\(|std(?:out|err)\.write")


def test_a_csv_with_formulas_is_told(
    ratings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert xlcollab("crosstab", ratings, "-o", tmp_path / "wide.csv").code == 0
    assert "which a spreadsheet program takes for formulas" in caplog.text
    caplog.clear()
    plain = tmp_path / "plain.csv"
    plain.write_text("user,item,rating\n-2,+3,4\n1,+3,-5\n-2,b,1\n")
    assert xlcollab("crosstab", plain, "-o", tmp_path / "plain_wide.csv").code == 0
    assert caplog.text == ""


def test_an_id_too_long_for_a_cell_is_refused_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(f"user,item,rating\n{'y' * 40_000},a,4\nb,a,2\nb,c,1\n")
    found = xlcollab("fit", path, "-o", tmp_path / "m.xlsx", "--epochs", 10**9)
    assert (found.code, "40,000 characters" in found.err) == (3, True), found.err[:500]
    assert len(found.err) < 500
    assert xlcollab("fit", path, "-o", tmp_path / "m.safetensors", "--epochs", 1).code == 0
