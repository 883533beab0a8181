"""A judge of our own: formulas, the cells they stand among, and what Excel shows, as plain text.

The files in `cases` are read line by line:

    # a remark
    with A1:A3 = 1, 2, 3; B1 = "x"; hidden row 2; name N = Sheet1!$A$1
    SUM(A1:A3)                       => 6          | hand
    in C3  OFFSET(C3,-1,0)+1         => 8          | excel
    array  TRANSPOSE(A1:A3)          => {1,2,3}    | page

`with` says which cells there are, until the next blank line or `with`. `hidden row`, `filtered row`
and `1904` are settings of the sheet and the book. A formula is evaluated twice, stored as a dynamic
array formula and as a plain one; `array` and `plain` before it name the one way that is meant, `in`
the cell it stands in. Behind the bar stands the source of the value: `excel` for what Excel stored
or was seen to show, `page` for Microsoft's page of the function, `hand` for arithmetic one can do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.kernels.engine import workbook
from xlcollab.formula import parse
from xlcollab.formula.nodes import Call, walk
from xlcollab.grid import ArrayFormula, DefinedName, ErrorCode, RowMark, Scalar, Workbook
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import Rect, parse_rect

FOLDER = Path(__file__).parent / "cases"
HOME = "Z1"
SOURCES = ("excel", "page", "hand")
_TOLERANCE = 1e-12
_LINE = re.compile(
    r"(?:(?P<form>array|plain)\s+)?(?:in\s+(?P<at>[A-Z]+\d+)\s+)?"
    r"(?P<formula>.*\S)\s+=>\s+(?P<value>.*\S)\s+\|\s*(?P<source>\w+)\s*\Z"
)
_ITEM = re.compile(r'\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|\Z)')
_PART = re.compile(r'((?:"(?:[^"]|"")*"|[^;"])+)(?:;|\Z)')


@dataclass(frozen=True, slots=True)
class Setting:
    """The cells of a sheet, and what else is said of it and of its book."""

    cells: dict[str, Scalar] = field(default_factory=dict)
    names: tuple[DefinedName, ...] = ()
    hidden: tuple[int, ...] = ()
    filtered: tuple[int, ...] = ()
    date1904: bool = False
    whole_pairs: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One formula and the value it shall have: a scalar, or rows of them for an array."""

    where: str
    formula: str
    setting: Setting
    rows: tuple[tuple[Scalar, ...], ...]
    at: str
    forms: tuple[str, ...]
    source: str

    @property
    def functions(self) -> set[str]:
        """The names of the functions that the formula calls."""
        return {node.name for node in walk(parse(self.formula, 0, 25)) if isinstance(node, Call)}


def cases(folder: Path = FOLDER) -> Iterator[Case]:
    """All cases, file by file. Raises AssertionError naming a line that cannot be read."""
    for path in sorted(folder.glob("*.txt")):
        setting = Setting()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.stem}:{number}"
            if not line.strip():
                setting = Setting()
            elif line.startswith("with "):
                setting = _setting(line.removeprefix("with "), where)
            elif not line.startswith("#"):
                yield _case(line, setting, where)


def _case(line: str, setting: Setting, where: str) -> Case:
    match = _LINE.match(line)
    assert match, f"{where} is no case: {line}"
    assert match["source"] in SOURCES, f"{where} names no known source"
    rows = _rows(match["value"], where)
    spilling = len(rows) > 1 or len(rows[0]) > 1
    forms = (match["form"],) if match["form"] else ("array",) if spilling else ("array", "plain")
    return Case(where, match["formula"], setting, rows, match["at"] or HOME, forms, match["source"])


def _rows(text: str, where: str) -> tuple[tuple[Scalar, ...], ...]:
    if not text.startswith("{"):
        return ((_scalar(text, where),),)
    lines = [match[1] for match in _PART.finditer(text[1:-1])]
    return tuple(tuple(_items(line, where)) for line in lines)


