"""Formula texts and the trees they stand for, as typed in cell E5."""

from __future__ import annotations

import pytest

from xlcollab.formula import (
    ArrayLiteral,
    Axis,
    Binary,
    BinaryOperator,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Structured,
    Text,
    Unary,
    UnaryOperator,
    functions,
    parse,
    references,
    to_text,
    walk,
)
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

ROW, COLUMN = 4, 4


def rel(value: int) -> Axis:
    return Axis(value, False)


def fix(value: int) -> Axis:
    return Axis(value, True)


def cell(row: Axis, column: Axis, sheet: str | None = None, **more: str) -> Reference:
    return Reference(row, column, row, column, sheet, **more)


def op(left: Node, operator: BinaryOperator, right: Node) -> Binary:
    return Binary(operator, left, right)


def un(operator: UnaryOperator, operand: Node) -> Unary:
    return Unary(operator, operand)


def call(name: str, *arguments: Node) -> Call:
    return Call(name, arguments)


def num(value: float) -> Number:
    return Number(value)


A1, B2, C3 = (cell(rel(index - ROW), rel(index - COLUMN)) for index in range(3))
B5 = cell(rel(0), rel(-3))
A1_B2 = Reference(rel(-4), rel(-4), rel(-3), rel(-3))
B2_C3 = Reference(rel(-3), rel(-3), rel(-2), rel(-2))
X, Y = Name("x"), Name("y")
LAST_ROW, LAST_COLUMN = fix(MAX_ROWS - 1), fix(MAX_COLUMNS - 1)

LITERALS: dict[str, Node] = {
    "1": num(1),
    "=1": num(1),
    " 1 ": num(1),
    "1.5": num(1.5),
    "1.": num(1),
    ".5": num(0.5),
    "1E+5": num(1e5),
    "2.5e-3": num(0.0025),
    '"a"': Text("a"),
    '""': Text(""),
    '"say ""hi"""': Text('say "hi"'),
    '"A1+(B2"': Text("A1+(B2"),
    "TRUE": Boolean(True),
    "false": Boolean(False),
    "#DIV/0!": ErrorValue("#DIV/0!"),
    "#N/A": ErrorValue("#N/A"),
    "#NAME?": ErrorValue("#NAME?"),
    "#REF!": ErrorValue("#REF!"),
    "Sheet1!#REF!": ErrorValue("#REF!"),
    "#REF!$A$1:$B$2": ErrorValue("#REF!"),
    "{1,2;3,-4}": ArrayLiteral(((num(1), num(2)), (num(3), num(-4)))),
    '{"a",TRUE,#N/A}': ArrayLiteral(((Text("a"), Boolean(True), ErrorValue("#N/A")),)),
}

ADDRESSES: dict[str, Node] = {
    "A1": A1,
    "a1": A1,
    "$A1": cell(rel(-4), fix(0)),
    "A$1": cell(fix(0), rel(-4)),
    "$A$1": cell(fix(0), fix(0)),
    "XFD1048576": cell(rel(MAX_ROWS - 1 - ROW), rel(MAX_COLUMNS - 1 - COLUMN)),
    "A1:B2": A1_B2,
    "B2:A1": A1_B2,
    "A2:B1": A1_B2,
    "A1 : B2": A1_B2,
    "$B$9:$A$1": Reference(fix(0), fix(0), fix(8), fix(1)),
    "A$5:A9": Reference(fix(4), rel(-4), rel(4), rel(-4)),
    "A$5:A1": Reference(fix(4), rel(-4), rel(-4), rel(-4)),
    "A:A": Reference(fix(0), rel(-4), LAST_ROW, rel(-4)),
    "$C:B": Reference(fix(0), fix(2), LAST_ROW, rel(-3)),
    "3:$1": Reference(rel(-2), fix(0), fix(0), LAST_COLUMN),
    "Sheet1!A1": cell(rel(-4), rel(-4), "Sheet1"),
    "TRUE!A1": cell(rel(-4), rel(-4), "TRUE"),
    "'it''s'!A1": cell(rel(-4), rel(-4), "it's"),
    "'A1'!A1": cell(rel(-4), rel(-4), "A1"),
    "Sheet1:Sheet3!A1": cell(rel(-4), rel(-4), "Sheet1", last_sheet="Sheet3"),
    "'a b:c'!A1": cell(rel(-4), rel(-4), "a b", last_sheet="c"),
    "[1]Sheet1!A1": cell(rel(-4), rel(-4), "Sheet1", book="[1]"),
    "'C:\\my dir\\[b.xlsx]S'!A1": cell(rel(-4), rel(-4), "S", book="C:\\my dir\\[b.xlsx]"),
}

