"""The elementwise operations of the core program: one number per place, from one to three.

Truths are 0 and 1. `logn`, `sqrtn`, `expn` and `divn` are the guarded forms of the worksheet: not
a number outside their domain, where the plain ones would be infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Numbers = NDArray[np.float64]
Meaning = Callable[..., NDArray[np.generic]]
"""Arrays of numbers, as many as the operation takes → an array of their shape."""
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
    "neg": np.negative,
    "abs": np.abs,
    "sign": _sign,
    "sq": np.square,
    "inv": lambda x: 1.0 / x,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "rint": np.rint,
    "sigmoid": special.expit,
    "erf": special.erf,
    "erfc": special.erfc,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
    "not": _truth(lambda x: x == 0),
    "finite": _truth(np.isfinite),
    "sqrtn": lambda x: np.where(x > 0, np.sqrt(x), np.where(x == 0, 0.0, np.nan)),
    "logn": _guarded(np.log, lambda x: x > 0),
    "expn": _guarded(np.exp, lambda x: x <= LARGEST_EXPONENT),
}
_BINARY: dict[str, Meaning] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "divn": lambda a, b: np.where(b == 0, np.nan, a / b),
    "pow": np.power,
    "atan2": np.arctan2,
    "max": np.maximum,
    "min": np.minimum,
    "fmod": np.fmod,
    "eq": _truth(np.equal),
    "ne": _truth(np.not_equal),
    "lt": _truth(np.less),
    "le": _truth(np.less_equal),
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
TRUTHS = frozenset({"not", "finite", "eq", "ne", "lt", "le"})
"""Operations whose results are 0 or 1."""
FLAT = TRUTHS | {"sign", "floor", "ceil", "trunc", "rint"}
"""Operations whose derivative is 0 wherever they have one."""
