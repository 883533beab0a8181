"""Whole-number functions against Python's integers; numerals there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import call, value
from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.notation import from_base, from_roman, in_base, to_roman

SMALL = st.integers(0, 60)
BITS = st.integers(0, 2**48 - 1)


@given(n=SMALL, k=SMALL)
@settings(max_examples=60, deadline=None)
def test_combinations_and_permutations(n: int, k: int) -> None:
    chosen = call("COMBIN", n, k).item()
    repeated = call("COMBINA", n, k).item()
    ordered = call("PERMUT", n, k).item()
    assert math.isnan(chosen) if k > n else chosen == pytest.approx(math.comb(n, k), rel=1e-14)
    if n:
        assert repeated == pytest.approx(math.comb(n + k - 1, k), rel=1e-13)
        assert (
            math.isnan(ordered) if k > n else ordered == pytest.approx(math.perm(n, k), rel=1e-13)
        )
        assert call("PERMUTATIONA", n, k).item() == pytest.approx(float(n) ** k, rel=1e-14)


def test_small_counts_are_whole() -> None:
    n = np.arange(50.0)
    for k in range(20):
        expected = [float(math.comb(int(m), k)) if k <= m else np.nan for m in n]
        np.testing.assert_array_equal(call("COMBIN", n, k).ravel(), expected)


def test_factorials() -> None:
    n = np.arange(171.0)
    expected = [float(math.factorial(int(m))) for m in n]
    np.testing.assert_array_equal(call("FACT", n).ravel(), expected)
    np.testing.assert_array_equal(call("FACTDOUBLE", [6, 7, 0, -1]).ravel(), [48, 105, 1, 1])


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_common_divisor_and_multiple(numbers: list[int]) -> None:
    texts = ",".join(map(str, numbers))
    assert value(f"=GCD({texts})") == math.gcd(*numbers)
    multiple = math.lcm(*numbers)
    assert value(f"=LCM({texts})") == (multiple if multiple < 2**53 else ErrorCode.NUM)


@given(a=BITS, b=BITS, shift=st.integers(-60, 60))
@settings(max_examples=60, deadline=None)
def test_bits(a: int, b: int, shift: int) -> None:
    assert call("BITAND", a, b).item() == a & b
    assert call("BITOR", a, b).item() == a | b
    assert call("BITXOR", a, b).item() == a ^ b
    moved = a << shift if shift >= 0 else a >> -shift
    left, right = call("BITLSHIFT", a, shift).item(), call("BITRSHIFT", a, -shift).item()
    if abs(shift) > 53 or moved >= 2**48:
        assert math.isnan(left)
        assert math.isnan(right)
    else:
        assert left == right == moved


@pytest.mark.parametrize("form", range(5))
def test_every_roman_numeral_reads_back(form: int) -> None:
    for number in range(4000):
        assert from_roman(to_roman(number, form)) == number


def test_later_forms_are_never_longer() -> None:
    for number in range(4000):
        lengths = [len(str(to_roman(number, form))) for form in range(5)]
        assert lengths == sorted(lengths, reverse=True)


@given(number=st.integers(0, 2**53 - 1), base=st.integers(2, 36))
@settings(max_examples=100)
def test_digits_read_back(number: int, base: int) -> None:
    assert from_base(str(in_base(number, base)), base) == number


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("MULTINOMIAL(2,3,4)", 1260.0),
        ('GCD("12",18)', 6.0),
        ("GCD(TRUE,2)", ErrorCode.VALUE),
        ("BITAND(-1,1)", ErrorCode.NUM),
        ("BITOR(1.5,1)", ErrorCode.NUM),
        ("FACT(170.9)", float(math.factorial(170))),
        ('DECIMAL("zap",36)', 45745.0),
        ("ROMAN(0)", ""),
        ("ROMAN(499,TRUE)", "CDXCIX"),
        ("ROMAN(499,FALSE)", "ID"),
        ('ARABIC("-mcm")', -1900.0),
        ("BASE(15.9,2,6)", "001111"),
    ],
)
def test_documented_results(formula: str, expected: object) -> None:
    assert value(f"={formula}") == expected
