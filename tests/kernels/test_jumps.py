"""What is called smooth, or smooth but for kinks, has no jump: functions that cut off a fraction,
or pick by an argument, say so of that argument."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from tests.problems.memory import workbook
from xlcollab.api.session.session import Session
from xlcollab.errors import XlcollabError
from xlcollab.formula.signatures import SIGNATURES, Param
from xlcollab.grid.memory import MemoryBook
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.ref import parse_area

_AREAS = frozenset({Param.RANGE, Param.TABLE, Param.ARRAY, Param.PLACE})
_CELLS = {"D1": 1.0, "D2": 2.5, "D3": 3.0, "D4": 4.2, "D5": 0.7}
_ARGUMENTS = (
    (0.3, 0.4, 0.6, 0.5, 0.7, 1, 1),
    (2.3, 3.4, 5.6, 1.2, 1.4, 1, 1),
    (7.3, 9.1, 12.4, 4.2, 2, 1, 0),
    (40000, 40900, 0.05, 0.06, 100, 2, 0),
    (40000, 41000, 39000, 40100, 0.05, 1000, 2, 0),
    (3, 10, 0.5, 1, 1, 1, 1),
    (1000, 100, 5.2, 2.3, 6, 1, 1),
)
"""Numbers that many functions take: small ones, probabilities, dates and rates, counts."""
_POLES = frozenset({"COT", "CSC", "SEC", "TAN", "COTH", "CSCH", "IMCOT", "IMCSC", "IMSEC", "IMTAN"})
"""They jump where they have no value."""


def by_one(name: str, place: int, values: tuple[float, ...]) -> SheetFunction:
    """The function by one argument, which is cell A1."""
    signature = SIGNATURES[name]
    count = max(signature.minimum, len(signature.parameters))
    texts = [
        "D1:D5" if signature.param(at) in _AREAS else "A1" if at == place else repr(value)
        for at, value in enumerate((*values, 1, 1, 1)[:count])
    ]
    start = float((*values, 1, 1, 1)[place])
    cells = {**_CELLS, "A1": start, "B1": (f"{name}({','.join(texts)})", None)}
    session = Session.over(MemoryBook(workbook({"S": cells})))
    compiler = Compiler(session.plan, [parse_area("S!A1", "S")], np.array([start]))
    return compiler.function([compiler.cells(parse_area("S!B1", "S"))])


STEPS = (
    *(("MOD", 0), ("MOD", 1), ("FLOOR", 0), ("CEILING.MATH", 0), ("MROUND", 0)),
    *(("POISSON.DIST", 0), ("BINOM.DIST", 1), ("T.DIST", 1), ("CHISQ.DIST", 1), ("BESSELJ", 1)),
    *(("EFFECT", 1), ("DB", 0), ("CUMIPMT", 3), ("DISC", 0), ("PRICE", 5), ("DOLLARDE", 0)),
    *(("SUBTOTAL", 0), ("AGGREGATE", 0), ("AGGREGATE", 1), ("NUMBERVALUE", 1)),
)
SMOOTH = (("T.DIST", 0), ("CHISQ.DIST", 0), ("BESSELJ", 0), ("EFFECT", 0), ("POISSON.DIST", 1))


@pytest.mark.parametrize(("name", "place"), STEPS)
def test_what_cuts_off_a_fraction_holds_a_step(name: str, place: int) -> None:
    found = by_one(name, place, (3.0, 10.0, 5.5, 1.0, 1.0, 2.0, 0.0))
    assert found.steps
    assert not found.smooth


@pytest.mark.parametrize(("name", "place"), SMOOTH)
def test_it_is_smooth_in_its_other_arguments(name: str, place: int) -> None:
    found = by_one(name, place, (0.5, 4.0, 1.0))
    assert found.smooth
    assert not found.steps


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SIGNATURES) - _POLES))
def test_no_other_function_jumps(name: str) -> None:
    signature = SIGNATURES[name]
    count = max(signature.minimum, len(signature.parameters))
    for values in _ARGUMENTS:
        for place in range(min(count, len(values))):
            if signature.param(place) in _AREAS:
                continue
            try:
                found = by_one(name, place, values)
            except XlcollabError:
                continue  # none of its arguments
            if found.program.instructions and not found.steps:
                assert not _jumps(_of(found), float(values[place])), (name, place, values)


def _of(function: SheetFunction) -> Callable[[float], float]:
    def value(x: float) -> float:
        with torch.no_grad():
            return float(function(torch.tensor([x], dtype=torch.float64))[0])

    return value


def _jumps(value: Callable[[float], float], at: float) -> bool:
    """Whether a difference stays as large as it was where its ends come together."""
    places = np.linspace(0.6 * at, 1.9 * at, 27)
    values = np.array([value(x) for x in places])
    known = np.isfinite(values)
    size = np.abs(values[known]).max(initial=0.0)
    gaps = np.abs(np.diff(np.where(known, values, 0.0)))
    gaps = np.where(known[1:] & known[:-1], gaps, 0.0)
    worst = int(np.argmax(gaps))
    if gaps[worst] <= 1e-8 * max(1e-3, size):
        return False
    low, high = places[worst], places[worst + 1]
    for _ in range(40):
        middle = 0.5 * (low + high)
        here = value(middle)
        if not math.isfinite(here):
            return False
        if abs(here - value(low)) > abs(value(high) - here):
            high = middle
        else:
            low = middle
    return abs(value(high) - value(low)) > max(1e-3 * gaps[worst], 3.0 * _noise(value, low, high))


def _noise(value: Callable[[float], float], low: float, high: float) -> float:
    """How far the values beside a place are from a line: differences of large numbers move by
    steps of their rounding."""
    steps = min(1e-4 * abs(low), 0.01) * np.arange(12)
    sides = (low - steps, high + steps)
    bends = [np.abs(np.diff([value(x) for x in side], 2)).max() for side in sides]
    return float(np.nan_to_num(max(bends)))
