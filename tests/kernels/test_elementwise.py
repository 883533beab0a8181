"""Mathematics value by value, against Python, decimal arithmetic and Excel's documentation."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tests.kernels.engine import call, value
from xlcollab.grid import ErrorCode

CENTS = st.integers(-10_000_000, 10_000_000).map(lambda n: n / 1000)
DIGITS = st.integers(-4, 6)
GRID = np.array([-7.3, -2.0, -0.9, -0.1, 0.2, 0.7, 1.0, 1.9, 12.5])

PYTHON: dict[str, Callable[[float], float]] = {
    "EXP": math.exp,
    "SIN": math.sin,
    "COS": math.cos,
    "TAN": math.tan,
    "ATAN": math.atan,
    "SINH": math.sinh,
    "COSH": math.cosh,
    "TANH": math.tanh,
    "ASINH": math.asinh,
    "ERF": math.erf,
    "ERFC": math.erfc,
    "GAMMA": math.gamma,
    "RADIANS": math.radians,
    "DEGREES": math.degrees,
    "INT": math.floor,
    "TRUNC": math.trunc,
    "SEC": lambda x: 1 / math.cos(x),
    "CSCH": lambda x: 1 / math.sinh(x),
    "COTH": lambda x: 1 / math.tanh(x),
    "ACOT": lambda x: math.pi / 2 - math.atan(x),
    "GAUSS": lambda x: math.erf(x / math.sqrt(2)) / 2,
}
ROUNDINGS = {
    "ROUND": ROUND_HALF_UP,
    "ROUNDUP": ROUND_UP,
    "ROUNDDOWN": ROUND_DOWN,
    "TRUNC": ROUND_DOWN,
}
MULTIPLES = {
    "CEILING.PRECISE": ROUND_CEILING,
    "ISO.CEILING": ROUND_CEILING,
    "FLOOR.PRECISE": ROUND_FLOOR,
}


@pytest.mark.parametrize("name", PYTHON)
def test_as_python_has_it(name: str) -> None:
    grid = GRID[GRID != -2.0] if name == "GAMMA" else GRID
    expected = [PYTHON[name](x) for x in grid]
    np.testing.assert_allclose(call(name, grid).ravel(), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", ROUNDINGS)
@given(number=CENTS, digits=DIGITS)
@settings(max_examples=60, deadline=None)
def test_rounding_is_that_of_the_decimal_text(name: str, number: float, digits: int) -> None:
    step = Decimal(1).scaleb(-digits)
    exact = (Decimal(repr(number)) / step).quantize(Decimal(1), ROUNDINGS[name]) * step
    assert call(name, number, digits).item() == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize("name", MULTIPLES)
@given(number=CENTS, step=st.sampled_from([0.01, 0.1, 0.25, 0.3, 1.0, 7.0]))
@settings(max_examples=60, deadline=None)
def test_multiples_are_those_of_the_decimal_text(name: str, number: float, step: float) -> None:
    unit = Decimal(repr(step))
    exact = (Decimal(repr(number)) / unit).quantize(Decimal(1), MULTIPLES[name]) * unit
    assert call(name, number, step).item() == pytest.approx(float(exact), rel=1e-14, abs=1e-14)


@given(number=st.integers(-(10**6), 10**6), divisor=st.integers(-999, 999).filter(bool))
@settings(max_examples=60, deadline=None)
def test_mod_takes_the_sign_of_the_divisor(number: int, divisor: int) -> None:
    assert call("MOD", number, divisor).item() == number % divisor
    assert call("QUOTIENT", number, divisor).item() == int(number / divisor)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("ROUND(2.675,2)", 2.68),
        ("ROUND(-2.5,0)", -3.0),
        ("ROUND(1250,-2)", 1300.0),
        ("ROUND(1E+20,2)", 1e20),
        ("ROUND(5E-300,305)", 5e-300),
        ("ROUNDUP(3.2,0)", 4.0),
        ("ROUNDDOWN(-31415.92654,-2)", -31400.0),
        ("CEILING(2.5,1)", 3.0),
        ("CEILING(-2.5,-2)", -4.0),
        ("CEILING(-2.5,2)", -2.0),
        ("CEILING(0.234,0.01)", 0.24),
        ("FLOOR(0.6,0.2)", 0.6),
        ("FLOOR(-2.5,-2)", -2.0),
        ("CEILING.MATH(-5.5,2,-1)", -6.0),
        ("CEILING.MATH(-8.1,,1)", -9.0),
        ("FLOOR.MATH(-5.5,2,-1)", -4.0),
        ("MROUND(6.05,0.1)", 6.0),
        ("MROUND(7.05,0.1)", 7.1),
        ("EVEN(-1)", -2.0),
        ("ODD(0)", 1.0),
        ("ATAN2(-1,-1)", -3 * math.pi / 4),
        ("LOG(86,2.7182818)", 4.4543473428883),
        ("SQRTPI(2)", 2.5066282746310002),
        ("SERIESSUM(3,0,2,{1,0,2})", 163.0),
        ("DELTA(5,4)", 0.0),
        ("DELTA(0.5,0.5)", 1.0),
        ("GESTEP(-4,-5)", 1.0),
        ("GESTEP(-1)", 0.0),
        ("ACOTH(-6)", -math.atanh(1 / 6)),
        ("STANDARDIZE(42,40,1.5)", 4 / 3),
        ("GAMMALN(4)", math.log(6)),
        ("PHI(0.75)", 0.301137432154804),
        ("0^2", 0.0),
        ("(-8)^3", -512.0),
        ("(-8)^(1/3)", -2.0),
    ],
)
def test_documented_results(formula: str, expected: float) -> None:
    assert value(f"={formula}") == pytest.approx(expected, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("SQRT(-1)", ErrorCode.NUM),
        ("LN(0)", ErrorCode.NUM),
        ("LOG(10,1)", ErrorCode.DIV0),
        ("ASIN(1.1)", ErrorCode.NUM),
        ("ACOSH(0.9)", ErrorCode.NUM),
        ("ATANH(1)", ErrorCode.NUM),
        ("MOD(3,0)", ErrorCode.DIV0),
        ("QUOTIENT(3,0)", ErrorCode.DIV0),
        ("ATAN2(0,0)", ErrorCode.DIV0),
        ("CSC(0)", ErrorCode.DIV0),
        ("CEILING(2,-1)", ErrorCode.NUM),
        ("FLOOR(2,0)", ErrorCode.DIV0),
        ("MROUND(2,-1)", ErrorCode.NUM),
        ("MROUND(TRUE,1)", ErrorCode.VALUE),
        ("GAMMALN(0)", ErrorCode.NUM),
        ("GAMMA(-1)", ErrorCode.NUM),
        ("STANDARDIZE(1,1,0)", ErrorCode.NUM),
        ("EXP(710)", ErrorCode.NUM),
        ("0^0", ErrorCode.NUM),
        ("0^-1", ErrorCode.DIV0),
        ("(-8)^(2/3)", ErrorCode.NUM),
        ('ROUND("x",1)', ErrorCode.VALUE),
        ("ABS(#N/A)", ErrorCode.NA),
    ],
)
def test_errors(formula: str, code: ErrorCode) -> None:
    assert value(f"={formula}") is code


def test_logarithm_of_gamma() -> None:
    x = np.geomspace(0.01, 1e6, 30)
    np.testing.assert_allclose(
        call("GAMMALN", x).ravel(), special.gammaln(x), rtol=2e-14, atol=1e-14
    )


def test_arrays_spread_over_one_another() -> None:
    found = call("ROUND", np.array([[1.25], [3.75]]), np.array([0, 1]))
    np.testing.assert_array_equal(found, [[1.0, 1.3], [4.0, 3.8]])
