"""The document that is open in LibreOffice Calc as a `Book`: a real, running spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.build import build
from tests.grid.test_book_contract import BookContract
from tests.shared_data import lesson
from xlcollab.files import FileBook
from xlcollab.grid import Book, Changes, Chart, NewSheet, Scalar, Series, formula_texts
from xlcollab.live.calc import CalcBook
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.live.calc_formulas import to_excel
from xlcollab.live.calc_office import Office
from xlcollab.ref import CellRef, parse_area


class TestCalcBook(BookContract):
    calculates = True

    @pytest.fixture(autouse=True)
    def _office(self, office: Office) -> Iterator[None]:
        self.office, self.documents = office, []
        yield
        for document in self.documents:
            document.close(True)

    def make(self, path: Path) -> Book:
        self.documents.append(self.office.open(path))
        return CalcBook(self.office, self.documents[-1])

    def document(self) -> Any:
        return self.documents[-1]

    def test_settings_of_the_document_are_restored(
        self, book: Book, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.document().enableAutomaticCalculation(False)
        book.write(Changes(inputs=[self.number("A2", 4.0)]))
        assert self.value(book, "C2") == 6.5
        monkeypatch.setattr(book, "put", lambda edits: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            book.write(Changes(inputs=[self.number("A2", 5.0)]))
        assert not self.document().isAutomaticCalculationEnabled()
        assert not self.document().hasControllersLocked()

    def test_draws_charts(self, book: Book) -> None:
        x, y = parse_area("'S history'!A2:A3"), parse_area("'S history'!B2:B3")
        chart = Chart("Loss", "step", "loss", (Series("loss", x, y),), at=(1, 4), log_y=True)
        rows = [["step", "loss"], [0, 2.0], [1, 1.0]]
        book.write(Changes(sheets=[NewSheet("S history", rows, charts=(chart,), widths={0: 30.0})]))
        sheet = self.document().Sheets.getByName("S history")
        drawn = sheet.Charts.getByIndex(0).EmbeddedObject
        (line,) = drawn.FirstDiagram.CoordinateSystems[0].ChartTypes[0].DataSeries
        sources = [part.Values.SourceRangeRepresentation for part in line.DataSequences]
        assert sources == ["$'S history'.$A$2:$A$3", "$'S history'.$B$2:$B$3"]
        assert drawn.Title.String == "Loss"
        assert sheet.Columns.getByIndex(0).Width == pytest.approx(30 * 215, rel=0.01)

    @pytest.mark.parametrize("in_front", ["S", "H"])
    def test_freezes_panes_and_leaves_the_view_alone(
        self, in_front: str, office: Office, tmp_path: Path
    ) -> None:
        path = build(tmp_path / "f.xlsx", {"S": {"A1": 1.0}, "H": {"A1": 1.0}})
        self.documents.append(office.open(path, hidden=False))
        desk = CalcDesk(office, self.document())
        desk.show(in_front)
        desk.select(parse_area("B2:C3", in_front))
        new = NewSheet("H", [["a", "b"], [1, 2]], freeze=(1, 2))
        desk.book.write(Changes(sheets=[new], replaces=frozenset(["H"])))
        view = self.document().CurrentController
        assert (desk.sheet, view.hasFrozenPanes()) == (in_front, in_front == "H")
        if in_front == "S":
            assert str(desk.selection) == "S!B2:C3"
        desk.show("H")
        assert (view.SplitRow, view.SplitColumn) == (1, 2)

    def test_reads_merged_cells_and_names_of_sheets(self, office: Office, tmp_path: Path) -> None:
        names = [("solver_adj", "S!$A$1:$B$2", "S", True)]
        book = self.make(build(tmp_path / "m.xlsx", {"S": {"A1": 1.0, "C5": "x"}}, names=names))
        sheet = self.document().Sheets.getByIndex(0)
        areas = ["B2:C3", "E1:F1", "E2:F2"]  # the last two are of one format and stand together
        for area in areas:
            sheet.getCellRangeByName(area).merge(True)
        workbook = book.read()
        assert {str(rect) for rect in workbook.sheet("S").merged} == set(areas)
        found = workbook.name("solver_adj", "S")
        assert (found.text, found.sheet) == ("S!$A$1:$B$2", "S")


@pytest.mark.parametrize(
    ("calc", "excel"),
    [
        ("=SUM($S.A2:B2;$'my sheet'.A1;weights)", "=SUM(S!A2:B2,'my sheet'!A1,weights)"),
        ("={1;2|3;4}", "={1,2;3,4}"),
        ("=IF(A1=\"a;b\";$'it''s.A1'.B2;1.5)", "=IF(A1=\"a;b\",'it''s.A1'!B2,1.5)"),
        ("=SUM(A1:B2~C1)", "=SUM(A1:B2,C1)"),
        ("=STDEV.S(S.A1:B2)", "=_xlfn.STDEV.S(S!A1:B2)"),
        ("=COM.SUN.STAR.SHEET.ADDIN.ANALYSIS.GETEDATE(1;2)", "=EDATE(1,2)"),
        ("=SUM($S.A:A)", "=SUM(S!A:A)"),
        ("=SUM(S.$2:$3)", "=SUM(S!$2:$3)"),
    ],
)
def test_formulas_in_excels_words(calc: str, excel: str) -> None:
    functions = {
        "STDEV.S": "_xlfn.STDEV.S",
        "COM.SUN.STAR.SHEET.ADDIN.ANALYSIS.GETEDATE": "EDATE",
    }
    assert to_excel(calc, functions) == excel


@pytest.mark.parametrize(
    ("name", "pivots"),
    [("collab_filter.xlsx", ("movielens_emb", "word_emb")), ("graddesc.xlsx", ())],
)
@pytest.mark.slow
def test_reads_a_lesson_as_its_file_says(
    name: str, pivots: tuple[str, ...], office: Office
) -> None:
    """Constants and formulas; Calc lays out pivot tables anew and draws random numbers."""
    path = lesson(name)
    document = office.open(path)
    try:
        live = CalcBook(office, document).read()
    finally:
        document.close(True)
    stored = FileBook(path).read()
    for sheet in stored:
        found = live.sheet(sheet.name)
        assert (found.formula_mask() == sheet.formula_mask()).all()
        texts = formula_texts(found)
        for cell, text in formula_texts(sheet).items():
            assert texts[cell].replace(" ", "") == text.replace(" ", "")
        differing = [
            f"{CellRef(sheet.name, *cell)}: {found.value(*cell)!r} {sheet.value(*cell)!r}"
            for cell in sheet.used.cells()
            if sheet.name not in pivots
            and not sheet.formula_mask()[cell]
            and not _alike(found.value(*cell), sheet.value(*cell))
        ]
        assert not differing


def _alike(mine: Scalar, theirs: Scalar) -> bool:
    if isinstance(mine, float) and isinstance(theirs, float):
        return mine == pytest.approx(theirs, rel=1e-9)
    return mine == theirs


@pytest.mark.parametrize(("broken", "connects"), [(2, True), (3, False)])
def test_a_connection_that_is_just_closing_is_asked_for_again(
    office: Office, broken: int, connects: bool
) -> None:
    """As it happens where this process has let go of one a moment before."""
    closing = office.uno.getClass("com.sun.star.lang.DisposedException")
    answers: list[Any] = [closing("closing", None)] * broken + ["connected"]

    def resolve(url: str) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer

    services = SimpleNamespace(
        createInstanceWithContext=lambda *_: SimpleNamespace(resolve=resolve)
    )
    waiting = Office.__new__(Office)
    waiting.uno = SimpleNamespace(
        getComponentContext=lambda: SimpleNamespace(ServiceManager=services),
        getClass=office.uno.getClass,
    )
    if connects:
        assert waiting._resolved("uno:…") == "connected"
    else:
        with pytest.raises(closing):
            waiting._resolved("uno:…")
