"""Whether the machine is compiled yet, and what compiling it would take.

Compiled code lies in numba's cache, one index a function, which names the processor and the sources
that it was compiled for. Reading it compiles nothing. Where no folder holds an index, not even the
compiler is loaded, which takes a third of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_PARTS: Mapping[str, float] = {
    "evaluate": 10.0,
    "answer": 1.5,
    "batch": 1.5,
    "descend": 3.0,
}
"""What is called from Python, and the seconds of CPU that compiling it took on a server of 2023,
what it calls included. On other computers it is a third to three times that."""


def seconds_to_compile(*parts: str) -> float:
    """About how long it would take until these parts of the machine can run: 0 if they can now."""
    if "evaluate" in parts:
        parts = (*parts, "answer")  # by which small sheets are evaluated
    if not _may_be_ready():
        return sum(_PARTS[part] for part in parts)
    from xlcollab.jit import is_ready
    from xlcollab.kernels.program.machine import descent

    return sum(_PARTS[part] for part in parts if not is_ready(getattr(descent, part)))


def _may_be_ready() -> bool:
    """Whether the machine is in use, or a folder of numba's holds an index of it."""
    return "xlcollab.kernels.program.machine.descent" in sys.modules or any(
        any(folder.glob("descent.evaluate-*.nbi")) for folder in _folders()
    )


def _folders() -> Iterator[Path]:
    """Where numba keeps its cache: where it is told to, beside the source, where the user's things
    are (all folders below), or in our own."""
    yield Path(__file__).parent / "__pycache__"
    home = Path.home()
    kept = [os.environ.get("XDG_CACHE_HOME"), home / ".cache", home / "Library" / "Caches"]
    roots = [Path(one) / "numba" for one in kept if one]
    told, local = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("LOCALAPPDATA")
    roots += [Path(told)] if told else []
    roots += [Path(local) / "numba" / "Cache"] if local else []
    # Python's own `gettempdir` would write a file there, to try the folder.
    temporary = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")] + ["/tmp", "/var/tmp"]
    for one in dict.fromkeys(filter(None, temporary)):
        roots += Path(one).glob("xlcollab-numba-*")
    for root in roots:
        yield from root.glob("machine_*")
