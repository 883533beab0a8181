"""The elementwise operations of the core program: one number per place, from one to three.

Truths are 0 and 1; `over` is 1 where the first is greater, ½ where both are equal, else 0. `logn`,
`sqrtn`, `expn` and `divn` are the guarded forms of the worksheet: not a number outside their
domain, where the plain ones would be infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.operations import OF_ONE, OF_TWO, Meaning

Numbers = NDArray[np.float64]
SMALLEST_NORMAL = 2.2250738585072014e-308
"""What is smaller, and not 0, a worksheet makes 0."""
LARGEST_EXPONENT = 709.782712893384
"""exp of more is no number."""


@dataclass(frozen=True, slots=True)
class Op:
    """An operation: its code in the machine, and what it means on numpy arrays."""

    code: int
    arity: int
    meaning: Meaning


def _guarded(function: Meaning, domain: Meaning) -> Meaning:
    return lambda x: np.where(domain(x), function(x), np.nan)


def _truth(function: Meaning) -> Meaning:
    return lambda *operands: np.asarray(function(*operands)).astype(float)


def _sign(x: Numbers) -> Numbers:
    return np.where(x > 0, 1.0, np.where(x < 0, -1.0, 0.0))


_UNARY: dict[str, Meaning] = {
    "copy": lambda x: x,
    **OF_ONE,
    "sign": _sign,  # of no number 0: it is a slope there
    "not": _truth(lambda x: x == 0),
    "finite": _truth(np.isfinite),
    "sqrtn": lambda x: np.where(x > 0, np.sqrt(x), np.where(x == 0, 0.0, np.nan)),
    "logn": _guarded(np.log, lambda x: x > 0),
    "expn": _guarded(np.exp, lambda x: x <= LARGEST_EXPONENT),
    "normal": lambda x: np.where((np.abs(x) < SMALLEST_NORMAL) & (x != 0), 0.0, x),
    "lost": _truth(lambda x: ~np.isfinite(x)),
}
_BINARY: dict[str, Meaning] = {
    **OF_TWO,
    "eq": _truth(np.equal),
    "ne": _truth(np.not_equal),
    "lt": _truth(np.less),
    "le": _truth(np.less_equal),
    "over": lambda a, b: np.greater(a, b) + 0.5 * np.equal(a, b),
}


def _choice(mask: Numbers, yes: Numbers, no: Numbers) -> Numbers:
    return np.where(mask != 0, yes, no)


_TERNARY: dict[str, Meaning] = {
    "where": _choice,
}


def _table() -> dict[str, Op]:
    table: dict[str, Op] = {}
    for arity, group in ((1, _UNARY), (2, _BINARY), (3, _TERNARY)):
        for name, meaning in group.items():
            table[name] = Op(len(table), arity, meaning)
    return table


OPS: Mapping[str, Op] = _table()
"""Every elementwise operation by name."""

COMMUTATIVE = frozenset({"add", "mul", "max", "min", "eq", "ne"})
TRUTHS = frozenset({"not", "finite", "lost", "eq", "ne", "lt", "le"})
"""Operations whose results are 0 or 1."""
FLAT = TRUTHS | {"sign", "floor", "ceil", "trunc", "rint", "over"}
"""Operations whose derivative is 0 wherever they have one."""
