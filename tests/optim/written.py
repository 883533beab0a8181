"""Objectives whose functions can be written out as formulas, as those of a sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from xlcollab.api.solve.machine import formulas_of
from xlcollab.optim import Objective

INF = math.inf


def model(
    function: Callable[[Tensor], Tensor],
    start: Sequence[float],
    rows: Sequence[tuple[Callable[[Tensor], Tensor], float, float]] = (),
    box: Sequence[tuple[float, float]] | None = None,
    **options: Any,
) -> tuple[Objective, Tensor]:
    """An objective and its start; `rows` are (function, least, most), `box` the bounds."""
    x = torch.tensor(start, dtype=torch.float64)
    if box is not None:
        ends = torch.tensor(box, dtype=torch.float64)
        options |= {"lower": ends[:, 0], "upper": ends[:, 1]}
    if rows:
        functions = [row[0] for row in rows]
        options |= {
            "constraints": lambda x: torch.stack([one(x) for one in functions]),
            "constraint_lower": torch.tensor([row[1] for row in rows], dtype=torch.float64),
            "constraint_upper": torch.tensor([row[2] for row in rows], dtype=torch.float64),
        }
    written = lambda function: formulas_of(function, x)  # noqa: E731
    return Objective(function=function, formulas=written, **options), x
