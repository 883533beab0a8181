"""Dates and times as serial numbers."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

FUNCTIONS: dict[str, Function] = {}
