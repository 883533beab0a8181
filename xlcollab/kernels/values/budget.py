"""How large a block may become, asked before it is made; and memory that runs out, as a sentence.

An evaluation without a budget takes the machine with it: MUNIT(30000) is 7 GB, an array formula
over a whole sheet 140.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from xlcollab.errors import UnsupportedError

MOST_CELLS = 1 << 26
"""Values of one block: half a gigabyte of numbers."""


class TooLargeError(UnsupportedError):
    """A block beyond the budget; whoever knows the cell says where."""


def refuse_cells(*sizes: int) -> None:
    """Raises TooLargeError for a block of these sizes before it is made."""
    count = math.prod(sizes)
    if count > MOST_CELLS:
        raise TooLargeError(f"would hold {count:,} values; at most {MOST_CELLS:,} are held at once")


@contextmanager
def told_as_refusal(name: str) -> Iterator[None]:
    """What is too large inside is told with the function that asked for it; who evaluates the cell
    adds where it stands. Raises UnsupportedError."""
    try:
        yield
    except (MemoryError, RuntimeError, TooLargeError) as error:
        if isinstance(error, RuntimeError) and not is_out_of_memory(error):
            raise
        reason = (
            str(error) if isinstance(error, TooLargeError) else "needs more memory than there is"
        )
        raise UnsupportedError(f"{name} {reason}; use a smaller area or array") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch, which has no MemoryError, says that there is no memory left."""
    text = str(error)
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS)


_SIGNS = ("allocate memory", "out of memory", "Storage size calculation overflowed")
