"""What is proved of a model holds in any unit of its objective and rows: values that differ by less
than what an engine takes for nothing must not count as one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.solver.models import Model

_BENDS, _CHARGES, _NEEDED = (2.1, 2.6, 1.6), (8.0, 9.0, 3.0), 10.0


def _cost(bends: tuple[float, ...], fixed: float) -> float:
    """Marginal costs are one: x_i = λ / 2a_i, and Σ a x² = needed² / Σ 1/a."""
    return fixed + _NEEDED**2 / sum(1.0 / bend for bend in bends)


def _least() -> float:
    """Over every set of plants that are open."""
    plants = list(zip(_BENDS, _CHARGES, strict=True))
    some = itertools.chain.from_iterable(itertools.combinations(plants, k) for k in (1, 2, 3))
    return min(_cost(*_apart(chosen)) for chosen in some)


def _apart(chosen: tuple[tuple[float, float], ...]) -> tuple[tuple[float, ...], float]:
    return tuple(bend for bend, _ in chosen), sum(charge for _, charge in chosen)


@pytest.mark.parametrize("row", [-8, 0, 7])
@pytest.mark.parametrize("exponent", [-9, -6, -3, 0, 6, 9])
@pytest.mark.parametrize("engine", ["auto", "global"])
def test_open_plants_in_any_unit(engine: str, exponent: int, row: int, tmp_path: Path) -> None:
    """The charge of an open plant, and what it makes at growing cost."""
    unit, wide = f"{10.0**exponent:.0E}", f"{10.0**row:.0E}"
    costs = "+".join(
        f"{a}*A{i}^2+{f}*B{i}" for i, (a, f) in enumerate(zip(_BENDS, _CHARGES, strict=True), 1)
    )
    cells = {f"{column}{i}": 1.0 for column in "AB" for i in (1, 2, 3)}
    cells |= {
        "C1": f"=({costs})*{unit}",
        "D1": f"=SUM(A1:A3)*{wide}",
        "D2": f"=(A1-13*B1)*{wide}",
        "D3": f"=(A2-13*B2)*{wide}",
        "D4": f"=(A3-13*B3)*{wide}",
    }
    lines = [
        ("S!$D$1", ">=", repr(_NEEDED * 10.0**row)),
        ("S!$D$2:$D$4", "<=", "0"),
        ("S!$A$1:$A$3", "<=", "13"),
        ("S!$B$1:$B$3", "bin", ""),
    ]
    book = Model(cells, "$C$1", "S!$A$1:$B$3", lines=lines)
    (told,) = book.solve(tmp_path, "--engine", engine).json["models"]
    assert told["status"] == "optimal", told["message"]
    assert told["final"] == pytest.approx(_least() * 10.0**exponent, rel=1e-5)


@pytest.mark.parametrize("exponent", [-9, -6, 0, 6])
def test_a_jump_in_any_unit(exponent: int, tmp_path: Path) -> None:
    """Beyond 3 a charge is dropped; what is told is what the saved cells say."""
    unit = f"{10.0**exponent:.0E}"
    cells = {"A1": 1.0, "C1": f"=(A1+IF(A1>3,0,5))*{unit}"}
    lines = [("S!$A$1", ">=", "1"), ("S!$A$1", "<=", "9")]
    found = Model(cells, "$C$1", "S!$A$1", lines=lines).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["final"] == pytest.approx(3.0 * 10.0**exponent, rel=1e-5)