NAMES: dict[str, Node] = {
    "rate": Name("rate"),
    "tax_2020": Name("tax_2020"),
    "a.b": Name("a.b"),
    "A1.x": Name("A1.x"),
    "_A1": Name("_A1"),
    "\\x": Name("\\x"),
    "año?": Name("año?"),
    "XFE1": Name("XFE1"),
    "A1048577": Name("A1048577"),
    "R1C1": Name("R1C1"),
    "Sheet1!rate": Name("rate", "Sheet1"),
    "[1]!rate": Name("rate", None, "[1]"),
    "[1]Sheet1!rate": Name("rate", "Sheet1", "[1]"),
    "Table1[]": Structured("Table1"),
    "Table1[a b]": Structured("Table1", (), "a b"),
    "Table1[#All]": Structured("Table1", ("all",)),
    "Table1[@]": Structured("Table1", ("this row",)),
    "Table1[@col]": Structured("Table1", ("this row",), "col"),
    "[@x]": Structured("", ("this row",), "x"),
    "[@[a b]:[c]]": Structured("", ("this row",), "a b", "c"),
    "Table1[[a]:[b]]": Structured("Table1", (), "a", "b"),
    "Table1[[#This Row],[a b]:[c]]": Structured("Table1", ("this row",), "a b", "c"),
    "T[[#Headers], [#Data], [x]]": Structured("T", ("headers", "data"), "x"),
    "T['[a'#1']]": Structured("T", (), "[a#1]"),
}

OPERATORS: dict[str, Node] = {
    "-2^2": op(un("-", num(2)), "^", num(2)),
    "2^3^2": op(op(num(2), "^", num(3)), "^", num(2)),
    "2^-2": op(num(2), "^", un("-", num(2))),
    "2^-2^2": op(op(num(2), "^", un("-", num(2))), "^", num(2)),
    "-2%": un("%", un("-", num(2))),
    "2%%": un("%", un("%", num(2))),
    "2^3%": op(num(2), "^", un("%", num(3))),
    "--1": un("-", un("-", num(1))),
    "1--1": op(num(1), "-", un("-", num(1))),
    "+1": un("+", num(1)),
    "1-2-3": op(op(num(1), "-", num(2)), "-", num(3)),
    "1-(2-3)": op(num(1), "-", op(num(2), "-", num(3))),
    "1+2*3": op(num(1), "+", op(num(2), "*", num(3))),
    "1*2+3": op(op(num(1), "*", num(2)), "+", num(3)),
    "8/4/2": op(op(num(8), "/", num(4)), "/", num(2)),
    "2*3^2": op(num(2), "*", op(num(3), "^", num(2))),
    "1&2+3": op(num(1), "&", op(num(2), "+", num(3))),
    "1&2=3": op(op(num(1), "&", num(2)), "=", num(3)),
    "1<2=TRUE": op(op(num(1), "<", num(2)), "=", Boolean(True)),
    "1<>2": op(num(1), "<>", num(2)),
    "1<=-2": op(num(1), "<=", un("-", num(2))),
    "A1:B2 B2:C3": op(A1_B2, " ", B2_C3),
    "A1 +B2": op(A1, "+", B2),
    "A1 -B2": op(A1, "-", B2),
    "(A1,B2)": op(A1, ",", B2),
    "A1,B2": op(A1, ",", B2),
    "(A1,B2 C3)": op(A1, ",", op(B2, " ", C3)),
    "-A1 B2": un("-", op(A1, " ", B2)),
    "x y": op(X, " ", Y),
    "(x):y": op(X, ":", Y),
    "A1:(B2)": op(A1, ":", B2),
    "A1:B2:C3": op(A1_B2, ":", C3),
    "Sheet1!A1:Sheet1!A1": op(
        cell(rel(-4), rel(-4), "Sheet1"), ":", cell(rel(-4), rel(-4), "Sheet1")
    ),
    "@A1:B2": un("@", A1_B2),
    "A1#": un("#", A1),
    "-A1#%": un("%", un("-", un("#", A1))),
}

