"""What every `Book` promises, asked of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import pytest

from tests.build import build
from xlcollab.errors import WorkbookError, WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.grid import Book, CellEdit, Changes, ErrorCode, NewSheet, Scalar
from xlcollab.grid.memory import MemoryBook
from xlcollab.ref import CellRef, Rect, parse_area, parse_cell

CELLS = {
    "A1": "ratings",
    "A2": 1.5,
    "B2": 2.5,
    "C2": ("=A2+B2", 4.0),
    "D2": ("{=A2:B2*2}", "D2:E2"),
    "A3": True,
    "B3": ("=NA()", "#N/A"),
    "G1": "id",
    "H1": "name",
    "G2": 7,
}


class BookContract(ABC):
    """Subclasses say how to make a book; the tests are the same for all."""

    calculates = False
    """Whether the book is an application's, which finds the results of formulas itself."""

    @abstractmethod
    def make(self, path: Path) -> Book:
        """A `Book` over the workbook at `path`."""

    @pytest.fixture
    def book(self, tmp_path: Path) -> Book:
        path = build(
            tmp_path / "book.xlsx",
            {"S": CELLS, "my sheet": {"A1": 1}},
            names=[("weights", "S!$A$2:$B$2", None, False)],
            tables=[("S", "G1:H3", "People", ["id", "name"])],
        )
        return self.make(path)

    def value(self, book: Book, name: str, sheet: str = "S") -> Scalar:
        return book.read().value(CellRef(sheet, *parse_cell(name)))

    def number(self, address: str, *numbers: float) -> CellEdit:
        area = parse_area(address, "S")
        shape = (area.rect.height, area.rect.width)
        return CellEdit.of_numbers(area, np.array(numbers, float).reshape(shape))

    def test_reads_values_formulas_names_and_tables(self, book: Book) -> None:
        workbook = book.read()
        assert [sheet.name for sheet in workbook] == ["S", "my sheet"]
        assert self.value(book, "A1") == "ratings"
        assert self.value(book, "A3") is True
        assert self.value(book, "B3") == ErrorCode.NA
        assert len(workbook.sheet("S").formulas) == 2
        assert workbook.sheet("S").arrays[0].rect == Rect(1, 3, 1, 2)
        assert workbook.name("weights").text == "S!$A$2:$B$2"
        assert workbook.table("people").columns == ("id", "name")

    def test_writes_inputs_and_results(self, book: Book) -> None:
        changes = Changes(
            inputs=[self.number("A2:B2", 0.1, 1 / 3), self.number("K9", 5)],
            results=[self.number("C2:E2", 0.1 + 1 / 3, 0.2, 2 / 3)],
        )
        book.write(changes)
        found = [self.value(book, name) for name in ("A2", "B2", "C2", "D2", "E2", "K9")]
        assert found == [0.1, 1 / 3, 0.1 + 1 / 3, 0.2, 2 / 3, 5]
        assert self.value(book, "A1") == "ratings"
        assert len(book.read().sheet("S").formulas) == 2

    @pytest.mark.parametrize("value", [2.5, "text", True, ErrorCode.DIV0, None])
    def test_writes_every_kind_of_value(self, book: Book, value: Scalar) -> None:
        texts = book.read().texts
        areas = (parse_area("S!A2"), parse_area("S!C2"))
        constant, result = (CellEdit.of_value(area, value, texts) for area in areas)
        book.write(Changes(inputs=[constant], results=[result]))
        assert self.value(book, "A2") == value
        if not self.calculates:
            assert self.value(book, "C2") == value

    def test_sheet_names_ignore_case(self, book: Book) -> None:
        book.write(Changes(inputs=[self.number("'MY SHEET'!A1", 9)]))
        assert self.value(book, "A1", "my sheet") == 9.0

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            ("C2", "S!C2 holds a formula"),
            ("A2:C2", "S!C2 holds a formula"),
            ("E2", "S!E2 (holds a formula|belongs to the array formula of D2:E2)"),
            ("H1", "S!H1 belongs to the header of the table People"),
        ],
    )
    def test_refuses_inputs(self, book: Book, address: str, sentence: str) -> None:
        size = parse_area(address, "S").rect.size
        changes = Changes(inputs=[self.number("A2", 8), self.number(address, *[9.0] * size)])
        with pytest.raises(WriteRefusedError, match=sentence):
            book.write(changes)
        assert self.value(book, "A2") == 1.5

    def test_refuses_results_of_constants(self, book: Book) -> None:
        with pytest.raises(WriteRefusedError, match="S!A2 holds no formula"):
            book.write(Changes(results=[self.number("A2", 1)]))

    def test_refuses_what_is_no_number(self, book: Book) -> None:
        with pytest.raises(WriteRefusedError, match="S!B2 would get nan"):
            book.write(Changes(inputs=[self.number("A2:B2", 1, float("nan"))]))
        assert self.value(book, "A2") == 1.5

    def test_refuses_an_unknown_sheet(self, book: Book) -> None:
        with pytest.raises(WorkbookError, match="has no sheet 'T'; its sheets are S, my sheet"):
            book.write(Changes(inputs=[self.number("T!A1", 1)]))

    def test_adds_sheets_behind_the_last(self, book: Book) -> None:
        rows = [["step", "loss"], [0, 1.5], [1, float("nan")]]
        book.write(Changes(sheets=[NewSheet("S history", rows, table=Rect(0, 0, 3, 2))]))
        workbook = book.read()
        assert [sheet.name for sheet in workbook] == ["S", "my sheet", "S history"]
        assert self.value(book, "B2", "S history") == 1.5
        assert self.value(book, "B3", "S history") == ErrorCode.NUM
        assert workbook.table("table_S_history").columns == ("step", "loss")

    def test_replaces_a_sheet_in_its_place(self, book: Book) -> None:
        table = Rect(0, 0, 2, 1)
        book.write(Changes(sheets=[NewSheet("H", [["a"], [1]], table=table), NewSheet("I", [[1]])]))
        again = NewSheet("H", [["b"], [2]], table=table)
        with pytest.raises(WriteRefusedError, match="already has a sheet H"):
            book.write(Changes(sheets=[again]))
        book.write(Changes(sheets=[again], replaces=frozenset(["H"])))
        workbook = book.read()
        assert [sheet.name for sheet in workbook] == ["S", "my sheet", "H", "I"]
        assert [table.name for table in workbook.tables] == ["People", "table_H"]
        assert self.value(book, "A2", "H") == 2.0

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("", "has 0 characters"),
            ("x" * 32, "has 32 characters; 1 to 31"),
            ("a/b", "that no sheet name may hold"),
            ("'a", "apostrophe"),
            ("History", "reserved by Excel"),
            ("MY SHEET", "already has a sheet"),
        ],
    )
    def test_refuses_sheet_names(self, book: Book, name: str, sentence: str) -> None:
        with pytest.raises(WriteRefusedError, match=sentence):
            book.write(Changes(sheets=[NewSheet(name, [[1]])]))
        assert len(book.read().sheets) == 2


class TestFileBook(BookContract):
    def make(self, path: Path) -> Book:
        return FileBook(path)


class TestMemoryBook(BookContract):
    def make(self, path: Path) -> Book:
        return MemoryBook(FileBook(path).read())

    def test_leaves_the_workbook_it_was_given_alone(self, tmp_path: Path) -> None:
        workbook = FileBook(build(tmp_path / "b.xlsx", {"S": {"A1": 1}})).read()
        MemoryBook(workbook).write(Changes(inputs=[self.number("A1", 2)]))
        assert workbook.sheet("S").value(0, 0) == 1.0
