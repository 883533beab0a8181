"""Workbooks that cannot be used, each with the command line and what must be said of it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.build import Cells, build
from tests.faces.shell import minimised
from tests.files.packages import one_sheet_parts, sheet_xml, write_package

OLE = bytes.fromhex("D0CF11E0A1B11AE1")


@dataclass(frozen=True)
class Case:
    """A maker of the workbook, the words of the sentence, further arguments, and the exit code."""

    make: Callable[[Path], object]
    words: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    code: int = 3


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _package(sheet: str) -> Callable[[Path], object]:
    return lambda path: write_package(path, one_sheet_parts(sheet))


def _model(cells: Cells, objective: str = "S!$B$1", variables: str = "S!$A$1:$A$2", **more: str):  # type: ignore[no-untyped-def]
    names = minimised("S", objective, variables, **more)
    return lambda path: build(path, {"S": cells, "Other": {"A1": 1.0}}, names)


def _xlsb(path: Path) -> None:
    parts = one_sheet_parts(sheet_xml(""))
    rels = str(parts["_rels/.rels"]).replace("workbook.xml", "workbook.bin")
    write_package(path, {**parts, "_rels/.rels": rels, "xl/workbook.bin": b"\x83\x01\x00"})


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in one_sheet_parts(sheet_xml("")).items():
            archive.writestr(name, data)
        archive.writestr("xl/media/image1.emf", bytes(32 << 20))


def _truncated(path: Path) -> None:
    build(path, {"S": {"A1": 1.0}})
    path.write_bytes(path.read_bytes()[:-200])


FILES: Mapping[str, Case] = {
    "missing": Case(lambda path: None, ("there is no file", "book.xlsx")),
    "folder": Case(lambda path: path.mkdir(), ("is a folder",)),
    "empty": Case(_bytes(b""), ("book.xlsx", "is empty")),
    "text": Case(_bytes(b"user,film,rating\n1,2,3\n"), ("book.xlsx", "is no workbook")),
    "html": Case(_bytes(b"<html><table></table></html>"), ("HTML",)),
    "xls": Case(_bytes(OLE + bytes(600)), ("book.xlsx", ".xls")),
    "encrypted": Case(
        _bytes(OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le")),
        ("encrypted with a password",),
    ),
    "xlsb": Case(_xlsb, (".xlsb",)),
    "zip bomb": Case(_bomb, ("zip bomb", "image1.emf")),
    "truncated": Case(_truncated, ("damaged or cut-off",)),
    "doctype": Case(
        _package('<!DOCTYPE worksheet [<!ENTITY a "b">]>' + sheet_xml("").split("\n", 1)[1]),
        ("DOCTYPE", "sheet1.xml"),
    ),
    "far cell": Case(
        _package(
            sheet_xml(
                '<row r="1"><c r="A1"><v>1</v></c></row>'
                '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
            )
        ),
        ("XFD1048576",),
    ),
}
"""Files that no command can read."""

SQUARE = "=(A1-3)^2+(A2+1)^2"
CELLS: Cells = {"A1": 1.0, "A2": 1.0, "B1": (SQUARE, 8.0)}
GIVEN = ("--minimize", "S!B1", "--by-changing")


def _with(**cells: object) -> Cells:
    return {**CELLS, **cells}


MODELS: Mapping[str, Case] = {
    "no Solver model": Case(
        lambda path: build(path, {"S": CELLS}), ("no Solver model", "--minimize")
    ),
    "no model on the sheet": Case(_model(CELLS), ("Other",), ("--sheet", "Other")),
    "no such sheet": Case(_model(CELLS), ("nowhere", "S, Other"), ("--sheet", "nowhere")),
    "objective #REF!": Case(_model(CELLS, "S!#REF!"), ("S", "#REF!")),
    "variables #REF!": Case(_model(CELLS, variables="S!#REF!"), ("S", "#REF!")),
    "objective constant": Case(_model(_with(B1=5.0)), ("B1", "no formula")),
    "objective text": Case(_model(_with(B1="loss")), ("B1", "loss")),
    "objective blank": Case(_model(CELLS, "S!$D$9"), ("D9", "blank")),
    "objective text formula": Case(
        _model(_with(B1=('="total: "&A1+A2', "total: 2"))), ("B1", "number")
    ),
    "objective error": Case(_model(_with(B1=("=A1/(A2-A2)", "#DIV/0!"))), ("B1", "#DIV/0!")),
    "objective is a variable": Case(_model(CELLS, "S!$A$1"), ("A1", "variable")),
    "objective of nothing": Case(_model(_with(B1=("=2*C1", 0.0))), ("B1", "does not depend")),
    "variables are formulas": Case(_model(_with(A2=("=A1", 1.0))), ("S!A2", "1 of 2", "formulas")),
    "variables are texts": Case(_model(_with(A2="x")), ("S!A2", "texts")),
    "variables are TRUE": Case(_model(_with(A2=True)), ("S!A2", "TRUE")),
    "variables on another sheet": Case(
        _model(CELLS, variables="Other!$A$1"), ("Other!A1", "does not depend")
    ),
    "circular": Case(
        _model(_with(B1=("=A1+C1+A2", 0.0), C1=("=D1", 0.0), D1=("=B1", 0.0))),
        ("circular", "S!B1", "S!C1", "S!D1"),
    ),
    "unsupported function": Case(
        _model(_with(B1=("=A1+C1", 1.0), C1=("=WEBSERVICE(A2)", 0.0))), ("S!C1", "WEBSERVICE")
    ),
    "a VBA function": Case(
        _model(_with(B1=("=A1+C1", 1.0), C1=("=MyLoss(A1:A2)", 0.0))), ("S!C1", "MYLOSS")
    ),
    "a formula that is none": Case(
        _model(_with(B1=("=A1+C1", 1.0), C1=("=A1+*2", 0.0))), ("S!C1",)
    ),
    "bounds that contradict": Case(
        _model(
            CELLS, num="2", lhs1="S!$A$1", rel1="1", rhs1="1", lhs2="S!$A$1", rel2="3", rhs2="2"
        ),
        ("A1",),
    ),
    "no number at the start": Case(
        _model({"A1": 1.0, "A2": 1.0, "B1": ("=SQRT(-1-A1^2)+A2", 0.0)}), ("B1", "#NUM!")
    ),
    "address that is none": Case(_model(CELLS), ("A0",), (*GIVEN, "S!A0")),
    "variables off the sheet": Case(_model(CELLS), ("Q!",), (*GIVEN, "Q!A1")),
    "name that is none": Case(_model(CELLS), ("weights",), (*GIVEN, "weights")),
}
"""Workbooks that can be read but not solved."""

USAGE: Mapping[str, Case] = {
    "two goals": Case(_model(CELLS), ("--minimize",), (*GIVEN, "S!A1", "--maximize", "S!B1"), 2),
    "no variables": Case(_model(CELLS), ("--by-changing",), ("--minimize", "S!B1"), 2),
    "target without value": Case(
        _model(CELLS), ("--target",), ("--target", "S!B1", "--by-changing", "S!A1"), 2
    ),
    "constraint that is none": Case(
        _model(CELLS), ("A1<2",), (*GIVEN, "S!A1", "--subject-to", "A1<2"), 2
    ),
    "negative rate": Case(_model(CELLS), ("learning_rate", "-1"), ("--learning-rate", "-1"), 2),
    "option of another method": Case(
        _model(CELLS), ("beta1",), ("--method", "gd", "--beta1", "0.5"), 2
    ),
    "no fraction of steps": Case(_model(CELLS), ("history_every",), ("--history-every", "-1"), 2),
    "method that does not fit": Case(_model(CELLS), ("highs",), ("--method", "highs"), 2),
    "output and in place": Case(
        _model(CELLS), ("--output", "--in-place"), ("-o", "x.xlsx", "--in-place"), 2
    ),
}
"""Command lines that contradict themselves or the model."""
