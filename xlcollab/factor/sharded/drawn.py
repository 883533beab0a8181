"""The draws of a run in one process, made again where each process keeps its own of them.

Whatever the number of processes, they then begin alike, go through the ratings in the same order
and hold the same ratings out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.models.initial import draw
from xlcollab.factor.passes.rows import Floats
from xlcollab.settings.fitting import ModelSettings

_PART = 1 << 16
"""Rows, or places of an order, that are looked at at once."""


def shuffled(n: int, rng: np.random.Generator) -> NDArray[Any]:
    """`rng.permutation(n)`, whose draws are the same whatever the type, (n,): in 4 bytes a
    number where that fits."""
    order = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    rng.shuffle(order)
    return order


def drawn_rows(
    settings: ModelSettings, n: int, rng: np.random.Generator, own: NDArray[np.integer]
) -> Floats:
    """Rows `own` (ascending) of the embeddings that `draw` makes for n ids, (n_own, k)."""
    kept = np.empty((len(own), settings.n_factors), settings.dtype)
    for begin, part in _parts(settings, n, rng):
        first, last = np.searchsorted(own, [begin, begin + len(part)])
        kept[first:last] = part[own[first:last] - begin]
    return kept


def skip_rows(settings: ModelSettings, n: int, rng: np.random.Generator) -> None:
    """Draws as `drawn_rows`, and keeps nothing: how many random bits a normal number takes is not
    known before it is drawn."""
    for _ in _parts(settings, n, rng):
        pass


def _parts(
    settings: ModelSettings, n: int, rng: np.random.Generator
) -> Iterator[tuple[int, Floats]]:
    for begin in range(0, n, _PART):
        yield begin, draw(settings, min(_PART, n - begin), rng)


def own_in_order(rows: NDArray[np.integer], n: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Where each of our rows (ascending, of n in all) stands when all are shuffled: our indices in
    that order."""
    order = shuffled(n, rng)
    is_own = np.zeros(n, bool)
    is_own[rows] = True
    found, end = np.empty(len(rows), np.int32), 0
    for begin in range(0, n, _PART):
        part = order[begin : begin + _PART]
        part = part[is_own[part]]
        found[end : end + len(part)] = np.searchsorted(rows, part)
        end += len(part)
    return found
