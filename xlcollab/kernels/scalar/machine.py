"""The loop that runs a scalar program: float64, in the order in which the sheet says it.

A result that is not finite is an error in Excel (#DIV/0!, #NUM!), so it becomes not-a-number at
once: no later step can turn an infinity back into a number. Sums run from left to right.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.digits import closed, compiled, same_digits

_LARGEST = np.finfo(np.float64).max
_SMALLEST = np.finfo(np.float64).tiny


_LARGEST_ANGLE = 2.0**27
"""From here on SIN, COS and TAN are #NUM!."""
_UNTURNED = 0.75
"""Angles below pi / 4 are not turned back."""
_LOST = 5.016557612668332e-20 / 2.0
"""Of an angle for each quarter of a circle that it is turned back; both as in `numbers.libm`."""
_LARGEST_QUOTIENT = 1.1259e12
"""From here on MOD is #NUM!."""


@compiled
def of_one_number(code: int, x: float) -> float:
    if code == ops.IS_ERROR:
        return 1.0 if math.isnan(x) else 0.0
    if math.isnan(x) or code == ops.COPY:
        return x
    if code == ops.NEGATE:
        return -x
    if code == ops.NOT:
        return 1.0 if x == 0.0 else 0.0
    if code == ops.ABS:
        return abs(x)
    if code == ops.SIGN:
        return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
    if code == ops.INT:
        return float(np.floor(x))
    if code == ops.SQRT:
        return math.sqrt(x) if x >= 0.0 else math.nan
    if code == ops.EXP:
        return math.exp(x)
    if code == ops.LN:
        return math.log(x) if x > 0.0 else math.nan
    if code == ops.LOG10:
        return math.log10(x) if x > 0.0 else math.nan
    return _wave(code, x)


@compiled
def _turned(code: int, x: float, lost: float) -> float:
    """SIN, COS and TAN with Excel's pi: away from their zeros what is lost is beyond all digits."""
    if code == ops.SIN:
        return math.sin(x) - math.cos(x) * lost if lost != 0.0 else math.sin(x)
    if code == ops.COS:
        return math.cos(x) + math.sin(x) * lost if lost != 0.0 else math.cos(x)
    tangent = math.tan(x)
    return (tangent - lost) / (1.0 + tangent * lost)


@compiled
def _wave(code: int, x: float) -> float:
    if ops.SIN <= code <= ops.TAN and not abs(x) < _LARGEST_ANGLE:
        return math.nan
    if ops.SIN <= code <= ops.TAN:
        return _turned(code, x, np.rint(x * (2.0 / math.pi)) * _LOST if abs(x) > _UNTURNED else 0.0)
    if code == ops.ATAN:
        return math.atan(x)
    if code == ops.SINH:
        return math.sinh(x)
    if code == ops.COSH:
        return math.cosh(x)
    if code == ops.TANH:
        return math.tanh(x)
    return math.nan


_DIGITS = 15
"""Of 1 / exponent that Excel looks at where the base is negative."""


@compiled
def is_odd_root(y: float) -> bool:
    """Whether 1 / y is an odd whole number in its first 15 digits, y being none."""
    nearest = float(np.rint(1.0 / y))
    size = max(abs(nearest), 1.0)
    unit = 10.0 ** (math.floor(math.log10(size)) - (_DIGITS - 1))
    return abs(1.0 / y - nearest) <= unit / 2.0 and nearest % 2.0 == 1.0


@compiled
def power(x: float, y: float) -> float:
    """x ^ y: of a negative number there are whole powers and odd roots."""
    if x < 0.0 and y != math.floor(y):
        return -((-x) ** y) if is_odd_root(y) else math.nan
    return x**y if x != 0.0 or y > 0.0 else math.nan


