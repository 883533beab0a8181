"""The operations of a pass: those of the scalar machine, and a few of its own.

Codes below `BINARY` take one operand, those below `MANY` two, the others any number of areas.
"""

from __future__ import annotations

from collections.abc import Mapping

from xlcollab.kernels.scalar import ops

BINARY, MANY = ops.BINARY, ops.MANY

IS_NUMBER, TO_NUMBER = 20, 21
ROUND, ROUND_UP, ROUND_DOWN, RESCUE = 50, 51, 52, 53
"""RESCUE is IFERROR: the first operand, or the second where that is an error."""
SUM_OF_PRODUCTS = 80
"""Above the codes of `ops`, which it stands beside."""
GROWING = 90
"""From here on the one operand is an area that grows from step to step."""
GROWING_SUM, GROWING_CLOSING_SUM, GROWING_COUNT, GROWING_MAX, GROWING_MIN = 90, 91, 92, 93, 94

OF_VALUES: Mapping[str, tuple[int, int]] = {
    **{name: (code, 1 if code < BINARY else 2) for name, code in ops.OF_VALUES.items()},
    "ISNUMBER": (IS_NUMBER, 1),
    "N": (TO_NUMBER, 1),
    "ROUND": (ROUND, 2),
    "ROUNDUP": (ROUND_UP, 2),
    "ROUNDDOWN": (ROUND_DOWN, 2),
}
"""Function → (code, how many values it takes)."""
AGGREGATES: Mapping[str, int] = {
    **ops.OF_NUMBERS,
    **ops.OF_TRUTHS,
    "COUNT": ops.COUNT,
}
GROWN: Mapping[int, int] = {
    ops.CLOSING_SUM: GROWING_SUM,
    ops.SUM: GROWING_SUM,
    ops.COUNT: GROWING_COUNT,
    ops.HIGHEST: GROWING_MAX,
    ops.LOWEST: GROWING_MIN,
}
"""What an aggregate does with an area that grows."""

STEPS = frozenset(
    {ops.SIGN, ops.INT, ops.NOT, ops.IS_ERROR, IS_NUMBER, ROUND, ROUND_UP, ROUND_DOWN}
    | ops.COMPARISONS
    | {ops.ALL, ops.ANY, ops.MOD}
)
"""Piecewise constant, or with jumps."""
KINKS = frozenset({ops.ABS, ops.HIGHEST, ops.LOWEST, GROWING_MAX, GROWING_MIN})
COUNTS = frozenset({ops.COUNT, GROWING_COUNT})
SUMS = frozenset(
    {
        *(ops.ADD, ops.SUBTRACT, ops.CLOSING_ADD, ops.CLOSING_SUBTRACT, ops.NEGATE, ops.COPY),
        *(ops.SUM, ops.CLOSING_SUM, GROWING_SUM, GROWING_CLOSING_SUM, TO_NUMBER),
    }
)
"""Affine in all their operands together."""
