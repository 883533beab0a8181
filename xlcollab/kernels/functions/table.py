"""Every function by name. A test asserts that the names are those of `formula.signatures`."""

from __future__ import annotations

from collections.abc import Mapping

from xlcollab.kernels.functions import dates, information, logic, money, textual
from xlcollab.kernels.functions.conditional import conditional
from xlcollab.kernels.functions.lookup import addresses, arranging, lookup, shaping, xlookup
from xlcollab.kernels.functions.maths import (
    elementwise,
    integers,
    multiples,
    notation,
    products,
    random,
)
from xlcollab.kernels.functions.statistics import (
    counts,
    distributions,
    moments,
    ordering,
    pairs,
    reduce,
    regression,
    significance,
    subtotals,
    tails,
)
from xlcollab.kernels.values.tape import Function

_MODULES = (
    addresses,
    arranging,
    conditional,
    counts,
    dates,
    distributions,
    elementwise,
    information,
    integers,
    logic,
    lookup,
    moments,
    money,
    multiples,
    notation,
    ordering,
    pairs,
    products,
    random,
    reduce,
    regression,
    shaping,
    significance,
    subtotals,
    tails,
    textual,
    xlookup,
)


def _merged() -> dict[str, Function]:
    table: dict[str, Function] = {}
    for module in _MODULES:
        functions: Mapping[str, Function] = module.FUNCTIONS
        repeated = table.keys() & functions.keys()
        assert not repeated, f"{module.__name__} defines {sorted(repeated)} a second time"
        table.update(functions)
    return table


FUNCTIONS: dict[str, Function] = _merged()
"""name → (context, *blocks) → block"""
