"""A result takes the place of an earlier result and of nothing else, unless --overwrite says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import BOWL, bowl, minimised, xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells, write
from xlcollab.errors import WriteRefusedError

RATINGS = "user,item,rating\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5}\n" for user in range(1, 9) for item in range(1, 9)
)


def _ratings(path: Path) -> Path:
    path.write_text(RATINGS)
    return path


def _tabs(path: Path) -> Path:
    return write(path, {"sgd": sgd_cells(Layout())})


def _model(path: Path) -> Path:
    ratings = _ratings(path.with_suffix(".csv"))
    assert xlcollab("fit", ratings, "--epochs", "1", "-o", path).code == 0
    return path


def _solved(path: Path) -> Path:
    assert xlcollab("solve", bowl(path.with_name("book.xlsx")), "-o", path).code == 0
    return path


def _model_and_newcomer(path: Path) -> Path:
    (path.parent / "few.csv").write_text("user,item,rating\nnew,2,4\n")
    return _model(path)


Made = Callable[[Path], Path]
VERBS: Mapping[str, tuple[Made, str, tuple[str, ...], str]] = {
    "solve": (bowl, "b.xlsx", (), "out.xlsx"),
    "recalc": (bowl, "b.xlsx", (), "out.xlsx"),
    "sweep": (bowl, "b.xlsx", ("--parameter", "S!D1=1,2"), "out.xlsx"),
    "run": (_tabs, "b.xlsx", ("--epochs", "1"), "out.xlsx"),
    "compare": (_tabs, "b.xlsx", ("--epochs", "1"), "out.xlsx"),
    "fit": (_ratings, "r.csv", ("--epochs", "1"), "out.xlsx"),
    "fit to a file": (_ratings, "r.csv", ("--epochs", "1"), "out.safetensors"),
    "crosstab": (_ratings, "r.csv", (), "out.xlsx"),
    "crosstab to text": (_ratings, "r.csv", (), "out.csv"),
    "predict": (_model, "m.xlsx", ("--crosstab",), "out.xlsx"),
    "predict to text": (_model, "m.xlsx", ("--user", "1", "--item", "2"), "out.csv"),
    "rerun": (_solved, "b.xlsx", (), "out.xlsx"),
    "recommend": (_model, "m.xlsx", ("--all",), "out.parquet"),
    "fold-in": (_model_and_newcomer, "m.xlsx", ("few.csv",), "out.xlsx"),
}


def _precious(path: Path) -> None:
    """Somebody's own file of the form that the ending says."""
    if path.suffix == ".xlsx":
        build(path, {"Accounts": {"A1": 1.0}})
    else:
        path.write_bytes(b"date,amount\n2026-01-01,7\n")


@pytest.mark.parametrize("name", VERBS)
def test_only_results_are_replaced(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, source, more, target = VERBS[name]
    book, out = make(tmp_path / source), tmp_path / target
    command = (name.split()[0], book, *more, "-o", out)
    _precious(out)
    before = out.read_bytes()
    found = xlcollab(*command)
    assert (found.code, out.read_bytes()) == (3, before), found
    assert "--overwrite" in found.err
    assert xlcollab(*command, "--overwrite").code == 0
    assert out.read_bytes() != before
    assert xlcollab(*command).code == 0, "a run over our own result"


def test_a_text_that_is_called_a_workbook_stays(tmp_path: Path) -> None:
    book, out = bowl(tmp_path / "b.xlsx"), tmp_path / "b.solved.xlsx"
    out.write_text("notes")
    assert xlcollab("solve", book).code == 3
    assert out.read_text() == "notes"
    out.write_bytes(b"")
    assert xlcollab("solve", book).code == 0, "an empty file holds nothing that could be lost"


def test_a_result_of_another_kind_stays(tmp_path: Path) -> None:
    model = _model(tmp_path / "m.xlsx")
    before = model.read_bytes()
    assert xlcollab("crosstab", tmp_path / "m.csv", "-o", model).code == 3
    assert xlcollab("solve", bowl(tmp_path / "b.xlsx"), "-o", model).code == 3
    assert xlcollab("predict", model, "--crosstab", "-o", model).code == 2
    assert model.read_bytes() == before


def test_a_result_that_another_program_saved_anew_is_known(tmp_path: Path) -> None:
    book, out = bowl(tmp_path / "b.xlsx"), tmp_path / "out.xlsx"
    for more in ((), ("-o", out)):
        assert xlcollab("solve", book, *more).code == 0
        place = out if more else tmp_path / "b.solved.xlsx"
        openpyxl.load_workbook(place).save(place)
        assert xlcollab("solve", book, *more).code == 0, more


def test_a_book_that_was_solved_in_place_is_no_result(tmp_path: Path) -> None:
    mine = bowl(tmp_path / "mine.xlsx")
    assert xlcollab("solve", mine, "--in-place", "--no-history").code == 0
    other = build(tmp_path / "o.xlsx", {"S": BOWL}, minimised("S", "S!$B$1", "S!$A$1:$A$2"))
    assert xlcollab("solve", other, "-o", mine).code == 3


def test_from_python(tmp_path: Path) -> None:
    book, out = xc.open(bowl(tmp_path / "b.xlsx")), tmp_path / "out.xlsx"
    build(out, {"Accounts": {"A1": 1.0}})
    book.solve()
    with pytest.raises(WriteRefusedError, match="overwrite=True"):
        book.save(out)
    book.save(out, overwrite=True)
    book.save(out)


def test_the_mark_changes_no_part(tmp_path: Path) -> None:
    """It lies in the zip directory alone; other readers pass over it."""
    book, out = bowl(tmp_path / "b.xlsx"), tmp_path / "out.xlsx"
    xc.open(book).save(out)
    found = openpyxl.load_workbook(out)
    assert found.sheetnames == ["S"]


@pytest.mark.parametrize(
    ("app", "name"), [("excel", "xlcollab.xlam"), ("libreoffice", "xlcollab.oxt")]
)
def test_an_add_in_takes_the_place_of_one_alone(
    app: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _precious(Path(name))
    before = Path(name).read_bytes()
    command = ("addin", "build", "--app", app)
    assert (xlcollab(*command).code, Path(name).read_bytes()) == (3, before)
    assert xlcollab(*command, "--overwrite").code == 0
    assert xlcollab(*command).code == 0
    build(Path("book.xlsx"), {"Accounts": {"A1": 1.0}})
    assert xlcollab(*command, "-o", "book.xlsx").code == 3


def test_pages_are_written_among_pages_alone(tmp_path: Path) -> None:
    folder, command = tmp_path / "mine", ("docs", "--no-browser", "-o")
    folder.mkdir()
    (folder / "index.html").write_text("my own site")
    assert xlcollab(*command, folder).code == 3
    assert (folder / "index.html").read_text() == "my own site"
    assert xlcollab(*command, folder / "index.html").code == 3
    assert xlcollab(*command, tmp_path / "new").code == 0
    assert xlcollab(*command, tmp_path / "new").code == 0
    assert xlcollab(*command, folder, "--overwrite").code == 0
