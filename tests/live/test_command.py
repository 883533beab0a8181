"""`xlcollab live` against a LibreOffice that listens."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlwings as xw
from typer.testing import CliRunner

from tests.build import build
from tests.live.memory_excel import engine
from xlcollab.errors import UsageError
from xlcollab.faces.cli import build as application
from xlcollab.live import calc_office
from xlcollab.live.calc import CalcBook
from xlcollab.live.calc_office import Office
from xlcollab.live.excel_desk import ExcelDesk
from xlcollab.ref import CellRef


def test_a_button_from_the_shell(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [("solver_opt", "S!$B$1", "S", True), ("solver_adj", "S!$A$1", "S", True)]
    names += [("solver_typ", "2", "S", True)]
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": ("=(A1-3)^2", 4.0)}}, names=names)
    document = office.open(path)
    monkeypatch.setattr("xlcollab.live.calc_desk.Office", lambda address: office)
    arguments = ["live", "solve", "--app", "libreoffice", "--book", document.Title]
    found = CliRunner().invoke(application(), arguments)
    solved = CalcBook(office, document).read().value(CellRef("S", 0, 0))
    document.close(True)
    assert found.exit_code == 0, found.output
    assert "S!B1: 4 → " in found.output
    assert solved == pytest.approx(3.0)


def test_a_workbook_that_is_not_open_is_named(office: Office) -> None:
    with pytest.raises(UsageError, match=r"no other\.ods is open"):
        office.document("other.ods")


def test_where_nothing_listens_it_says_how(office: Office) -> None:
    with pytest.raises(UsageError, match="no LibreOffice listens at pipe,name=nobody"):
        Office("pipe,name=nobody")


def test_without_the_bridge_it_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(calc_office, "import_module", missing)
    with pytest.raises(UsageError, match="apt install python3-uno"):
        calc_office.load_uno()


def test_without_excel_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xw.engines, "active", None)
    with pytest.raises(UsageError, match="there is no Excel on this computer"):
        ExcelDesk.find()


def test_without_a_workbook_in_excel_it_says_so() -> None:
    engine()
    with pytest.raises(UsageError, match=r"no workbook never\.xlsx is open"):
        ExcelDesk.find("never.xlsx")
