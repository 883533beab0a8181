"""What kind of value a cell holds."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

FUNCTIONS: dict[str, Function] = {}
