"""Ratings set aside where no process sees all: the same as one process would draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.drawn import shuffled
from xlcollab.factor.sharded.held import Held
from xlcollab.ratings.splits import n_held_out
from xlcollab.settings.counting import amount

Marks = NDArray[np.bool_]
"""Which of all ratings (n,) are set aside, alike on every process."""


def at_random(held: Held, fraction: float, rng: np.random.Generator, processes: Processes) -> Marks:
    """As `random_split`. Raises UsageError and DataError as that does."""
    chosen = np.zeros(held.n, bool)
    chosen[shuffled(held.n, rng)[: n_held_out(held.n, fraction)]] = True
    return chosen


def latest(held: Held, fraction: float, rng: np.random.Generator, processes: Processes) -> Marks:
    """As `time_split`: of equal times the later rows. Raises DataError without times."""
    n_test = n_held_out(held.n, fraction)
    time = held.table.time
    if time is None:
        raise DataError("the ratings have no time column; name it, or do without times")
    numbers = time.astype(np.float64)
    threshold = _largest(numbers, n_test, processes)
    n_later = int(processes.total(int((numbers > threshold).sum())))
    equal = numbers == threshold
    rows = held.rows[equal].astype(np.float64)
    first = _largest(rows, n_test - n_later, processes) if n_test > n_later else np.inf
    chosen = (numbers > threshold) | (equal & (held.rows >= first))
    return held.marked(chosen, processes)


def _largest(numbers: NDArray[np.float64], k: int, processes: Processes) -> float:
    """The k-th largest of the finite numbers of all processes: bits are decided one by one."""
    keys = _ordered(numbers)
    found = np.uint64(0)
    for bit in range(63, -1, -1):
        tried = found | np.uint64(1 << bit)
        if processes.total(int((keys >= tried).sum())) >= k:
            found = tried
    return float(_numbers(np.array([found]))[0])


_SIGN = np.uint64(1 << 63)


def _ordered(numbers: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Whole numbers in the order of the floats."""
    bits = (numbers + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _numbers(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)


def k_of_each_user(held: Held, k: int, rng: np.random.Generator, processes: Processes) -> Marks:
    """As `leave_k_out`. Raises UsageError for k below 1, DataError where nobody has more."""
    if k < 1:
        raise UsageError(f"leave-k-out needs k of at least 1, found {k}")
    place = np.empty(held.n, held.rows.dtype)
    place[shuffled(held.n, rng)] = np.arange(held.n, dtype=place.dtype)
    order = np.argsort(place[held.rows], kind="stable")
    table = held.table
    if table.time is not None:
        order = order[np.argsort(table.time[order], kind="stable")]
    order = order[np.argsort(table.users[order], kind="stable")]
    counts = np.bincount(table.users, minlength=table.n_users)
    within = np.arange(len(table)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = np.repeat(counts, counts)
    chosen = np.zeros(len(table), bool)
    chosen[order[(within >= size - k) & (size > k)]] = True
    if not processes.total(int(chosen.sum())):
        raise DataError(f"no user has more than {amount(k, 'rating')}; leave fewer out")
    return held.marked(chosen, processes)


def by_word(held: Held, word: str, rng: np.random.Generator, processes: Processes) -> Marks:
    """As `column_split`: the ratings whose split column says the word, which is known here as 1.
    Raises DataError where these are none, or all."""
    assert held.table.split is not None
    chosen = held.marked(held.table.split == 1, processes)
    if not 0 < np.count_nonzero(chosen) < held.n:
        raise DataError(
            f"the split column must hold {word!r} and another part; "
            f"{np.count_nonzero(chosen):,} of {held.n:,} ratings say so"
        )
    return chosen


Way = Callable[[Held, Any, np.random.Generator, Processes], Marks]
WAYS: Mapping[str, Way] = {
    "fraction": at_random,
    "by_time": latest,
    "leave_out": k_of_each_user,
    "split": by_word,
}
"""The ways by what options call them, --test-fraction and --validation-fraction …"""
