"""Whether the machine is compiled yet, and what compiling it would take.

Compiled code lies in numba's cache, one index a function, which names the processor and the sources
that it was compiled for. Reading it compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlcollab.kernels.program.machine.compiled import is_ready
from xlcollab.kernels.program.machine.descent import batch, descend, evaluate, rows

_PARTS: Mapping[str, tuple[Callable[..., object], float]] = {
    "evaluate": (evaluate, 10.0),
    "batch": (batch, 1.5),
    "descend": (descend, 3.0),
    "rows": (rows, 1.5),
}
"""What is called from Python, and the seconds of CPU that compiling it took on a server of 2023,
what it calls included. On other computers it is a third to three times that."""


def seconds_to_compile(*parts: str) -> float:
    """About how long it would take until these parts of the machine can run: 0 if they can now."""
    return sum(_PARTS[part][1] for part in parts if not is_ready(_PARTS[part][0]))
