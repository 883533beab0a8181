"""Look-ups: MATCH, INDEX, VLOOKUP, XLOOKUP and their kin."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

FUNCTIONS: dict[str, Function] = {}
