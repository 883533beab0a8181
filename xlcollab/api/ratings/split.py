"""Setting ratings aside: for test, and for watching when to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xlcollab.api.ratings.source import read_source, together
from xlcollab.errors import UsageError
from xlcollab.factor import Tables
from xlcollab.ratings import RatingsTable, column_split, leave_k_out, random_split, time_split
from xlcollab.settings.option import settings_of
from xlcollab.settings.requests.ratings import Place, TestPart, ValidationPart

Split = tuple[RatingsTable, RatingsTable]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """What is asked to be set aside, by the name of the option; at most one of them."""

    ways: Mapping[str, object]

    @staticmethod
    def of(part: TestPart | ValidationPart) -> HoldOut:
        """Raises UsageError where two options are given."""
        ways = {name: getattr(part, name) for name in settings_of(type(part))}
        ways = {name: value for name, value in ways.items() if value is not None}
        if len(ways) > 1:
            said = " and ".join(f"--{name.replace('_', '-')}" for name in ways)
            raise UsageError(f"{said} exclude each other; give one")
        return HoldOut(ways=ways)


USUAL = HoldOut(ways={"validation_fraction": 0.1})
"""What is set aside to stop by where nothing else is said."""


def split_tables(
    table: RatingsTable, place: Place, test: HoldOut, validation: HoldOut, *, watch: bool, seed: int
) -> Tables:
    """Training, validation and test ratings; validation where it is asked for or `watch` needs it.

    Raises UsageError and DataError where a split leaves nothing on one side.
    """
    rng = np.random.default_rng(seed)
    rest, tested = _held_out(table, place, test, rng)
    if watch and not validation.ways:
        validation = USUAL
    if not validation.ways:
        return Tables(rest, test=tested)
    rest, watched = _held_out(rest, place, validation, rng)
    return Tables(rest, watched, tested)


def _held_out(
    table: RatingsTable, place: Place, hold_out: HoldOut, rng: np.random.Generator
) -> tuple[RatingsTable, RatingsTable | None]:
    for name, value in hold_out.ways.items():
        return _WAYS[name](table, value, place, rng)
    return table, None


def _other_file(table: RatingsTable, path: Any, place: Place, rng: np.random.Generator) -> Split:
    other = replace(place, source=path, sheet=None, area=None)
    return together(table, read_source(other).table)


_WAYS: Mapping[str, Callable[[RatingsTable, Any, Place, np.random.Generator], Split]] = {
    "test": _other_file,
    "test_fraction": lambda table, part, place, rng: random_split(table, part, rng),
    "test_by_time": lambda table, part, place, rng: time_split(table, part),
    "leave_out": lambda table, k, place, rng: leave_k_out(table, k, rng),
    "test_split": lambda table, word, place, rng: column_split(table, word),
    "validation_fraction": lambda table, part, place, rng: random_split(table, part, rng),
    "validation_by_time": lambda table, part, place, rng: time_split(table, part),
    "validation_leave_out": lambda table, k, place, rng: leave_k_out(table, k, rng),
}
