"""Constrained problems of Hock and Schittkowski (1981) typed as formulas, with published optima."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Variables in A1, A2, …; `lines` are left sides in C1, C2, … with "<=0", ">=0" or "=0"."""

    objective: str
    start: tuple[float, ...]
    optimum: float
    lines: tuple[tuple[str, str], ...]
    bounds: tuple[str, ...] = ()


CASES: Mapping[str, Case] = {
    "HS6": Case("=(1-A1)^2", (-1.2, 1), 0.0, (("=10*(A2-A1^2)", "=0"),)),
    "HS7": Case("=LN(1+A1^2)-A2", (2, 2), -math.sqrt(3), (("=(1+A1^2)^2+A2^2-4", "=0"),)),
    "HS12": Case("=0.5*A1^2+A2^2-A1*A2-7*A1-7*A2", (0, 0), -30.0, (("=25-4*A1^2-A2^2", ">=0"),)),
    "HS14": Case(
        "=(A1-2)^2+(A2-1)^2",
        (2, 2),
        9 - 2.875 * math.sqrt(7),
        (("=0-0.25*A1^2-A2^2+1", ">=0"), ("=A1-2*A2+1", "=0")),
    ),
    "HS26": Case("=(A1-A2)^2+(A2-A3)^4", (-2.6, 2, 2), 0.0, (("=(1+A2^2)*A1+A3^4-3", "=0"),)),
    "HS28": Case(
        "=(A1+A2)^2+(A2+A3)^2", (-4, 1, 1), 0.0, (("=SUMPRODUCT(A1:A3,{1;2;3})-1", "=0"),)
    ),
    "HS35": Case(
        "=9-8*A1-6*A2-4*A3+2*A1^2+2*A2^2+A3^2+2*A1*A2+2*A1*A3",
        (0.5, 0.5, 0.5),
        1 / 9,
        (("=3-A1-A2-2*A3", ">=0"),),
        ("A1:A3>=0",),
    ),
    "HS39": Case("=-A1", (2, 2, 2, 2), -1.0, (("=A2-A1^3-A3^2", "=0"), ("=A1^2-A2-A4^2", "=0"))),
    "HS43": Case(
        "=SUMPRODUCT({1;1;2;1},A1:A4^2)-5*A1-5*A2-21*A3+7*A4",
        (0, 0, 0, 0),
        -44.0,
        (
            ("=8-SUMSQ(A1:A4)-A1+A2-A3+A4", ">=0"),
            ("=10-A1^2-2*A2^2-A3^2-2*A4^2+A1+A4", ">=0"),
            ("=5-2*A1^2-A2^2-A3^2-2*A1+A2+A4", ">=0"),
        ),
    ),
    "HS71": Case(
        "=A1*A4*SUM(A1:A3)+A3",
        (1, 5, 5, 1),
        17.0140173,
        (("=PRODUCT(A1:A4)-25", ">=0"), ("=SUMSQ(A1:A4)-40", "=0")),
        ("A1:A4>=1", "A1:A4<=5"),
    ),
    "HS76": Case(
        "=A1^2+0.5*A2^2+A3^2+0.5*A4^2-A1*A3+A3*A4-A1-3*A2+A3-A4",
        (0.5, 0.5, 0.5, 0.5),
        -4.681818181,
        (
            ("=A1+2*A2+A3+A4-5", "<=0"),
            ("=3*A1+A2+2*A3-A4-4", "<=0"),
            ("=1.5-A2-4*A3", "<=0"),
        ),
        ("A1:A4>=0",),
    ),
    "HS100": Case(
        "=(A1-10)^2+5*(A2-12)^2+A3^4+3*(A4-11)^2+10*A5^6+7*A6^2+A7^4-4*A6*A7-10*A6-8*A7",
        (1, 2, 0, 4, 0, 1, 1),
        680.6300573,
        (
            ("=127-2*A1^2-3*A2^4-A3-4*A4^2-5*A5", ">=0"),
            ("=282-7*A1-3*A2-10*A3^2-A4+A5", ">=0"),
            ("=196-23*A1-A2^2-6*A6^2+8*A7", ">=0"),
            ("=0-4*A1^2-A2^2+3*A1*A2-2*A3^2-5*A6+11*A7", ">=0"),
        ),
    ),
}
