"""The loop that runs a scalar program: float64, in the order in which the sheet says it.

A result that is not finite is an error in Excel (#DIV/0!, #NUM!), so it becomes not-a-number at
once: no later step can turn an infinity back into a number. Sums run from left to right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from xlcollab.jit import CACHED
from xlcollab.kernels.scalar import ops

_F = TypeVar("_F", bound=Callable[..., object])


def _compiled(function: _F) -> _F:
    """Compiled once per machine; division by zero gives infinities, not exceptions."""
    return cast(_F, njit(cache=CACHED, error_model="numpy")(function))


_LARGEST = np.finfo(np.float64).max


@_compiled
def _unary(code: int, x: float) -> float:
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
        return float(math.floor(x))
    if code == ops.SQRT:
        return math.sqrt(x) if x >= 0.0 else math.nan
    if code == ops.EXP:
        return math.exp(x)
    if code == ops.LN:
        return math.log(x) if x > 0.0 else math.nan
    if code == ops.LOG10:
        return math.log10(x) if x > 0.0 else math.nan
    return _wave(code, x)


@_compiled
def _wave(code: int, x: float) -> float:
    if code == ops.SIN:
        return math.sin(x)
    if code == ops.COS:
        return math.cos(x)
    if code == ops.TAN:
        return math.tan(x)
    if code == ops.ATAN:
        return math.atan(x)
    if code == ops.SINH:
        return math.sinh(x)
    if code == ops.COSH:
        return math.cosh(x)
    if code == ops.TANH:
        return math.tanh(x)
    return math.nan


@_compiled
def _binary(code: int, x: float, y: float) -> float:
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
        return x**y if x != 0.0 or y > 0.0 else math.nan
    if code == ops.MOD:
        return x - y * math.floor(x / y) if y != 0.0 else math.nan
    return _compare(code, x, y)


@_compiled
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


@_compiled
def _many(code: int, registers: NDArray[np.float64], operands: NDArray[np.int32]) -> float:
    if code == ops.SELECT:
        condition: float = registers[operands[0]]
        if math.isnan(condition):
            return condition
        chosen: float = registers[operands[1 if condition != 0.0 else 2]]
        return chosen
    total = 1.0 if code in (ops.PRODUCT, ops.ALL) else 0.0
    for position in range(len(operands)):
        x: float = registers[operands[position]]
        if code == ops.COUNT:
            total += 0.0 if math.isnan(x) else 1.0
        elif math.isnan(x):
            return x
        elif code == ops.SUM:
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


@_compiled
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
            value = _unary(code, registers[operands[start]])
        elif code < ops.MANY:
            value = _binary(code, registers[operands[start]], registers[operands[start + 1]])
        else:
            value = _many(code, registers, operands[start : starts[i + 1]])
        registers[results[i]] = value if abs(value) <= _LARGEST else math.nan
