"""Every result says what made it, and `rerun` makes it again."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.workbook.defined_name import DefinedName

import xlcollab as xc
from tests.build import build
from tests.faces.shell import bowl, two_bowls, xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells
from xlcollab.api.session.provenance import runs_of
from xlcollab.files import FileBook
from xlcollab.grid.run_record import RUN_NAME, as_formula, record_of


def ratings(folder: Path) -> Path:
    rng = np.random.default_rng(5)
    pairs = [(user, item) for user in range(1, 9) for item in range(1, 7)]
    kept = [pairs[at] for at in rng.permutation(len(pairs))[:36]]
    frame = pd.DataFrame(kept, columns=["user", "item"])
    frame["rating"] = rng.integers(1, 6, len(frame))
    frame.to_csv(folder / "ratings.csv", index=False)
    return folder / "ratings.csv"


def model(folder: Path) -> Path:
    ratings(folder)
    xlcollab("fit", folder / "ratings.csv", "--epochs", 2, "-o", folder / "m.safetensors")
    return folder / "m.safetensors"


def a_bowl(folder: Path) -> Path:
    return bowl(folder / "book.xlsx")


def lesson_tab(folder: Path) -> Path:
    return build(folder / "book.xlsx", {"lesson": sgd_cells(Layout())})


RESULTS: dict[str, tuple[Callable[[Path], Path], Sequence[object], str]] = {
    "solve": (a_bowl, ("--method", "gd", "--lr", 0.1, "--iterations", 5), ".xlsx"),
    "sweep": (a_bowl, ("--parameter", "S!A1=1,2", "--minimize", "S!B1", "--by-changing", "S!A2"),
              ".xlsx"),
    "recalc": (a_bowl, (), ".xlsx"),
    "run": (lesson_tab, ("--epochs", 2), ".xlsx"),
    "compare": (lesson_tab, ("--epochs", 2), ".xlsx"),
    "new": (ratings, ("--n-users", 5, "--n-items", 4, "--n-factors", 2, "--seed", 3), ".xlsx"),
    "crosstab": (ratings, (), ".xlsx"),
    "fit": (ratings, ("--n-factors", 2, "--epochs", 3, "--seed", 3), ".safetensors"),
    "predict": (model, ("--crosstab",), ".parquet"),
    "recommend": (model, ("--all", "-k", 2), ".xlsx"),
    "tune": (ratings, ("--trials", 2, "--search", "epochs=1..2"), ".xlsx"),
}  # fmt: skip


def made(name: str, folder: Path) -> Path:
    make, options, ending = RESULTS[name]
    source, target = make(folder), folder / f"result{ending}"
    words = ["matrix-factorisation"] if name == "new" else []
    done = xlcollab(name, *words, source, *options, "-o", target)
    assert done.code == 0, done.err
    return target


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_made_again(name: str, tmp_path: Path) -> None:
    target = made(name, tmp_path)
    told = xlcollab("rerun", target, "--show", "--json")
    if name == "recalc":  # nothing differed, so that the file is its input, byte by byte
        assert told.code == 3
        return
    (run,) = told.json["runs"]
    assert run["command"][0] == name
    assert run["version"] == xc.__version__
    assert len(run["inputs"][0]["sha256"]) == 64
    again = tmp_path / f"again{target.suffix}"
    done = xlcollab("rerun", target, "-o", again)
    assert done.code == 0, done.err
    assert content(again) == content(target)


CLOCK = ("seconds", "Seconds", "read", "compile", "solve", "write", "set up", "train", "rank")


def content(path: Path) -> object:
    """What stays the same from run to run: all but the clock and the record itself."""
    if path.suffix == ".safetensors":
        return xc.MatrixFactorization.load(path).model_.user_factors.tolist()
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_dict()
    book = openpyxl.load_workbook(path)
    return [
        (sheet.title, row[0].coordinate, values)
        for sheet in book
        for row in sheet.iter_rows()
        if (values := tuple(one.value for one in row if not _of_the_clock(sheet, one)))
        and not any(_is_record(one) for one in values)
    ]


def _of_the_clock(sheet: object, cell: object) -> bool:
    column = [sheet.cell(row, cell.column).value for row in range(1, 6)]  # type: ignore[attr-defined]
    first = sheet.cell(cell.row, 1).value  # type: ignore[attr-defined]
    return any(str(one).startswith(CLOCK) for one in (*column, first))


def _is_record(value: object) -> bool:
    return isinstance(value, str) and ("SHA-256" in value or value.startswith("xlcollab "))


def test_a_sheet_has_the_line_of_its_run(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(made("solve", tmp_path))
    for name in book.sheetnames[1:]:
        texts = [str(cell.value) for cell in book[name]["A"]]
        (line,) = [text for text in texts if text.startswith("xlcollab solve")]
        assert "--method gd" in line
        assert "seed 0" in line
        assert "SHA-256" in line


def test_a_changed_input_is_refused_by_a_sentence(tmp_path: Path) -> None:
    target = made("fit", tmp_path)
    source = tmp_path / "ratings.csv"
    other = source.rename(tmp_path / "other.csv")
    lost = xlcollab("rerun", target)
    assert lost.code == 3
    assert "ratings.csv" in lost.sentence
    assert "--input" in lost.sentence
    source.write_text(other.read_text() + "9,1,3\n")
    changed = xlcollab("rerun", target)
    assert changed.code == 3
    assert "SHA-256" in changed.sentence
    assert "--input" in changed.sentence
    taken = xlcollab("rerun", target, "--input", source, "-o", tmp_path / "new.safetensors")
    assert taken.code == 0
    assert "differs from ratings.csv" in taken.err
    same = xlcollab("rerun", target, "--input", other, "-o", tmp_path / "same.safetensors")
    assert same.code == 0
    assert "differs" not in same.err
    assert content(tmp_path / "same.safetensors") == content(target)


def test_a_result_may_move_with_its_input(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    made("solve", tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    done = xlcollab("rerun", tmp_path / "after" / "result.xlsx", "-o", tmp_path / "x.xlsx")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("name", "word"),
    [("none.xlsx", "no file"), ("plain.xlsx", "does not say"), ("table.csv", "no place")],
)
def test_what_has_no_record_is_a_sentence(name: str, word: str, tmp_path: Path) -> None:
    bowl(tmp_path / "plain.xlsx")
    (tmp_path / "table.csv").write_text("user,item\n")
    found = xlcollab("rerun", tmp_path / name)
    assert found.code in (2, 3)
    assert word in found.sentence


def test_a_record_that_was_tampered_with_is_a_sentence(tmp_path: Path) -> None:
    target = made("solve", tmp_path)
    _with_name(target, tmp_path / "bad.xlsx", b"sha256", b"sha255")
    found = xlcollab("rerun", tmp_path / "bad.xlsx")
    assert found.code == 3
    assert "was changed" in found.sentence


@pytest.mark.parametrize(
    "words",
    [
        ["addin", "install"],
        ["rerun", 0],
        ["fit", 1],
        ["fit", -1],
        ["fit", True],
        ["fit", 0, "--epochs", "1", "--checkpoint", "thesis.docx"],
        ["fit", 0, "--epochs", "1", "--overwrite"],
        ["fit", "thesis.docx", "--epochs", "1"],
        ["fit", 0, "--epochs", "1", "--items", "thesis.docx"],
        ["recalc", 0, "--in-place"],
        ["fit", 0, "--epochs", "1", "--output", "thesis.docx"],
    ],
)
def test_who_sends_a_result_does_not_choose_what_is_touched(
    words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are refused, an output of theirs beside ours, too."""
    monkeypatch.chdir(tmp_path)
    source = ratings(tmp_path)
    thesis = tmp_path / "thesis.docx"
    thesis.write_bytes(b"years of work")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    record = {"command": words, "version": "0.1.0", "date": "", "settings": {}, "seed": None}
    record["inputs"] = [{"path": source.name, "sha256": digest}]
    book = openpyxl.Workbook()
    book.defined_names[RUN_NAME] = DefinedName(RUN_NAME, attr_text=as_formula(json.dumps([record])))
    book.save(tmp_path / "sent.xlsx")
    found = xlcollab("rerun", tmp_path / "sent.xlsx", "-o", tmp_path / "again.xlsx")
    assert found.code in (2, 3), found.err
    assert "internal error" not in found.err
    assert thesis.read_bytes() == b"years of work"
    assert not (tmp_path / "again.xlsx").exists()