CALLS: dict[str, Node] = {
    "PI()": call("PI"),
    "sum(A1)": call("SUM", A1),
    "LOG10(A1)": call("LOG10", A1),
    "LOG10+1": op(cell(rel(5), rel(8504)), "+", num(1)),
    "NORM.S.DIST(1,TRUE)": call("NORM.S.DIST", num(1), Boolean(True)),
    "_xlfn.NORM.S.DIST(1)": call("NORM.S.DIST", num(1)),
    "_xlfn._xlws.SORT(A1)": call("SORT", A1),
    "_xlws.SORT(A1)": call("SORT", A1),
    "[1]!mine(A1)": call("MINE", A1),
    "IF(A1,,2)": call("IF", A1, Missing(), num(2)),
    "IF(A1,)": call("IF", A1, Missing()),
    "SUM( A1 , B2 )": call("SUM", A1, B2),
    "SUM((A1,B2),C3)": call("SUM", op(A1, ",", B2), C3),
    "SUM(A1:B2 B2:C3)": call("SUM", op(A1_B2, " ", B2_C3)),
    "INDEX(A1:B2,1):B5": op(call("INDEX", A1_B2, num(1)), ":", B5),
    "A1:INDEX(B2,1)": op(A1, ":", call("INDEX", B2, num(1))),
    "OFFSET(A1,1,2):A1": op(call("OFFSET", A1, num(1), num(2)), ":", A1),
    "_xlfn.SINGLE(A1)": un("@", A1),
    "_xlfn.ANCHORARRAY(A1)": un("#", A1),
    "_xlfn.LET(_xlpm.x,1,_xlpm.x+1)": call("LET", X, num(1), op(X, "+", num(1))),
    "_xlfn.LAMBDA(_xlpm.x,_xlpm.x)": call("LAMBDA", X, X),
    'IF(E5="",0,MMULT($B5,E$1))': call(
        "IF",
        op(cell(rel(0), rel(0)), "=", Text("")),
        num(0),
        call("MMULT", cell(rel(0), fix(1)), cell(fix(0), rel(0))),
    ),
}

FORMULAS = {**LITERALS, **ADDRESSES, **NAMES, **OPERATORS, **CALLS}


@pytest.mark.parametrize(("text", "expected"), FORMULAS.items(), ids=list(FORMULAS))
def test_a_formula_has_the_tree_excel_gives_it(text: str, expected: Node) -> None:
    assert parse(text, ROW, COLUMN) == expected


@pytest.mark.parametrize("text", list(FORMULAS))
def test_a_printed_formula_parses_to_the_same_tree(text: str) -> None:
    node = parse(text, ROW, COLUMN)
    assert parse(to_text(node, ROW, COLUMN), ROW, COLUMN) == node


@pytest.mark.parametrize(
    "text",
    [
        "1-(2-3)",
        "(1+2)*3",
        "-(1+2)",
        "-(2^2)",
        "2^(3^2)",
        "-2%^2",
        "-(2%)",
        "SUM((A1,B2),C3)",
        "A1:B2:C3",
        "A1:INDEX(B2,1):C3",
        "INDEX(A1,1):B5",
        "x:(y)",
        "foo:B5",
        "@(A1+B2)",
        "'a b'!A1+Sheet1!$B$2",
        'IF(A1="",0,MMULT($B5,E$1))',
        "0.1+1E+22+12345678901234",
    ],
)
def test_no_needless_parenthesis_is_printed(text: str) -> None:
    assert to_text(parse(text, ROW, COLUMN), ROW, COLUMN) == text


def test_a_reference_off_the_sheet_prints_as_an_error() -> None:
    node = parse("A1+Sheet1!B2", 4, 4)
    assert to_text(node, 2, 2) == "#REF!+Sheet1!#REF!"


def test_chains_of_thousands_of_terms_parse_and_print() -> None:
    text = "+".join(f"A{row}" for row in range(1, 5001))
    node = parse(text, 0, 0)
    assert sum(1 for _ in walk(node)) == 9999
    assert to_text(node, 0, 0) == text


def test_sixty_four_levels_of_calls_parse() -> None:
    text = "IF(1=2*(1-" * 64 + "1" + "))" * 64
    assert to_text(parse(text, 0, 0), 0, 0) == text


def test_what_a_formula_mentions() -> None:
    node = parse("SUM(A1:B2,IF(x,C3))+Table1[a]*B5", ROW, COLUMN)
    assert references(node) == [A1_B2, C3, B5]
    assert functions(node) == {"SUM", "IF"}
