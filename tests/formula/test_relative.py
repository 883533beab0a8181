"""Equal keys stand for equal nodes."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula import Node, parse, relative_key, relative_keys

UNTOUCHED = [
    '"A1"',
    '"it ""is"" A1"&""',
    "'A1'!rate",
    "'it''s A1'!rate",
    "Q1!rate",
    "LOG10(1)",
    "ATAN2(1,2)",
    "tax_2020",
    "taxes2020",
    "_A1",
    "A1.x",
    "A1?",
    "\\A1",
    "año2020",
    "XFE1",
    "A1048577",
    "A01",
    "R1C1",
    "1E5",
    "1.5E3+.5E3",
    "Table1[A1]",
    "Table1[[#This Row],[A1]:[B'[2]]",
    "[@A1]",
    "Jan:Mar!rate",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_no_reference_stays(text: str) -> None:
    assert relative_key(text, 3, 3) == text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A1", "R[-1]C[-2]"),
        ("$A1", "R[-1]C$0"),
        ("a$1", "R$0C[-2]"),
        ("$A$1", "R$0C$0"),
        ("A1:C$2", "R[-1]C[-2]:R$1C[0]"),
        ("A:$B", "R$0C[-2]:R$1048575C$1"),
        ("$2:3", "R$1C$0:R[1]C$16383"),
        ("A1:B2:C3", "R[-1]C[-2]:R[0]C[-1]:R[1]C[0]"),
        ("A1:INDEX(B2,1):C3", "R[-1]C[-2]:INDEX(R[0]C[-1],1):R[1]C[0]"),
        ("rate:A1", "rate:R[-1]C[-2]"),
        ("Q1!A1:Q1!C3", "Q1!R[-1]C[-2]:Q1!R[1]C[0]"),
        ("Sheet1:Sheet3!A1", "Sheet1:Sheet3!R[-1]C[-2]"),
        ("'A1'!A1&[1]S!A1&\"A1\"", "'A1'!R[-1]C[-2]&[1]S!R[-1]C[-2]&\"A1\""),
        ("'a:b'!A1&\"A1:B2\"", "'a:b'!R[-1]C[-2]&\"A1:B2\""),
        ("A1#+@B2%", "R[-1]C[-2]#+@R[0]C[-1]%"),
        ("TAX2020", "R[2018]C[13567]"),
    ],
)
def test_references_are_respelled_by_offset(text: str, key: str) -> None:
    assert relative_key(text, 1, 2) == key


def test_a_batch_gives_the_keys_one_by_one() -> None:
    texts, rows, columns = ["A1", "B2", "$A$1"], [0, 1, 2], [0, 1, 2]
    assert relative_keys(texts, rows, columns) == ["R[0]C[0]", "R[0]C[0]", "R$0C$0"]


FRAGMENTS = [
    "A1", "B$2", "$C3", "$D$4", "A1:B2", "B$2:B9", "$A:$B", "A:C", "1:3", "$2:3", "LOG10(A1)",
    '"A1"', '"', "'A1'!B2", "'it''s'!A1:B2", "Q1!A1", "Jan:Mar!A1", "Q1:Q3!A1", "[1]S!A1",
    "T[A1]", "T[[#All],[A1]:[B2]]", "[@A1]", "A1.x", "_A1", "\\A1", "XFE1", "A01", "tax_2020",
    "R1C1", "1E5", "1.5", "#REF!", "#N/A", "#REF!A1", "INDEX(A1,1)", "x", "TRUE", "A1?",
    "+", "-", "*", ":", ":", " ", ",", "(", ")", "#", "%", "@", "{1,2}", "!", "$", "'", "[", "]",
]  # fmt: skip
formula_like = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=7).map("".join)
_ANYTHING_LIKE_A_CELL = re.compile(r"(?<![A-Za-z$])([A-P])([1-9]\d?)")


def _moved(text: str, rows: int, columns: int) -> str:
    """Shift all that looks like a relative cell, in texts and names too."""
    return _ANYTHING_LIKE_A_CELL.sub(
        lambda match: chr(ord(match[1]) + columns) + str(int(match[2]) + rows), text
    )


def _parsed(text: str, row: int, column: int) -> Node | None:
    try:
        return parse(text, row, column)
    except FormulaSyntaxError:
        return None


@given(formula_like, st.integers(0, 3), st.integers(0, 3))
def test_keys_are_equal_exactly_where_nodes_are(text: str, rows: int, columns: int) -> None:
    moved = _moved(text, rows, columns)
    here, there = _parsed(text, 5, 5), _parsed(moved, 5 + rows, 5 + columns)
    assume(here is not None and there is not None)
    assume("#REF!" not in text)  # an address after it means nothing, and may differ
    same_key = relative_key(text, 5, 5) == relative_key(moved, 5 + rows, 5 + columns)
    assert same_key == (here == there)


@given(formula_like, st.integers(0, 3), st.integers(0, 3))
def test_equal_keys_of_one_text_in_two_cells_mean_equal_nodes(
    text: str, rows: int, columns: int
) -> None:
    here, there = _parsed(text, 5, 5), _parsed(text, 5 + rows, 5 + columns)
    if relative_key(text, 5, 5) == relative_key(text, 5 + rows, 5 + columns):
        assert here == there


@given(st.lists(formula_like, min_size=1, max_size=3), st.integers(0, 1 << 20))
def test_keys_of_many_cells_are_those_of_each_alone(texts: list[str], seed: int) -> None:
    """Copies beside copies, the same text again, and now and then another formula between."""
    cells = []
    for row in range(4):
        for column in range(4):
            mixed = (seed >> (row * 4 + column)) & 1
            text = texts[(column if mixed else 0) % len(texts)]
            moved = text if (seed >> 16) & 1 and mixed else _moved(text, row, column)
            cells.append((moved, 5 + row, 5 + column))
    alone = [relative_key(*cell) for cell in cells]
    assert relative_keys(*zip(*cells, strict=True)) == alone


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("XFC1+1", [(0, 16380), (0, 16380), (0, 16381), (0, 16382), (0, 16383)]),
        ("A1048575*2", [(9, 0), (9, 0), (10, 0), (11, 0), (12, 0)]),
        ("SUM(A:C)", [(0, 5), (1, 5), (1, 6)]),
        ("SUM(1:3)", [(5, 5), (5, 6), (6, 6)]),
        ("A1:B2:C3", [(5, 5), (5, 6), (6, 6)]),
        ('B1&"{0}%d"&50%', [(0, 0), (0, 0), (1, 1)]),
        ("b1+$c$1", [(0, 0), (0, 0), (1, 0)]),
    ],
)
def test_one_text_in_several_cells(text: str, places: list[tuple[int, int]]) -> None:
    rows, columns = zip(*places, strict=True)
    alone = [relative_key(text, row, column) for row, column in places]
    assert relative_keys([text] * len(places), rows, columns) == alone


def test_what_would_reach_beyond_the_sheet_is_no_copy() -> None:
    texts, columns = ["XFC1", "XFC1", "XFD1", "XFE1", "XFF1"], [0, 0, 1, 2, 3]
    keys = relative_keys(texts, [0] * 5, columns)
    assert keys == [
        relative_key(text, 0, column) for text, column in zip(texts, columns, strict=True)
    ]
    assert keys[3] == "XFE1"
