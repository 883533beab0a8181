"""What is said to contradict itself does, by trying all points."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.optim import Status

_ROWS = (
    ("=ABS(A1-{0})+A2", lambda a, x, y: abs(x - a) + y),
    ("=MAX(A1,2*A2-{0})", lambda a, x, y: max(x, 2 * y - a)),
    ("=IF(A1>{0},3*A2,A1)", lambda a, x, y: 3 * y if x > a else x),
    ("=A1-{0}*A2", lambda a, x, y: x - a * y),
    ("=MIN(A1,A2)+{0}", lambda a, x, y: min(x, y) + a),
)
_TOP = 4
_BOX = list(itertools.product(range(_TOP + 1), repeat=2))
_WIDE = list(itertools.product(range(-30, 31), repeat=2))


@pytest.mark.parametrize("seed", range(25))
def test_limits_of_pieces_contradict_each_other_as_said(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    kinds = [(int(random.integers(5)), int(random.integers(1, 4))) for _ in range(4)]
    values = [[_ROWS[kind][1](a, x, y) for x, y in _BOX] for kind, a in kinds]
    signs = [str(random.choice(["<=", ">="])) for _ in kinds]
    ends = [
        int(np.quantile(v, 0.15 if s == "<=" else 0.85)) for v, s in zip(values, signs, strict=True)
    ]
    cells = {f"B{i}": _ROWS[kind][0].format(a) for i, (kind, a) in enumerate(kinds, 1)}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "A2": 1.0, **cells}}))
    lines = [f"S!B{i}{s}{end}" for i, (s, end) in enumerate(zip(signs, ends, strict=True), 1)]
    bounds = [f"S!A1:A2<={_TOP}", "S!A1:A2>=0", "S!A1:A2=integer"]
    asked = book.model(minimize="S!B1", by_changing="S!A1:A2", subject_to=lines + bounds)
    found = book.solve(asked, history=False)

    def holds(rows: set[int], points: list[tuple[int, int]]) -> bool:
        def is_kept(row: int, x: int, y: int) -> bool:
            value = _ROWS[kinds[row][0]][1](kinds[row][1], x, y)
            return value <= ends[row] if signs[row] == "<=" else value >= ends[row]

        return any(all(is_kept(row, x, y) for row in rows) for x, y in points)

    if holds(set(range(4)), _BOX):
        assert found.status is Status.OPTIMAL
        return
    assert found.status is Status.INFEASIBLE
    assert found.solution.linear is not None
    told = found.solution.linear.contradiction
    assert told is not None
    rows = {limit.place for limit in told.limits if limit.of_row}
    points = _BOX if told.within or len(told.limits) > len(rows) else _WIDE
    assert not holds(rows, points)
    if told.irreducible and told.within:
        assert all(holds(rows - {row}, points) for row in rows)


def test_a_bound_that_a_kink_relies_on_is_not_left_out(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=ABS(A1-3)"}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    lines = ["S!A1<=10", "S!A1>=0", "S!B1>=8"]
    asked = book.model(minimize="S!A1", by_changing="S!A1", subject_to=lines)
    message = book.solve(asked).solution.message
    assert message.endswith(
        "Within the bounds of the variables, this cannot be satisfied: S!B1 >= 8."
    )


def test_what_was_not_tried_in_time_is_not_said_to_be_needed(tmp_path: Path) -> None:
    """Whole numbers without their bounds are searched for ever; the sums alone cannot be 2.5."""
    sums = {"B1": "=2*A1+4*A2-6*A3", "B2": "=4*A4-2*A5+8*A6"}
    cells = {**{f"A{i}": 0.0 for i in range(1, 7)}, **sums, "B3": "=B1+B2"}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    lines = ["S!A1:A6=binary", "S!B3=1"]
    asked = book.model(maximize="S!B1", by_changing="S!A1:A6", subject_to=lines)
    found = book.solve(asked)
    assert found.status is Status.INFEASIBLE
    told = found.solution.linear
    assert told is not None
    assert told.contradiction is not None
    needs_bounds = any(not limit.of_row for limit in told.contradiction.limits)
    assert not (needs_bounds and told.contradiction.irreducible)
    said = found.solution.message
    assert ("Without any one" in said) == (told.contradiction.irreducible and "; " in said)
