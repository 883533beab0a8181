"""A broken formula is shown with a caret below the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula import parse, to_text

BROKEN = {
    "": (0, "a value"),
    "1+": (2, "a value"),
    "a+*b": (2, "a value"),
    "SUM(A1+)": (7, "a value"),
    "SUM(A1": (6, "closing parenthesis"),
    "(A1+B2": (6, "closing parenthesis"),
    "A1)": (2, "an operator or the end"),
    "A1 2": (3, "an operator or the end"),
    "1 A1": (2, "an operator or the end"),
    "=1=": (3, "a value"),
    '"abc': (0, "ends in a quotation mark"),
    "1+'x'A1": (2, "a sheet name that ends in '!"),
    "1+T[a": (2, "a number, a name, a reference or an operator"),
    "[a": (0, "a reference that ends in ]"),
    "T[[a],[b]]": (0, "a structured reference"),
    "T[#Some]": (0, "a structured reference"),
    "{1,A1}": (3, "a number, text, TRUE, FALSE or error"),
    "{-TRUE}": (2, "a number"),
    "{1,2;3}": (6, "rows of equal length"),
    "{1 2}": (3, "a comma, a semicolon or a closing brace"),
    "1E400": (0, "a number below 1E308"),
    "12x": (0, "a number, a name"),
    "_xlfn.SINGLE(1,2)": (0, "one argument of SINGLE"),
    "A1;B1": (2, "an operator or the end"),
    "(" * 200 + "1" + ")" * 200: (128, "at most 128 levels"),
}


@pytest.mark.parametrize("text", list(BROKEN))
def test_the_caret_stands_below_what_was_not_expected(text: str) -> None:
    position, expected = BROKEN[text]
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(text, 0, 0)
    first, shown, caret = str(caught.value).split("\n")
    assert f"expected {expected}" in first or expected in first
    assert f"at character {position + 1} of" in first
    place = caret.index("^")
    assert caret.strip() == "^"
    rest = text[position:]
    assert shown[place:] == (rest if len(rest) <= 30 else f"{rest[:29]}…")
    before = text[:position]
    assert shown[2:place] == (before if position <= 60 else f"…{before[-59:]}")


def test_the_message_names_what_was_found() -> None:
    with pytest.raises(FormulaSyntaxError, match="found 'B12'"):
        parse("1 B12", 0, 0)
    with pytest.raises(FormulaSyntaxError, match="found the end"):
        parse("1+", 0, 0)


def test_a_long_formula_is_shown_around_the_place() -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse("A1+" * 1000 + "*\n" + "+A1" * 1000, 0, 0)
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) < 100
    assert shown[caret.index("^")] == "*"


@given(st.text(max_size=30) | st.text("A1$:!'\"[]{}(),;#@%^&=<>+-*/. x\\_?RC", max_size=30))
def test_any_text_parses_or_is_a_syntax_error(text: str) -> None:
    try:
        node = parse(text, 9, 9)
    except FormulaSyntaxError:
        return
    assert parse(to_text(node, 9, 9), 9, 9) == node


@pytest.mark.parametrize("sheets", [":a", "a:", ":", "a:b:c", "[1]:a"])
def test_names_of_no_sheet_are_read_back(sheets: str) -> None:
    node = parse(f"'{sheets}'!A1", 0, 0)
    assert parse(to_text(node, 0, 0), 0, 0) == node