def _items(text: str, where: str) -> list[Scalar]:
    found = [match[1].strip() for match in _ITEM.finditer(text)]
    if len(found) > 1 and found[-1] == "" and not text.rstrip().endswith(","):
        found.pop()
    return [_scalar(one, where) for one in found]


def _scalar(text: str, where: str) -> Scalar:
    if text in ("", "blank"):
        return None
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    if text.startswith("#"):
        code = ErrorCode.from_text(text)
        assert code.text == text, f"{where} names an unknown error {text}"
        return code
    return text if text.startswith("=") else float(text)


def _setting(text: str, where: str) -> Setting:
    setting = Setting()
    for match in _PART.finditer(text):
        setting = _with(setting, match[1].strip(), where)
    return setting


def _with(setting: Setting, part: str, where: str) -> Setting:
    """The setting and one more thing that is said."""
    if part == "1904":
        return replace(setting, date1904=True)
    if part == "compatibility version 2":
        return replace(setting, whole_pairs=True)
    if part.startswith("hidden row "):
        return replace(setting, hidden=(*setting.hidden, int(part.split()[-1]) - 1))
    if part.startswith("filtered row "):
        return replace(setting, filtered=(*setting.filtered, int(part.split()[-1]) - 1))
    left, mark, right = (piece.strip() for piece in part.partition("="))
    assert mark, f"{where}: {part!r} says nothing"
    if left.startswith("name "):
        named = DefinedName(left.removeprefix("name ").strip(), right)
        return replace(setting, names=(*setting.names, named))
    return replace(setting, cells=setting.cells | _cells(left, right, where))


def _cells(area: str, text: str, where: str) -> dict[str, Scalar]:
    rect = parse_rect(area)
    values = [text] if text.startswith("=") else _items(text, where)
    assert len(values) == rect.size, f"{where}: {area} has {rect.size} cells, not {len(values)}"
    places = [str(Rect(row, column)) for row, column in rect.cells()]
    return dict(zip(places, values, strict=True))


def book_of(case: Case, form: str) -> Workbook:
    """The workbook in which the case's formula stands, stored as `form` says."""
    setting, home = case.setting, parse_rect(case.at)
    area = Rect(home.top, home.left, len(case.rows), len(case.rows[0]))
    plain = {case.at: f"={case.formula}"} if form == "plain" else {}
    book = workbook({**setting.cells, **plain}, {} if plain else {str(area): f"={case.formula}"})
    if form == "array":
        sheet = book.sheets[0]
        sheet.arrays = [ArrayFormula(area, case.formula, True)]
    sheet = book.sheets[0]
    sheet.row_marks = np.zeros(sheet.height, np.uint8)
    sheet.row_marks[list(setting.hidden)] = RowMark.HIDDEN
    sheet.row_marks[list(setting.filtered)] = RowMark.FILTERED
    book.names = list(setting.names)
    book.date1904 = setting.date1904
    book.whole_pairs = setting.whole_pairs
    return book


def evaluated(case: Case, form: str) -> list[Scalar] | str:
    """The values in reading order, or the sentence with which the formula is refused."""
    book = book_of(case, form)
    rect = parse_rect(case.at)
    done = recalculate(build_plan(book))
    for refused in done.unsupported:
        if refused.area.rect.intersection(rect):
            return refused.reason
    for family, block in done.results:
        if (family.rect.top, family.rect.left) == (rect.top, rect.left):
            return Context(book.texts).values(block)
    return "no result"


def agrees(found: Scalar, expected: Scalar) -> bool:
    """Whether two values are the same, numbers to a part in 10¹²."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=_TOLERANCE, abs_tol=1e-300)
    return type(found) is type(expected) and found == expected


def judged(case: Case, form: str) -> str | None:
    """What is wrong with a case; None where it is right."""
    found = evaluated(case, form)
    expected = [value for row in case.rows for value in row]
    if not isinstance(found, str) and len(found) == len(expected):
        if all(agrees(a, b) for a, b in zip(found, expected, strict=True)):
            return None
        found = str([v.text if isinstance(v, ErrorCode) else v for v in found])
    return f"{case.where} ({form}): {case.formula} shall be {expected}, is {found}"
