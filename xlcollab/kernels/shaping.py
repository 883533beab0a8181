"""Functions that make arrays of another shape."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

FUNCTIONS: dict[str, Function] = {}
