"""The operations of the scalar machine, and which Excel operators and functions they are.

Codes below `BINARY` take one operand, those below `MANY` two, the others any number. Booleans are
0 and 1, and not-a-number stands for every Excel error.
"""

from __future__ import annotations

from collections.abc import Mapping

BINARY = 32
"""From here on codes take two operands."""
MANY = 64
"""From here on codes take any number of operands."""

COPY, NEGATE, IS_ERROR, NOT = 0, 1, 2, 3
ABS, SIGN, INT, SQRT, EXP, LN, LOG10 = 4, 5, 6, 7, 8, 9, 10
SIN, COS, TAN, ATAN, SINH, COSH, TANH = 11, 12, 13, 14, 15, 16, 17

ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, MOD = 32, 33, 34, 35, 36, 37
EQUAL, UNEQUAL, LESS, AT_MOST, GREATER, AT_LEAST = 38, 39, 40, 41, 42, 43
CLOSING_ADD, CLOSING_SUBTRACT = 44, 45
"""The operator that is worked out last in a formula: what is left of 15 digits is 0."""

SUM, SUM_OF_SQUARES, PRODUCT, LOWEST, HIGHEST, COUNT, ALL, ANY = 64, 65, 66, 67, 68, 69, 70, 71
SELECT = 72
"""Operands: condition, value if it is not 0, value if it is 0."""
GIVEN = 73
"""The first operand, unless one of the others is an error."""
CLOSING_SUM = 74
"""SUM, whose last addition is a closing one."""

OPERATORS: Mapping[str, int] = {
    "+": ADD,
    "-": SUBTRACT,
    "*": MULTIPLY,
    "/": DIVIDE,
    "^": POWER,
    "=": EQUAL,
    "<>": UNEQUAL,
    "<": LESS,
    "<=": AT_MOST,
    ">": GREATER,
    ">=": AT_LEAST,
}
CLOSING: Mapping[str, int] = {"+": CLOSING_ADD, "-": CLOSING_SUBTRACT}
COMPARISONS = frozenset({EQUAL, UNEQUAL, LESS, AT_MOST, GREATER, AT_LEAST})
OF_VALUES: Mapping[str, int] = {
    "ABS": ABS,
    "SIGN": SIGN,
    "INT": INT,
    "SQRT": SQRT,
    "EXP": EXP,
    "LN": LN,
    "LOG10": LOG10,
    "SIN": SIN,
    "COS": COS,
    "TAN": TAN,
    "ATAN": ATAN,
    "SINH": SINH,
    "COSH": COSH,
    "TANH": TANH,
    "NOT": NOT,
    "ISERROR": IS_ERROR,
    "POWER": POWER,
    "MOD": MOD,
}
"""Functions that are one operation on their arguments' values."""
OF_NUMBERS: Mapping[str, int] = {
    "SUM": CLOSING_SUM,
    "SUMSQ": SUM_OF_SQUARES,
    "PRODUCT": PRODUCT,
    "MIN": LOWEST,
    "MAX": HIGHEST,
}
"""Aggregates that are one operation on the numbers they are given; 0 without any."""
OF_TRUTHS: Mapping[str, int] = {"AND": ALL, "OR": ANY}
"""Aggregates that are one operation on the conditions they are given."""
BOOLEAN_CODES = COMPARISONS | {IS_ERROR, NOT, ALL, ANY}
"""Operations whose result is TRUE or FALSE; aggregates over cells leave such results out."""