def _with_name(source: Path, target: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w") as copy:
        for name in package.namelist():
            data = package.read(name)
            copy.writestr(name, data.replace(old, new) if name == "xl/workbook.xml" else data)


def test_only_the_workbook_part_tells_of_a_run_that_adds_no_sheet(tmp_path: Path) -> None:
    source = bowl(tmp_path / "book.xlsx")
    assert xlcollab("solve", source, "--no-history", "-o", tmp_path / "out.xlsx").code == 0
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(tmp_path / "out.xlsx") as b:
        assert a.namelist() == b.namelist()
        changed = [name for name in a.namelist() if a.read(name) != b.read(name)]
    assert sorted(changed) == ["xl/workbook.xml", "xl/worksheets/sheet1.xml"]
    names = {one.name: one for one in FileBook(tmp_path / "out.xlsx").read().names}
    assert names[RUN_NAME].hidden


def test_the_last_run_counts_and_names_of_others_stay(tmp_path: Path) -> None:
    bowl(tmp_path / "book.xlsx")
    assert xlcollab("solve", tmp_path / "book.xlsx", "-o", tmp_path / "one.xlsx").code == 0
    second = ("--minimize", "S!B1", "--by-changing", "S!A1", "--no-history")
    assert xlcollab("solve", tmp_path / "one.xlsx", *second, "-o", tmp_path / "two.xlsx").code == 0
    names = FileBook(tmp_path / "two.xlsx").read().names
    assert [one.name for one in names].count(RUN_NAME) == 1
    assert any(one.name == "solver_opt" for one in names)
    (run,) = xlcollab("rerun", tmp_path / "two.xlsx", "--show", "--json").json["runs"]
    assert "--by-changing" in run["command"]
    assert xlcollab("rerun", tmp_path / "two.xlsx").code == 0


def test_verbs_of_python_are_made_again_in_turn(tmp_path: Path) -> None:
    book = xc.open(two_bowls(tmp_path / "book.xlsx"))
    book.solve("S", method="gd", learning_rate=0.1, iterations=3)
    free = book.model(minimize="T!B1", by_changing="T!A1", subject_to=["T!A1<=2", "T!A1=integer"])
    book.solve(free)
    book.save(tmp_path / "out.xlsx")
    told = xlcollab("rerun", tmp_path / "out.xlsx", "--show").out
    assert "xlcollab solve book.xlsx --sheet S --method gd --learning-rate 0.1" in told
    assert "'T!A1=integer'" in told
    assert xlcollab("rerun", tmp_path / "out.xlsx", "-o", tmp_path / "x.xlsx").code == 0
    first, second = xc.open(tmp_path / "out.xlsx").workbook, xc.open(tmp_path / "x.xlsx").workbook
    for sheet in ("S", "T"):
        assert first.sheet(sheet).numbers == pytest.approx(second.sheet(sheet).numbers, abs=1e-9)


def test_a_record_is_any_text_and_too_long_a_one_is_left_out() -> None:
    text = json.dumps([{"a": 'quotes " & <signs> ' * 40}])
    formula = as_formula(text)
    assert formula is not None
    assert record_of(formula) == text
    assert as_formula("x" * 9000) is None
    assert as_formula("") is None
    assert runs_of("[]", "book") == ()


def test_the_date_can_be_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    (run,) = xlcollab("rerun", made("crosstab", tmp_path), "--show", "--json").json["runs"]
    assert run["date"] == "1970-01-01 00:00:00 UTC"


def test_a_folder_of_shards_is_made_again_beside_it(tmp_path: Path) -> None:
    source = ratings(tmp_path)
    assert xlcollab("fit", source, "--epochs", 1, "-o", tmp_path / "model").code == 0
    done = xlcollab("rerun", tmp_path / "model")
    assert done.code == 0, done.err
    assert (tmp_path / "model_rerun").is_dir()
