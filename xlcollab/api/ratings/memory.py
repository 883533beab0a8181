"""The memory that a fit takes from here to its model, said before it starts: the whole process.

What was read is there already and is measured; what training and writing add is counted, with
constants that were found by measuring (a test holds the sum within a quarter of the peak).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.model import Size
from xlcollab.factor import MemoryEstimate

_PASSES = 60_000_000
"""Bytes of the compiler and the compiled passes, loaded with the first of them."""
_RATED, _SCALED, _PASSING = 8, 4, 16
"""Bytes a rating: what was rated, on the inner scale, and while it is ordered or evaluated."""
_TABLE = 12
"""Bytes a rating of the table that was read, which the estimate counts too."""
_CELL = 420
"""Bytes of a cell while a new workbook is written."""
_WRITER = 20_000_000
"""Bytes of the writer itself, loaded with the first workbook."""
_RECOMMENDED = 50
"""Cells of a user's recommendations."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Bytes by purpose; `highest` is the most that the process has taken until now."""

    now: int
    highest: int
    training: int
    workbook: int

    @property
    def total(self) -> int:
        """At the highest point of all."""
        return max(self.highest, self.now + _PASSES + max(self.training, self.workbook))

    @property
    def sentence(self) -> str:
        """For users, in MB of 10⁶ bytes."""
        parts = {"the program with what it has read": self.now, "compiled passes": _PASSES}
        parts |= {"training": self.training}
        parts |= {"writing the workbook": self.workbook} if self.workbook else {}
        said = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in parts.items())
        return f"This run takes about {self.total / 1e6:,.0f} MB at its peak: {said}."


def peak_of(estimate: MemoryEstimate, size: Size, *, as_workbook: bool) -> Peak | None:
    """What a fit of these sizes will take; None where the system tells no process its memory."""
    here = _used()
    if here is None:
        return None
    more = (_RATED + _SCALED + _PASSING - _TABLE) * size.ratings
    training = estimate.total + more + estimate.factors
    cells = 2 * size.ratings + size.users * _RECOMMENDED
    cells += (size.users + size.items) * (size.n_factors + 6)
    writing = _WRITER + _CELL * cells + _RATED * size.ratings + estimate.factors
    return Peak(*here, training, writing if as_workbook else 0)


def highest() -> int | None:
    """The most bytes that this process has taken until now, as Linux tells; None elsewhere."""
    here = _used()
    return None if here is None else here[1]


def _used() -> tuple[int, int] | None:
    """Bytes that this process holds now and that it held at most, as Linux tells."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = {name: text for name, _, text in (line.partition(":") for line in lines)}
    if not {"VmRSS", "VmHWM"} <= found.keys():
        return None
    now, highest = (int(found[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, highest
