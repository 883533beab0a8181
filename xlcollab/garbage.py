"""When Python looks for circles among objects that nobody uses any more.

It looks after every 700 new objects, at all of them again and again. Reading a workbook of many
different formulas, or loading torch, makes hundreds of thousands of objects that all stay: a fifth
of the CPU time went into looking at them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = 50_000
"""New objects between two looks: few enough that what lies in circles stays below some megabytes of
plain objects, many enough that looking is not felt."""


def rarely() -> None:
    """From now on, for the process of a command, in which nobody else is."""
    gc.set_threshold(_RARELY)


@contextmanager
def not_now() -> Iterator[None]:
    """Inside, nothing is looked for: what is made there stays. May be nested."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()
