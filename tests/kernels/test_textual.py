"""Texts and number formats."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels.engine import RefusedError, spilled, value
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.text.number_format import format_value
from xlcollab.kernels.text.texts import folded, number_from_text
from xlcollab.kernels.text.wildcards import matches_wildcard

VALUE, NA = ErrorCode.VALUE, ErrorCode.NA


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=LEFT("abc",0)', ""),
        ("=LEFT(12345,2)", "12"),
        ('=MID("abc",5,2)', ""),
        ('=RIGHT("abc",0)', ""),
        ('=PROPER("o\'neil mc-donald 2nd")', "O'Neil Mc-Donald 2Nd"),
        ('=CODE("€")', 128.0),
        ("=CHAR(128)", "€"),
        ('=SEARCH("~?","ab?c")', 3.0),
        ('=FIND("","abc")', 1.0),
        ('=FIND("a","abc",9)', VALUE),
        ('=SUBSTITUTE("aaa","a","b",2)', "aba"),
        ('=SUBSTITUTE("aaa","","b")', "aaa"),
        ('=SUBSTITUTE("aaa","a","b",0)', VALUE),
        ('=REPT("ab",40000)', VALUE),
        ('=TEXTJOIN({"-","+"},TRUE,1,2,3,4)', "1-2+3-4"),
        ("=CONCAT(A1:B2)", "12TRUEx"),
        ('=EXACT("a","A")', False),
        ("=FIXED(2.675,2)", "2.68"),
        ("=FIXED(-1234.567,1,TRUE)", "-1234.6"),
        ("=DOLLAR(-1234.567)", "($1,234.57)"),
        ('=NUMBERVALUE("1 234,5%",",")', 12.345),
        ('=TEXTBEFORE("a.b.c",".",-1)', "a.b"),
        ('=TEXTAFTER("aXbxc","x",2,1)', "c"),
        ('=TEXTAFTER("abc","",1)', "abc"),
        ('=TEXTBEFORE("abc","x",,,1)', "abc"),
        ('=VALUE("(1,234.5)")', -1234.5),
        ('=VALUE("12,34")', VALUE),
        ("=VALUE(TRUE)", VALUE),
        ('=HYPERLINK("http://a","b")', "b"),
        ('=LEN("a"&CHAR(10)&"b")', 3.0),
        ('=CLEAN("a"&CHAR(10)&"b")', "ab"),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    cells: dict[str, Scalar] = {"A1": 1.0, "B1": 2.0, "A2": True, "B2": "x"}
    assert value(formula, cells) == expected


def test_a_text_function_of_an_array_spills() -> None:
    assert spilled('=UPPER({"a","b"})&{1;2}', {}, "A1:B2") == [["A1", "B1"], ["A2", "B2"]]


@pytest.mark.parametrize(
    ("number", "pattern", "expected"),
    [
        (1234.567, "General", "1234.567"),
        (-3.0, "General", "-3"),
        (1234.567, "#,##0.0", "1,234.6"),
        (0.0, "#", ""),
        (0.5, "#.##", ".5"),
        (5.0, "?0.0?", " 5.0 "),
        (1234567.0, "0,,", "1"),
        (1234567.0, '#,##0.0,"k"', "1,234.6k"),
        (123456789.0, "000-00-0000", "123-45-6789"),
        (-0.001, "0.00", "0.00"),
        (2.675, "0.00", "2.68"),
        (0.125, "0.0%", "12.5%"),
        (12345.0, "##0.0E+0", "12.3E+3"),
        (0.00012, "0.0E-00", "1.2E-04"),
        (9.99, "0.0E+00", "1.0E+01"),
        (-5.0, "0;(0)", "(5)"),
        (-5.0, "[Red]-0.0", "--5.0"),
        (0.0, "0;-0;nil", None),
        (0.0, '0;-0;"nil"', "nil"),
        (7.0, "[<5]0;[>=5]00", "07"),
        (1.0, "$#,##0.00", "$1.00"),
        (45366.75, "ddd d mmm yy, h AM/PM", "Fri 15 Mar 24, 6 PM"),
        (45366.0, "mmmmm dddd", "M Friday"),
        (0.123456, "mm:ss.00", "57:46.60"),
        (1.25, "[h]:mm:ss", "30:00:00"),
        (0.9999999, "h:mm:ss", "0:00:00"),
        (-1.0, "yyyy", VALUE),
        (1.5, "# ?/?", "1 1/2"),
        (12345.5, "#,##0 ?/?", "12,345 1/2"),
        (1.5, "0.0 ?/?", None),
        (1.0, "ggge", None),
    ],
)
def test_number_formats(number: float, pattern: str, expected: str | ErrorCode | None) -> None:
    formula = f'=TEXT({number!r},"{pattern.replace(chr(34), chr(34) * 2)}")'
    if expected is None:
        with pytest.raises(RefusedError, match="not supported"):
            value(formula)
    else:
        assert value(formula) == expected


@given(number=st.floats(-1e8, 1e8), decimals=st.integers(0, 6))  # within 15 digits
def test_fixed_formats_round_like_decimals(number: float, decimals: int) -> None:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    shown = format_value(number, pattern)
    assert shown is not None
    expected = Decimal(repr(number)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert shown == f"{expected + 0:,f}"


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_numbers_in_texts_are_read_back(whole: int, decimals: int) -> None:
    number = whole / 10**decimals
    assert number_from_text(f" {number:,.{decimals}f} ") == number
    assert number_from_text(f"{number:.{decimals}f}%") == number / 100
    assert number_from_text(f"${abs(number):,.{decimals}f}") == abs(number)


@pytest.mark.parametrize(
    "text", ["", " ", "1,23", "1.2.3", "--1", "abc", "1e", "12 Oak", "+-3", "%"]
)
def test_texts_that_are_no_numbers(text: str) -> None:
    assert number_from_text(text) is None


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a*c", "ABBC", True),
        ("a?c", "abbc", False),
        ("~*", "*", True),
        ("~~", "~", True),
        ("a.c", "abc", False),
        ("*", "", True),
        ("?", "", False),
        ("a~b", "a~b", False),
        ("a~b", "ab", True),
        ("ab~", "ab", True),
        ("x*\n*", "x1\n2", True),
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert matches_wildcard(pattern, text) is fits


def test_case_width_and_kana_do_not_count() -> None:
    assert folded("ＡbC　ｱ") == folded("aBc ア") == folded("ABC あ")
    assert folded("é") != folded("e")


@pytest.mark.parametrize("pattern", ["?/88888888888", "# ?/99", "0/2", "??/??"])
def test_a_fraction_of_the_largest_numbers(pattern: str) -> None:
    """Met by the fuzzer: numerators beyond what a float holds."""
    for number in (1e300, 1.7976931348623157e308):
        shown = format_value(number, pattern)
        parts = shown.split("/")[0].split()
        assert parts[0].isdigit()
        assert len(parts[0]) > 300
