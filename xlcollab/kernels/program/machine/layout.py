"""A program as the machine holds it: one array of whole numbers and one of floats.

Two arrays cost less to hand over than a dozen. The whole numbers begin with a head that says where
the tables lie behind it; the floats are the arena: buffers, a tile of scratch space for each
register, and what is to be filled in and expected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.codes import CODE_WIDTH, LINE, MICRO_WIDTH, lined
from xlcollab.kernels.program.core.encode import Encoded
from xlcollab.kernels.program.machine.compiled import exact

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

TILE = 512
"""Numbers of a tile. Fewer stay in the nearest cache, but then what a step costs to begin with is
felt more than what it reads from the next one."""
SPACE = TILE + LINE
"""Numbers from one register to the next: short rows are written by whole vectors."""

(
    VARIABLES,
    VALUE,
    GRADIENT,
    MAIN,
    SCRATCH,
    OWN_SPACE,
    SUMS,
    CODE,
    MICRO,
    PLACES,
    CLEARED,
    AT,
    REFS,
    SIZES,
    JOINS,
    GUARDS,
    END,
    FILLS,
    EXPECTED,
    ARENA,
    NUMBERS,
    LENGTH,
    HEAD,
) = range(23)
"""The head: how many variables, where value and gradient lie in the arena, how many rows of the
code are run in order, where in the arena scratch space, a thread's own space and the sums of a
band's parts begin, where each table begins among the whole numbers and where the last ends, two
places in the arena, its address and size, and how many whole numbers there are."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A program's two arrays. Further threads have whole numbers of their own: their tables move,
    and their scratch space lies elsewhere."""

    whole: Whole
    arena: Numbers
    step: int
    """Numbers of the arena between one thread's spaces and the next one's."""

    def of_thread(self, number: int) -> Whole:
        """The whole numbers for a thread, counted from 0; (k,)."""
        found = self.whole.copy()
        found[[SCRATCH, OWN_SPACE]] += number * self.step
        return found


def packed(
    encoded: Encoded, places: tuple[int, int, int], guards: Whole, expected: Numbers, threads: int
) -> Packed:
    """The two arrays, of shapes (k,) and (n,); `places` are the head's first three, guards must
    hold `expected`."""
    bands = encoded.bands
    tables = [
        encoded.code.ravel(),
        encoded.micro.ravel(),
        encoded.index,
        encoded.cleared.ravel(),
        np.zeros(encoded.registers, np.int64),
        bands.refs_at(0, 0).ravel(),
        bands.sizes_at(0).ravel(),
        bands.joins_table().ravel(),
        guards,
    ]
    starts = np.cumsum([HEAD, *(len(table) for table in tables)])
    code, micro = (int(starts[at - CODE]) for at in (CODE, MICRO))
    tables[REFS - CODE] = bands.refs_at(code, micro).ravel()
    tables[SIZES - CODE] = bands.sizes_at(code).ravel()
    buffers = len(encoded.arena)
    fills = buffers
    ends = [fills, fills + len(encoded.fills)]
    sums = lined(ends[1] + len(expected))
    scratch = sums + lined(bands.sums)
    own = scratch + encoded.registers * SPACE
    step = lined(encoded.registers * SPACE + bands.local)
    arena = _aligned(scratch + step * threads + _ROOM)
    arena[:buffers] = encoded.arena
    arena[ends[0] : ends[1]] = encoded.fills
    arena[ends[1] : ends[1] + len(expected)] = expected
    firsts = [*places, encoded.main, scratch, own, sums, *starts, *ends]
    lengths = [arena.ctypes.data, len(arena), HEAD + sum(map(len, tables))]
    return Packed(np.concatenate([np.array([*firsts, *lengths]), *tables]), arena, step)


_ROOM = 64
"""Products read past the end of an operand; see `tiles`."""


def _aligned(size: int) -> Numbers:
    """So many zeros, the first at the beginning of a line of the cache; (size,)."""
    room = np.zeros(size + LINE)
    first = -room.ctypes.data // room.itemsize % LINE
    return room[first : first + size]


@exact
def code_of(whole: Whole) -> Whole:
    """The rows of the items, (k, CODE_WIDTH)."""
    return whole[whole[CODE] : whole[MICRO]].reshape((-1, CODE_WIDTH))


@exact
def micro_of(whole: Whole) -> Whole:
    """The steps of the groups, (k, MICRO_WIDTH)."""
    return whole[whole[MICRO] : whole[PLACES]].reshape((-1, MICRO_WIDTH))
