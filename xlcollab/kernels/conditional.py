"""Aggregates under criteria: SUMIF, COUNTIFS and their kin."""

from __future__ import annotations

from xlcollab.kernels.tape import Function

SAME_SHAPE = ("SUMIF", "AVERAGEIF")
"""Functions whose third range takes the size of the first."""

FUNCTIONS: dict[str, Function] = {}
