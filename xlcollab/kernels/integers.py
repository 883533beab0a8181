"""Whole-number mathematics: rounding to multiples, combinatorics, bits, numeral systems."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

FUNCTIONS: dict[str, Function] = {}
