"""The processes of a torchrun job: who I am, and sums over all of us."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from xlcollab.errors import SolveError
from xlcollab.factor.rows import Floats

LOST = (
    "another process of this run ended or could not be reached, so this one ends too; go on from "
    "the last checkpoint with resume"
)


@dataclass(frozen=True, slots=True)
class Processes:
    """`rank` of `size` processes. With size 1 nothing is sent and torchrun is not needed."""

    rank: int
    size: int

    def sum(self, array: Floats) -> Floats:
        """The sum of `array` over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(torch.from_numpy(array))
        return array

    def total(self, number: float) -> float:
        """The sum of one number over all processes."""
        return float(self.sum(np.array([number], np.float64))[0])

    def gathered(self, part: Floats) -> Floats | None:
        """The parts of all processes, one below the other, on rank 0; None elsewhere."""
        if self.size == 1:
            return part
        parts: list[Any] | None = [None] * self.size if self.rank == 0 else None
        dist.gather_object(part, parts)
        return None if parts is None else np.concatenate(parts)


def under_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def joined() -> Iterator[Processes]:
    """This process's place in the torchrun job, or alone outside of one.

    SolveError, with a sentence, if another process is lost or torchrun ends this one.
    """
    if not under_torchrun():
        yield Processes(0, 1)
        return
    previous = signal.signal(signal.SIGTERM, _ended)
    dist.init_process_group("gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
        dist.destroy_process_group()
    except RuntimeError as error:
        # torch.distributed has no class of its own for a connection that broke.
        raise SolveError(f"{LOST} ({str(error).splitlines()[0]})") from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _ended(signum: int, frame: FrameType | None) -> None:
    raise SolveError(LOST)
