"""Settings of which some were asked for and the rest are open: a command line, a control sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from xlcollab.errors import UnknownOptionError
from xlcollab.settings.near import meant
from xlcollab.settings.option import settings_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """The fields of a class of settings that somebody asked for, by name."""

    kind: type[T]
    values: Mapping[str, object]

    @staticmethod
    def of(kind: type[T], given: Mapping[str, object]) -> Asked[T]:
        """What is not None in `given`.

        Raises UnknownOptionError naming what is no field of `kind`, UsageError a value that its
        field does not take.
        """
        known = settings_of(kind)
        for name in given:
            if name not in known:
                advice = meant(name, known) or f"; known are {', '.join(known)}"
                raise UnknownOptionError(f"unknown option {name}{advice}")
        values = {name: value for name, value in given.items() if value is not None}
        for name, value in values.items():
            known[name].check(value)
        return Asked(kind, values)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __bool__(self) -> bool:
        return bool(self.values)

    def over(self, others: Mapping[str, object]) -> Asked[T]:
        """The same with `others` where nothing was asked for."""
        return Asked(self.kind, {**others, **self.values})

    def made(self) -> T:
        """The settings, their defaults where nothing was asked for.

        Raises UsageError on an impossible value.
        """
        make: Callable[..., T] = self.kind
        return make(**self.values)
