"""What the elementwise operations of formulas mean, by the names that the core program and the
algebra of the engines give them: numpy's and scipy's functions, on numbers and on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Meaning: TypeAlias = Callable[..., NDArray[np.generic]]
"""Arrays of numbers, as many as the operation takes → an array of their shape."""

OF_ONE: Mapping[str, Meaning] = {
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "sq": np.square,
    "inv": lambda x: np.divide(1.0, x),
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
}
OF_TWO: Mapping[str, Meaning] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "divn": lambda a, b: np.where(b == 0, np.nan, np.divide(a, b)),  # as in a worksheet
    "pow": np.power,
    "atan2": np.arctan2,
    "max": np.maximum,
    "min": np.minimum,
    "fmod": np.fmod,
}
