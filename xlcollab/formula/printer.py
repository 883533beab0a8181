"""Nodes → A1 formula text with no needless parentheses or spaces.

Iterative, so the longest chain of terms prints.
"""

from __future__ import annotations

from xlcollab.formula.addresses import name_text, reference_text
from xlcollab.formula.lexer import tokenize
from xlcollab.formula.nodes import (
    APPLIED,
    ArrayLiteral,
    Binary,
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
)
from xlcollab.formula.operators import INFIX, LOOSEST, POSTFIX, PREFIX, TIGHTEST, UNION
from xlcollab.formula.structured import structured_text

_NO_LEAF = (Binary, Unary, Call, ArrayLiteral)

_Operand = tuple[Node, int]
"""A node, and how tightly it must bind to stand there without parentheses."""

_ARGUMENT = LOOSEST + 1
"""Where the loosest expression is fine, but a union needs parentheses."""


def to_text(node: Node, row: int, column: int) -> str:
    """The formula as seen from the zero-based cell (`row`, `column`), without a leading "=".

    `parse(to_text(node, row, column), row, column)` gives `node` again, for every node that
    `parse` gave. A reference that would lie outside the sheet is printed as #REF!.
    """
    printed: list[str] = []
    pending: list[str | _Operand] = [(node, LOOSEST)]
    while pending:
        piece = pending.pop()
        if isinstance(piece, str):
            printed.append(piece)
        elif _needs_parentheses(*piece):
            pending += [")", (piece[0], LOOSEST), "("]
        else:
            pending += reversed(_pieces(piece[0], row, column))
    return "".join(printed)


def _needs_parentheses(node: Node, least_power: int) -> bool:
    if isinstance(node, Binary) and node.operator == ",":
        return least_power not in (LOOSEST, UNION)
    return _power(node) < least_power


def _power(node: Node) -> int:
    if isinstance(node, Binary):
        return INFIX[node.operator][1]
    if isinstance(node, Unary):
        return (PREFIX.get(node.operator) or POSTFIX[node.operator])[1]
    return TIGHTEST


def _pieces(node: Node, row: int, column: int) -> list[str | _Operand]:
    if isinstance(node, Binary):
        return _binary_pieces(node, row, column)
    if isinstance(node, Unary):
        return _unary_pieces(node)
    if isinstance(node, Call):
        return _call_pieces(node)
    if isinstance(node, ArrayLiteral):
        rows = (",".join(_leaf_text(item, row, column) for item in line) for line in node.rows)
        return ["{" + ";".join(rows) + "}"]
    return [_leaf_text(node, row, column)]


def _binary_pieces(node: Binary, row: int, column: int) -> list[str | _Operand]:
    """Left-associative: an operand on the right must bind more tightly than the operator."""
    power = INFIX[node.operator][1]
    if _would_be_misread(node, row, column):
        return [(node.left, power), node.operator, "(", (node.right, LOOSEST), ")"]
    return [(node.left, power), node.operator, (node.right, power + 1)]


def _would_be_misread(node: Binary, row: int, column: int) -> bool:
    """Whether the text right of a range or intersection operator needs parentheses all the same.

    `A1:(B2)` without them is one area, `x:(y)` two whole columns; white space is no operator
    before a number or text.
    """
    first = _first_leaf(node.right)
    if node.operator == " ":
        return isinstance(first, Number | Text | Boolean | ArrayLiteral)
    if node.operator != ":" or first is None:
        return False
    last = node.left.right if isinstance(node.left, Binary) else node.left
    if isinstance(last, _NO_LEAF) or isinstance(first, ArrayLiteral):
        return False
    before, after = (_leaf_text(leaf, row, column) for leaf in (last, first))
    return tokenize(f"{before}:{after}")[0].text != before


def _first_leaf(node: Node) -> Node | None:
    """What the text of the right operand of a range or intersection begins with, if no call."""
    while isinstance(node, Unary) and node.operator in POSTFIX:
        node = node.operand
    return None if isinstance(node, Call | Unary | Binary) else node


def _unary_pieces(node: Unary) -> list[str | _Operand]:
    power = _power(node)
    operand = (node.operand, power)
    return [node.operator, operand] if node.operator in PREFIX else [operand, node.operator]


def _call_pieces(node: Call) -> list[str | _Operand]:
    pieces: list[str | _Operand] = [f"{node.name}("]
    arguments = node.arguments
    if node.name == APPLIED:
        pieces, arguments = [(arguments[0], TIGHTEST), "("], arguments[1:]
    for index, argument in enumerate(arguments):
        if index:
            pieces.append(",")
        pieces.append((argument, _ARGUMENT))
    return [*pieces, ")"]


def _leaf_text(node: Node, row: int, column: int) -> str:
    match node:
        case Number(value):
            return _number_text(value)
        case Text(value):
            return '"' + value.replace('"', '""') + '"'
        case Boolean(value):
            return "TRUE" if value else "FALSE"
        case ErrorValue(text):
            return text
        case Reference():
            return reference_text(node, row, column)
        case Name():
            return name_text(node)
        case Structured():
            return structured_text(node)
        case Missing():
            return ""
    raise TypeError(f"{type(node).__name__} is no leaf")


def _number_text(value: float) -> str:
    """The shortest text that reads as the same number: 3, 0.5, 1E+22."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value).upper()
