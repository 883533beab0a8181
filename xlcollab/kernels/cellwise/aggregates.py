"""Aggregates of single values: of cells and of values given directly, as `statistics.reduce`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.scalars import added, finished, number_of, truth_of


@dataclass(frozen=True, slots=True)
class Argument:
    """The values of an argument; of `cells` only some kinds count."""

    values: Sequence[Scalar]
    cells: bool


Aggregate = Callable[[Iterable[Argument], bool], Scalar]
"""(arguments, whether dates count from 1904) → the result"""


def numeric(function: Callable[[list[float]], float]) -> Aggregate:
    """A function of the numbers among the arguments; the first error is the result."""

    def run(arguments: Iterable[Argument], date1904: bool) -> Scalar:
        numbers: list[float] = []
        for argument in arguments:
            for value in argument.values:
                if type(value) is float:
                    numbers.append(value)
                elif isinstance(value, ErrorCode):
                    return value
                elif not argument.cells:
                    found = number_of(value, date1904)
                    if isinstance(found, ErrorCode):
                        return found
                    numbers.append(found)
        return finished(function(numbers))

    return run


def summed(numbers: list[float]) -> float:
    """From the first to the last; the last that is not 0 closes the sum."""
    before = last = 0.0
    for x in numbers:
        if x != 0.0:
            before, last = before + last, x
    return added(before, last)


def total(numbers: list[float]) -> float:
    """From the first to the last, as Excel adds."""
    found = 0.0
    for number in numbers:
        found += number
    return found


def counted(arguments: Iterable[Argument], date1904: bool) -> Scalar:
    """COUNT: numbers, of values given directly all that read as one."""
    total = 0.0
    for argument in arguments:
        for value in argument.values:
            if argument.cells:
                total += type(value) is float
            else:
                total += not isinstance(number_of(value, date1904), ErrorCode)
    return total


def conditions(combine: Callable[[int, int], bool]) -> Aggregate:
    """AND and OR, by how many conditions hold and how many there are."""

    def run(arguments: Iterable[Argument], date1904: bool) -> Scalar:
        del date1904
        held = there = 0
        for argument in arguments:
            for value in argument.values:
                if value == "" or (argument.cells and (value is None or isinstance(value, str))):
                    continue
                truth = truth_of(value.strip() if isinstance(value, str) else value)
                if isinstance(truth, ErrorCode):
                    return truth
                held, there = held + truth, there + 1
        return combine(held, there) if there else ErrorCode.VALUE

    return run


def average(arguments: Iterable[Argument], date1904: bool) -> Scalar:
    """AVERAGE, added from the first to the last."""
    count = 0

    def mean(numbers: list[float]) -> float:
        nonlocal count
        count = len(numbers)
        return total(numbers) / count if count else 0.0

    found = numeric(mean)(arguments, date1904)
    return found if count or isinstance(found, ErrorCode) else ErrorCode.DIV0


AGGREGATES: Mapping[str, Aggregate] = {
    "SUM": numeric(summed),
    "MIN": numeric(lambda numbers: min(numbers, default=0.0)),
    "MAX": numeric(lambda numbers: max(numbers, default=0.0)),
    "AVERAGE": average,
    "COUNT": counted,
    "AND": conditions(lambda held, there: held == there),
    "OR": conditions(lambda held, there: held > 0),
}
