"""No function looks at its neighbours: every copy of a family has the value it has alone.

For every function calls are made with cells of all kinds, filled down a few rows, and each row is
compared with the same formula alone in a workbook, refusals included.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.kernels.engine import workbook
from xlcollab.formula.signatures import SIGNATURES, Param, Signature
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import parse_rect

ROWS = 5
_COLUMNS = "ABCDEFGH"
_NUMBERS: list[Scalar] = [0.0, 1.0, 2.0, 3.0, 0.5, 0.1, -1.0, 2.5, 10.0, 45000.0]
_OTHERS: list[Scalar] = ["text", "3", "", True, False, None, ErrorCode.NA, ErrorCode.DIV0]
_CLOCKS = {"NOW", "TODAY"}
_REFUSED = "refused"
_SEEDS = 6


def argument_texts(signature: Signature, count: int, row: int, draw: random.Random) -> list[str]:
    """Arguments as they read in a row: cells, areas, or a number now and then."""
    texts = []
    for position in range(count):
        param, column = signature.param(position), position % 5
        cell = f"{_COLUMNS[column]}{row}"
        if param is Param.VALUE:
            texts.append(draw.choice([cell, cell, cell, "2", "1", f"{cell}/2"]))
        else:
            last = f"{_COLUMNS[column + draw.choice([0, 1, 2])]}{row + draw.choice([0, 1])}"
            texts.append(f"{cell}:{last}")
    return texts


def cells(draw: random.Random, plain: bool) -> dict[str, Scalar]:
    pool = _NUMBERS if plain else _NUMBERS + _OTHERS
    return {f"{c}{r}": draw.choice(pool) for c in _COLUMNS for r in range(1, ROWS + 2)}


def results(values: dict[str, Scalar], formulas: dict[str, str]) -> list[Scalar]:
    """The values of formulas, in order; what is refused is the text `refused`."""
    book = workbook({**values, **formulas})
    done = recalculate(build_plan(book))
    found: dict[tuple[int, int], Scalar] = {}
    for family, block in done.results:
        found |= dict(zip(family.rect.cells(), Context(book.texts).values(block), strict=True))
    places = [parse_rect(address) for address in formulas]
    return [found.get((place.top, place.left), _REFUSED) for place in places]


def calls(name: str) -> Iterator[tuple[dict[str, Scalar], dict[str, str]]]:
    """(cells, {address: formula filled down}) of some calls of a function."""
    signature = SIGNATURES[name]
    most = len(signature.parameters) + (2 if signature.repeats else 0)
    for count in sorted({signature.minimum, len(signature.parameters), most}):
        for seed in range(_SEEDS):
            draw = random.Random(f"{name} {count} {seed}")
            values = cells(draw, plain=seed < _SEEDS // 2)
            shape = draw.getrandbits(32)
            formulas = {
                f"Z{row}": f"={name}({','.join(_arguments(signature, count, row, shape))})"
                for row in range(1, ROWS + 1)
            }
            yield values, formulas


def _arguments(signature: Signature, count: int, row: int, shape: int) -> list[str]:
    return argument_texts(signature, count, row, random.Random(shape))


def same(a: Scalar, b: Scalar) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == pytest.approx(b, rel=1e-12, abs=1e-300)
    return type(a) is type(b) and a == b


def differences(name: str) -> list[str]:
    """Where a copy in a family differs from the same formula alone."""
    found = []
    for values, formulas in calls(name):
        together = results(values, formulas)
        for (address, text), copy in zip(formulas.items(), together, strict=True):
            alone = results(values, {address: text})[0]
            if not same(copy, alone):
                found.append(f"{address} {text}: {copy!r} in a family, {alone!r} alone, {values}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(n for n in RECORDS if not RECORDS[n].random))
def test_every_copy_is_what_it_is_alone(name: str) -> None:
    if name in _CLOCKS:
        pytest.skip("a clock goes on between two calls")
    wrong = differences(name)
    assert not wrong, "\n".join(wrong[:3])
