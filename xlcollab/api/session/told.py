"""What is told of a run while it goes on: the rows that shell and ribbon show."""

from __future__ import annotations

from xlcollab.factor.training.result import EpochRow, Progress
from xlcollab.optim.solution import Row

__all__ = ["EpochRow", "Progress", "Row"]
