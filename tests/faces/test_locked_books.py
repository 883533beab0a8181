"""Workbooks that take no sheet, or no change at all, are refused before the work, by name."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.protection import WorkbookProtection

import xlcollab as xc
from tests.faces.shell import bowl, listing, xlcollab
from tests.files.packages import relationships
from tests.graddesc.typed_tabs import Layout, sgd_cells, write
from xlcollab.api.solve import solving
from xlcollab.api.tabs import epochs as tabs_epochs
from xlcollab.api.tabs import tab
from xlcollab.errors import WriteRefusedError


def locked(path: Path) -> Path:
    workbook = openpyxl.load_workbook(path)
    workbook.security = WorkbookProtection(lockStructure=True)
    workbook.save(path)
    return path


def signed(path: Path) -> Path:
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("_xmlsignatures/origin.sigs", "")
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return bowl(tmp_path / "book.xlsx")


@pytest.fixture
def tabs(tmp_path: Path) -> Path:
    return write(tmp_path / "book.xlsx", {"lesson": sgd_cells(Layout())})


def not_run(*_: Any, **__: Any) -> None:
    raise AssertionError("the work was begun")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to work fails."""
    monkeypatch.setattr(solving, "compile_model", not_run)
    monkeypatch.setattr(tabs_epochs, "build_program", not_run)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("verb", [("solve",), ("run",), ("compare",), ("recalc",)])
def test_a_signed_workbook_is_refused_at_once(verb: tuple[str], request: Any) -> None:
    path = signed(request.getfixturevalue("model" if verb[0] in ("solve", "recalc") else "tabs"))
    before = listing(path.parent)
    found = xlcollab(*verb, path)
    assert (found.code, listing(path.parent)) == (3, before)
    assert found.sentence.startswith("book.xlsx is digitally signed, and a change would break")


@pytest.mark.parametrize("verb", [("inspect",), ("recalc", "--check")])
def test_a_signed_workbook_can_be_read(verb: tuple[str, ...], model: Path) -> None:
    assert xlcollab(*verb, signed(model)).code == 0


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("verb", ["solve", "run"])
def test_a_locked_structure_is_refused_with_a_way_out(verb: str, request: Any) -> None:
    path = locked(request.getfixturevalue("model" if verb == "solve" else "tabs"))
    found = xlcollab(verb, path)
    assert found.code == 3
    assert "the structure of book.xlsx is protected" in found.sentence
    assert "run with --no-history" in found.sentence


@pytest.mark.usefixtures("idle")
def test_a_comparison_is_nothing_but_a_sheet(tabs: Path) -> None:
    found = xlcollab("compare", locked(tabs))
    assert found.code == 3
    assert "so no sheet can be added; unprotect it in Excel" in found.sentence


def test_without_history_a_locked_structure_does_no_harm(model: Path) -> None:
    assert xlcollab("solve", locked(model), "--no-history").code == 0
    solved = openpyxl.load_workbook(model.with_name("book.solved.xlsx"))
    assert solved.security.lockStructure
    assert solved.sheetnames == ["S"]
    assert [solved["S"][cell].value for cell in ("A1", "A2")] == pytest.approx([3.0, -1.0])


def test_a_tab_without_history(tabs: Path) -> None:
    assert xlcollab("run", locked(tabs), "--no-history").code == 0


@pytest.mark.usefixtures("idle")
def test_python_is_told_before_the_work_too(model: Path) -> None:
    with pytest.raises(WriteRefusedError, match="history=False"):
        xc.open(locked(model)).solve()
    with pytest.raises(WriteRefusedError, match="digitally signed"):
        xc.open(signed(model)).solve(history=False)


PIVOT = '<pivotTableDefinition xmlns="x" name="P"><location ref="A1:A3"/></pivotTableDefinition>'


def _with_pivot(path: Path) -> Path:
    """The bowl, whose variables lie where a pivot table is laid out."""
    source = bowl(path.with_name("plain.xlsx"))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        rels = relationships(("rId1", "pivotTable", "../pivotTables/pivotTable1.xml"))
        new.writestr("xl/worksheets/_rels/sheet1.xml.rels", rels)
        new.writestr("xl/pivotTables/pivotTable1.xml", PIVOT)
    return path


def test_cells_of_a_pivot_table_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _with_pivot(tmp_path / "b.xlsx")
    monkeypatch.setattr(solving, "solve", not_run)
    found = xlcollab("solve", path)
    assert (found.code, "S!A1 belongs to the pivot table 'P'" in found.err) == (3, True), found


def test_protected_tabs_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "book.xlsx", {"lesson": sgd_cells(Layout())})
    workbook = openpyxl.load_workbook(path)
    workbook["lesson"].protection.enable()
    workbook.save(path)
    monkeypatch.setattr(tab, "run_epochs", not_run)
    found = xlcollab("run", path)
    assert (found.code, "'lesson' is protected" in found.err) == (3, True), found
