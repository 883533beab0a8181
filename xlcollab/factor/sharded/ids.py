"""The ids that processes have read in their shares, merged once into tables common to all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.factor.several.processes import Processes
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.parted.joined import WHOLE, as_kind, common_kind, kind_of, merged

Whole = NDArray[np.int64]


def common_ids(own: Sequence[Vocabulary], what: str, processes: Processes) -> Vocabulary:
    """One vocabulary of the ids of all processes, in ascending order, on every one of them.

    `own` are those of the tables that this process has read, of users or of items as `what` says.
    Raises DataError where their types have nothing in common, or where nobody has any.
    """
    here = processes.agreed(lambda: merged(own) if own else None)
    told = processes.told(None if here is None else kind_of(here.index))
    kinds = [kind for kind in told if kind is not None]
    if not kinds:
        raise DataError("the shares hold no rating; a model needs at least one")
    kind = common_kind(kinds, what)
    ids = None if here is None else as_kind(here.index, kind)
    plain = all(processes.told(ids is None or ids.dtype == np.int64))
    if kind == WHOLE and plain:
        numbers = np.empty(0, np.int64) if ids is None else np.asarray(ids, np.int64)
        return Vocabulary(pd.Index(_united(numbers, processes)), what)
    lists = [one for one in processes.told(None if ids is None else ids.tolist()) if one]
    return Vocabulary.of(pd.Index([one for part in lists for one in part]).unique(), what)[0]


def _united(numbers: Whole, processes: Processes) -> Whole:
    """All different numbers, ascending. Each is first sent to one process, by its hash, so that
    none travels as often as there are shares with it."""
    home = (numbers.astype(np.uint64) * _MIX >> np.uint64(33)) % np.uint64(processes.size)
    parts = processes.exchanged([numbers[home == rank] for rank in range(processes.size)])
    mine = np.unique(np.concatenate(parts))
    return np.sort(np.concatenate(processes.exchanged([mine] * processes.size)))


_MIX = np.uint64(0x9E3779B97F4A7C15)
"""Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): 2⁶⁴ over the golden ratio."""