@compiled
def of_two_numbers(code: int, x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return math.nan
    if code == ops.ADD:
        return x + y
    if code == ops.SUBTRACT:
        return x - y
    if code == ops.MULTIPLY:
        return x * y
    if code == ops.DIVIDE:
        return x / y if y != 0.0 else math.nan
    if code == ops.POWER:
        return power(x, y)
    if code == ops.MOD:
        return x % y if y != 0.0 and abs(x / y) < _LARGEST_QUOTIENT else math.nan
    if code == ops.CLOSING_ADD:
        return closed(x, y)
    if code == ops.CLOSING_SUBTRACT:
        return closed(x, -y)
    return _compare(code, x, x if same_digits(x, y) else y)


@compiled
def _compare(code: int, x: float, y: float) -> float:
    if code == ops.EQUAL:
        return 1.0 if x == y else 0.0
    if code == ops.UNEQUAL:
        return 1.0 if x != y else 0.0
    if code == ops.LESS:
        return 1.0 if x < y else 0.0
    if code == ops.AT_MOST:
        return 1.0 if x <= y else 0.0
    if code == ops.GREATER:
        return 1.0 if x > y else 0.0
    if code == ops.AT_LEAST:
        return 1.0 if x >= y else 0.0
    return math.nan


@compiled
def _many(code: int, registers: NDArray[np.float64], operands: NDArray[np.int32]) -> float:
    if code == ops.SELECT:
        condition: float = registers[operands[0]]
        if math.isnan(condition):
            return condition
        chosen: float = registers[operands[1 if condition != 0.0 else 2]]
        return chosen
    if code == ops.COUNT:
        return float(np.sum(~np.isnan(registers[operands])))
    for operand in operands:
        if math.isnan(registers[operand]):
            return math.nan
    if code == ops.GIVEN:
        first: float = registers[operands[0]]
        return first
    if code == ops.CLOSING_SUM:
        return _added_up(registers, operands)
    return _folded(code, registers, operands)


@compiled
def _added_up(registers: NDArray[np.float64], operands: NDArray[np.int32]) -> float:
    """The sum from the first to the last; the last that is not 0 closes it."""
    before, last = 0.0, 0.0
    for operand in operands:
        x: float = registers[operand]
        if x != 0.0:
            before += last
            last = x
    return closed(before, last)


@compiled
def _folded(code: int, registers: NDArray[np.float64], operands: NDArray[np.int32]) -> float:
    total = 1.0 if code in (ops.PRODUCT, ops.ALL) else 0.0
    for position in range(len(operands)):
        x: float = registers[operands[position]]
        if code == ops.SUM:
            total += x
        elif code == ops.SUM_OF_SQUARES:
            total += x * x
        elif code == ops.PRODUCT:
            total *= x
        elif code == ops.ALL:
            total = total if x != 0.0 else 0.0
        elif code == ops.ANY:
            total = total if x == 0.0 else 1.0
        elif (
            position == 0
            or (code == ops.LOWEST and x < total)
            or (code == ops.HIGHEST and x > total)
        ):
            total = x
    return total


@compiled
def _stored(value: float) -> float:
    """What a cell can hold: an infinity is an error, what is too small for a number is 0."""
    if not abs(value) <= _LARGEST:
        return math.nan
    return value if abs(value) >= _SMALLEST else 0.0


@compiled
def calculate(
    codes: NDArray[np.int32],
    results: NDArray[np.int32],
    starts: NDArray[np.int32],
    operands: NDArray[np.int32],
    registers: NDArray[np.float64],
) -> None:
    """Run the program once over `registers`, in place.

    Operation i has code `codes[i]`, reads the registers `operands[starts[i]:starts[i + 1]]` and
    writes the register `results[i]`.
    """
    for i in range(len(codes)):
        code, start = codes[i], starts[i]
        if code < ops.BINARY:
            value = of_one_number(code, registers[operands[start]])
        elif code < ops.MANY:
            value = of_two_numbers(code, registers[operands[start]], registers[operands[start + 1]])
        else:
            value = _many(code, registers, operands[start : starts[i + 1]])
        registers[results[i]] = _stored(value)
