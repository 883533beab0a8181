"""How tightly each operator binds: one table for parser and printer.

Excel's order, from the loosest: comparison, &, + -, * /, ^, %, prefix, union, intersection, range
(ECMA-376 Part 1, 18.17.2.2). Prefix minus binds tighter than ^, so -2^2 is 4, and all infix
operators are left-associative, so 2^3^2 is 64.
"""

from __future__ import annotations

from xlcollab.formula.nodes import BinaryOperator, UnaryOperator

INFIX: dict[str, tuple[BinaryOperator, int]] = {
    "=": ("=", 1),
    "<>": ("<>", 1),
    "<": ("<", 1),
    "<=": ("<=", 1),
    ">": (">", 1),
    ">=": (">=", 1),
    "&": ("&", 2),
    "+": ("+", 3),
    "-": ("-", 3),
    "*": ("*", 4),
    "/": ("/", 4),
    "^": ("^", 5),
    ",": (",", 8),
    " ": (" ", 9),
    ":": (":", 10),
}
PREFIX: dict[str, tuple[UnaryOperator, int]] = {"-": ("-", 7), "+": ("+", 7), "@": ("@", 7)}
POSTFIX: dict[str, tuple[UnaryOperator, int]] = {"%": ("%", 6), "#": ("#", 11)}

LOOSEST = 0
"""Binds less than any operator: where a whole expression is read."""
UNION = INFIX[","][1]
TIGHTEST = 12
"""The power of what is no operator at all: numbers, references, calls, parentheses."""
