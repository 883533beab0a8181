"""A program as the machine holds it: one array of whole numbers and one of floats.

Two arrays cost less to hand over than a dozen. The whole numbers begin with a head that says where
the tables lie behind it; the floats are the arena: buffers, a tile of scratch space for each
register, and what is to be filled in and expected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.encode import CODE_WIDTH, MICRO_WIDTH, Encoded
from xlcollab.kernels.program.machine.compiled import exact

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

TILE = 512
"""Numbers of a tile: a dozen registers of them fit into the nearest cache."""

(
    VARIABLES,
    VALUE,
    GRADIENT,
    SCRATCH,
    CODE,
    MICRO,
    PLACES,
    CLEARED,
    AT,
    GUARDS,
    END,
    FILLS,
    EXPECTED,
    HEAD,
) = range(14)
"""The head: how many variables, where value, gradient and scratch space lie in the arena, where
each table begins among the whole numbers and where the last ends, and two places in the arena."""


def packed(
    encoded: Encoded, places: tuple[int, int, int], guards: Whole, expected: Numbers
) -> tuple[Whole, Numbers]:
    """The two arrays, of shapes (k,) and (n,); `places` are the head's first three, guards must
    hold `expected`."""
    tables = [
        encoded.code.ravel(),
        encoded.micro.ravel(),
        encoded.index,
        encoded.cleared.ravel(),
        np.zeros(encoded.registers, np.int64),
        guards,
    ]
    starts = np.cumsum([HEAD, *(len(table) for table in tables)])
    buffers = len(encoded.arena)
    fills = buffers + encoded.registers * TILE
    ends = [fills, fills + len(encoded.fills)]
    arena = np.zeros(ends[1] + len(expected))
    arena[:buffers] = encoded.arena
    arena[ends[0] : ends[1]] = encoded.fills
    arena[ends[1] :] = expected
    head = np.array([*places, buffers, *starts, *ends], np.int64)
    return np.concatenate([head, *tables]), arena


@exact
def code_of(whole: Whole) -> Whole:
    """The rows of the items, (k, CODE_WIDTH)."""
    return whole[whole[CODE] : whole[MICRO]].reshape((-1, CODE_WIDTH))


@exact
def micro_of(whole: Whole) -> Whole:
    """The steps of the groups, (k, MICRO_WIDTH)."""
    return whole[whole[MICRO] : whole[PLACES]].reshape((-1, MICRO_WIDTH))
