"""What the reports say limits are worth is what solving again with other limits gains."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.solver.models import Model
from xlcollab.api.solve.solved import Solved

_STEP = 1e-3
"""Of a limit."""
_ROW = [("=B1+2*B2+5*B3", ">=", 20.0)]
_SUM = [("=B1+B2+B3", ">=", 9.0)]
MODELS = {
    "a square": ("=SUMSQ(B1:B3)", _ROW),
    "its root": ("=SQRT(SUMSQ(B1:B3))", _ROW),
    "a root of more": ("=SQRT(B1^2+3*B2^2+B1*B2+2*B3^2)", [*_ROW, ("=B1-B2", ">=", 1.0)]),
    "a distance": ("=SQRT(SUMXMY2(B1:B3,{9;8;7}))", [("=B1+B2+B3", "<=", 9.0)]),
    "kinks": ("=ABS(B1-3)+2*ABS(B2-1)+3*ABS(B3-2)", _SUM),
    "kinks that rows hold": (
        "=ABS(B1-3)+2*ABS(B2-1)+3*ABS(B3-2)",
        [*_SUM, ("=B1-B2", "<=", 1.5)],
    ),
    "the greater": ("=MAX(B1+2,3*B2)+B1+B3/2", _SUM),
    "curved": ("=SUMSQ(B1:B3)+EXP(B1/3)", _ROW),
}


def solved(folder: Path, name: str, unit: float, limits: list[float]) -> Solved:
    formula, rows = MODELS[name]
    cells = {"B1": 1.0, "B2": 1.0, "B3": 1.0, "B4": f"={unit!r}*({formula[1:]})"}
    lines = []
    for place, ((left, relation, _), limit) in enumerate(zip(rows, limits, strict=True), 6):
        cells |= {f"C{place}": left, f"D{place}": limit}
        lines.append((f"S!C{place}", relation, f"S!D{place}"))
    model = Model(cells, "B4", "S!B1:B3", lines=lines)
    return xc.open(model.build(folder / "b.xlsx")).solve("S", history=False)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e5])
@pytest.mark.parametrize("name", MODELS)
def test_multipliers_are_what_a_limit_is_worth(tmp_path: Path, name: str, unit: float) -> None:
    limits = [limit for _, _, limit in MODELS[name][1]]
    found = solved(tmp_path, name, unit, limits)
    assert found.status == "optimal"
    for place, multiplier in enumerate(found.solution.multipliers.tolist()):
        ends = []
        for sign in (-1.0, 1.0):
            moved = list(limits)
            moved[place] += sign * _STEP * limits[place]
            gained = solved(tmp_path, name, unit, moved).objective - found.objective
            ends.append(sign * gained / (_STEP * limits[place]))
        room = 0.02 * max(map(abs, ends)) + 1e-6 * unit
        assert min(ends) - room <= multiplier <= max(ends) + room


@pytest.mark.parametrize("name", MODELS)
def test_variables_that_no_bound_holds_have_no_reduced_gradient(tmp_path: Path, name: str) -> None:
    found = solved(tmp_path, name, 1.0, [limit for _, _, limit in MODELS[name][1]])
    free = found.weights > 1e-6
    assert free.any()
    reduced = found.solution.reduced_gradient.numpy()[free]
    assert reduced == pytest.approx([0.0] * len(reduced), abs=1e-6)
