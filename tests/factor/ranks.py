"""Several ranks as threads of one process: what is exchanged between them, without a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from xlcollab.factor.several.processes import Array, Processes

T = TypeVar("T")


@dataclass
class Table:
    """Where all ranks lay what they say, and meet."""

    size: int
    said: list[Any] = field(default_factory=list)
    gate: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self.said = [None] * self.size
        self.gate = threading.Barrier(self.size, timeout=60)


@dataclass(frozen=True)
class Rank(Processes):
    """One of them; sums are taken in the order of the ranks."""

    table: Table = field(default_factory=lambda: Table(1))

    def told(self, thing: T) -> list[T]:
        self.table.said[self.rank] = thing
        self.table.gate.wait()
        found = list(self.table.said)
        self.table.gate.wait()
        return found

    def exchanged(self, parts: Sequence[Array]) -> list[Array]:
        return [sent[self.rank].copy() for sent in self.told(list(parts))]

    def sum(self, array: Array) -> Array:
        array[:] = np.sum(self.told(array.copy()), axis=0, dtype=array.dtype)
        return array


def on_ranks(size: int, work: Callable[[Processes], T]) -> list[T]:
    """What `work` returns on each rank; its error where it raises one."""
    table = Table(size)
    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(work, Rank(rank, size, table=table)) for rank in range(size)]
    return [future.result() for future in futures]
