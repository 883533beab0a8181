"""Who looks at a run while it goes on: a stream of events, and a wish to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from xlcollab.grid import CellEdit

Event = Mapping[str, Any]
"""`kind` is begin, row, weights, end or done; the rest are plain numbers and texts."""
MOST_CELLS = 4_000
"""Cells of weights that a picture can show."""
SECONDS_BETWEEN_PICTURES = 0.2
"""Of the weights: nobody sees more."""


class Viewer(Protocol):
    """Is told of events as they come, and says whether somebody wants the run to end."""

    def tell(self, event: Event) -> None: ...

    def is_stopped(self) -> bool: ...


def finite(value: float) -> float | None:
    """A number as JSON has it, which knows no other: None in place of one that is not finite."""
    return value if math.isfinite(value) else None


def row_of(
    step: int,
    steps: int | None,
    loss: float,
    seconds: float,
    others: Mapping[str, float] | None = None,
) -> dict[str, object]:
    """The event of an iteration or epoch; `steps` are planned, `others` what else is measured."""
    return {
        "kind": "row",
        "step": step,
        "steps": steps,
        "loss": finite(loss),
        "others": {name: finite(value) for name, value in (others or {}).items()},
        "seconds": seconds,
    }


def blocks_of(edits: list[CellEdit]) -> list[dict[str, Any]]:
    """Weights as {"name", "rows"}: an area each, as many as a picture can show."""
    blocks, cells = list[dict[str, Any]](), 0
    for edit in edits:
        cells += edit.area.rect.size
        if cells > MOST_CELLS:
            break
        blocks.append({"name": str(edit.area), "rows": edit.numbers.tolist()})
    return blocks
