"""What is known of an operation without running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from xlcollab.kernels.values.block import Block

Fails = bool | Callable[[Sequence[Block | None]], bool]
"""Whether numbers up to `ORDINARY` in size can make an operation fail; or who tells that from its
constant arguments (None for one that varies)."""

ORDINARY = 1e30
"""Beyond, sums and products may overflow; there the objective has left all sense as well."""


class Shape(Enum):
    """How a result moves with the numbers it is made of."""

    AFFINE = auto()
    """In each of its (non-deciding) arguments alone: products too."""
    SMOOTH = auto()
    KINKS = auto()
    """Continuous or not, made of smooth pieces."""
    STEPS = auto()
    """Piecewise constant."""


class Role(Enum):
    """What an operation is to those who read the tape: for sums of squares, for linear models."""

    NONE = auto()
    MOVE = auto()
    """The same values at other places."""
    ADD = auto()
    SUBTRACT = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    POWER = auto()
    ROOT = auto()
    CHOICE = auto()
    """One of the arguments from the second on, as the first says."""
    RESCUE = auto()
    """The first argument, and where that is an error the second."""
    SUM = auto()
    """Grows with a sum of its values: a sum of squares if they are squares."""
    SUM_OF_PRODUCTS = auto()
    SUM_OF_SQUARES = auto()
    SQUARED_DIFFERENCES = auto()
    SPREAD = auto()
    """Grows with the sum of squared deviations from the mean."""


class Beyond(Enum):
    """What an operation makes of the lines behind the used part of a sheet, all of them alike."""

    EVERY = auto()
    """Nothing is known: all of them must be there, but blank cells, which are left out."""
    EACH = auto()
    """All of them must be there, blank cells too."""
    PAIRED = auto()
    """As EVERY, of several arguments line beside line: all must have lines beyond."""
    LAST = auto()
    """It orders lines: blank ones stay behind the others."""
    ALIKE = auto()
    """It goes value by value: lines stay lines."""
    ADDED = auto()
    """Each line adds the same, whatever stands beside it."""
    SUMMED = auto()
    """As ADDED; zeros and what is no number add nothing."""
    MULTIPLIED = auto()
    """As SUMMED, if all arguments have lines beyond: sums of products."""
    COUNTED = auto()
    """As ADDED; what is no number adds nothing, errors neither."""
    NUMBERS = auto()
    """It leaves out what is no number."""
    ONCE = auto()
    """A line that is there again changes nothing."""
    SHOWN = auto()
    """As ONCE, and blank cells are shown too."""
    SELECTED = auto()
    """It picks lines by its second argument."""
    SEARCHED = auto()
    """It looks its first argument up in the second: exactly if the third is 0, else by halving."""


Lines = Beyond | Callable[[Sequence[Block | None]], Beyond]
"""What is made of the lines beyond; or who tells that from the constant arguments (None for one
that varies)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the compiler may conclude of an operation; the defaults claim nothing.

    `picks`: its arguments decide which values, texts or errors there are. `counts`: it asks only of
    which kinds its values are, never which. `root`: it has no slope where what is under its root
    is 0. `jumps`: the places of arguments, from 0, by which it jumps, for it cuts off their
    fraction or picks by them, however smooth it is in the others. `by_line`: the places of
    arguments whose values are taken one by one, each for a result of its own.
    """

    fails: Fails = True
    picks: bool = False
    counts: bool = False
    shape: Shape = Shape.KINKS
    role: Role = Role.NONE
    root: bool = False
    jumps: frozenset[int] = frozenset()
    beyond: Lines = Beyond.EVERY
    by_line: frozenset[int] = frozenset()

    def may_fail(self, constants: Sequence[Block | None]) -> bool:
        """Whether it may give an error where all it is given are ordinary numbers."""
        return self.fails(constants) if callable(self.fails) else self.fails

    def lines(self, constants: Sequence[Block | None]) -> Beyond:
        """What is made of the lines behind the used part of a sheet."""
        return self.beyond if isinstance(self.beyond, Beyond) else self.beyond(constants)


UNKNOWN = Facts()
MOVEMENT = Facts(fails=False, shape=Shape.AFFINE, role=Role.MOVE)
"""Of operations that only bring values to other places."""
