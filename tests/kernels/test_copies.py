"""All copies of a formula at once give what each gives alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.engine import workbook
from tests.kernels.test_gradients import CASES, WITHOUT, WITHOUT_IN_PART
from xlcollab.grid import Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import parse_cell

_OF_CELLS = ("COUNT", "COUNTA", "GCD", "LCM", "MULTINOMIAL", "MODE", "MODE.SNGL")
COUNTING = {name: f"{name}(A1:B4)" for name in _OF_CELLS} | {
    "RANK": "RANK(A2,A1:B4)+RANK.AVG(A2,A1:B4,1)",
    "PERCENTRANK": "PERCENTRANK(A1:B4,A3)+PERCENTRANK.EXC(A1:B4,2)",
    "FREQUENCY": "SUM(FREQUENCY(A1:B4,G1:G2)*{1;10;100})",
    "MODE.MULT": "SUM(MODE.MULT(A1:B4))",
    "COMBIN": "COMBIN(A1*9,A2)+FACT(A3)",
    "HYPGEOM.DIST": "HYPGEOM.DIST(A1,4,5,12,TRUE)",
    "BINOM.INV": "BINOM.INV(9,0.4,A1/9)",
    "BITAND": "BITAND(INT(A1),INT(A2))",
    "ROUND": "ROUND(A1,1)+ROUNDUP(A2,0)",
    "ROMAN": "LEN(ROMAN(A1*99))+DECIMAL(BASE(A2*9,2),2)",
}
DRAWN = {name for name in CASES if name in RECORDS and RECORDS[name].random}
"""Each copy draws its own numbers."""
AGREEING = {name: text for name, text in CASES.items() if name not in DRAWN}
FORMULAS = AGREEING | WITHOUT | COUNTING | {f"{k} in part": v for k, v in WITHOUT_IN_PART.items()}
COPIES = {
    (row, column): f"{letter}{row + 20}" for row in range(2) for column, letter in enumerate("AB")
}
APART = ("A30", "D32", "B34", "E36")
"""Where the same formulas stand alone."""


def filled(formula: str, row: int, column: int) -> str:
    """The formula as it reads where it was copied so many rows down and columns to the right."""
    letters = "ABCDEFGHIJ"
    result, i = "", 0
    while i < len(formula):
        token = formula[i]
        number = formula[i + 1 : i + 2]
        stands_alone = i == 0 or not (formula[i - 1].isalnum() or formula[i - 1] in '."')
        if stands_alone and token in letters and number.isdigit():
            result += f"{letters[letters.index(token) + column]}{int(number) + row}"
            i += 2
        else:
            result += token
            i += 1
    return result


def cells() -> dict[str, Scalar]:
    random = np.random.default_rng(3)
    values = np.round(random.uniform(0.1, 4.9, (8, 8)), 1)
    found: dict[str, Scalar] = {
        f"{letter}{row + 1}": float(values[row, column])
        for row in range(8)
        for column, letter in enumerate("ABCDEFGH")
    }
    return found | {"B3": None, "C2": "text", "B5": True, "B2": found["A2"]}


def results(formulas: dict[str, str]) -> list[Scalar]:
    """The values of plain formulas {address: text}, in order."""
    book = workbook({**cells(), **formulas})
    done = recalculate(build_plan(book))
    assert not done.unsupported, done.unsupported
    values: dict[tuple[int, int], Scalar] = {}
    for family, block in done.results:
        places = list(family.rect.cells())
        values |= dict(zip(places, Context(book.texts).values(block), strict=True))
    return [values[parse_cell(address)] for address in formulas]


@pytest.mark.parametrize("name", FORMULAS)
def test_copies_agree_with_single_formulas(name: str) -> None:
    texts = ["=" + filled(FORMULAS[name], row, column) for row, column in COPIES]
    alone = dict(zip(APART, texts, strict=True))
    found = results({**dict(zip(COPIES.values(), texts, strict=True)), **alone})
    for text, copy, single in zip(texts, found[: len(texts)], found[len(texts) :], strict=True):
        expected = pytest.approx(single, rel=1e-12) if isinstance(single, float) else single
        assert copy == expected, text
