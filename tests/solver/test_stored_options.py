"""Each option of Solver's dialog, stored in a book: what it does here, or that it does nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.build import build
from tests.faces.shell import solver_names, xlcollab
from tests.solver.models import Model
from xlcollab.api.solve.limits import less_precise
from xlcollab.problems import SolverModel, SolverOptions

_CURVE = Model(
    {"A1": -1.2, "A2": 1.0, "B1": "=100*(A2-A1^2)^2+(1-A1)^2", "B2": "=A1^2+A2^2"},
    "B1",
    "S!$A$1:$A$2",
    lines=[("S!$B$2", "<=", "1.5")],
    free=True,
)
_WAVES = Model(
    {"A1": 3.3, "B1": "=A1^2+10-10*COS(2*PI()*A1)"},
    "B1",
    "S!$A$1",
    lines=[("S!$A$1", ">=", "-5"), ("S!$A$1", "<=", "5")],
    free=True,
)
_WEIGHTS = [412, 387, 561, 298, 745, 633, 219, 508, 671, 354, 827, 466]
_SACK = Model(
    {f"A{i}": 0.0 for i in range(1, 13)}
    | {f"B{i}": float(weight) for i, weight in enumerate(_WEIGHTS, 1)}
    | {f"C{i}": weight + 7.0 * (i % 5) for i, weight in enumerate(_WEIGHTS, 1)}
    | {"D1": "=SUMPRODUCT(A1:A12,B1:B12)", "D2": "=SUMPRODUCT(A1:A12,C1:C12)"},
    "D2",
    "S!$A$1:$A$12",
    "1",
    lines=[("S!$A$1:$A$12", "bin", "binary"), ("S!$D$1", "<=", "3001")],
)


@dataclass(frozen=True)
class Stored:
    """An option as a file stores it, on a model, and what has to come of it."""

    options: dict[str, str]
    model: Model
    engine: str
    told: dict[str, Any]


_STORED = {
    "multistart": Stored({"eng": "1", "msl": "1"}, _WAVES, "stored", {"final": 0.0}),
    "one start": Stored({"eng": "1", "msl": "2"}, _WAVES, "stored", {"method": "sqp"}),
    "solutions": Stored({"eng": "2", "mip": "1"}, _SACK, "stored", {"status": "best_found"}),
    "whole numbers ignored": Stored({"eng": "2", "rlx": "1"}, _SACK, "stored", {"gap": 0.0}),
    "bounds required": Stored(
        {"eng": "3", "rbv": "1", "ssz": "20"}, replace(_WAVES, lines=()), "stored", {"final": 0.0}
    ),
    "convergence": Stored({"eng": "1", "cvg": "0.9"}, _CURVE, "stored", {"final": 0.0086156507}),
    "precision": Stored({"eng": "1", "pre": "0.9"}, _CURVE, "stored", {"max_violation": 0.0}),
    "how GRG searches": Stored(
        {"eng": "1", "drv": "2", "est": "2", "nwt": "2", "scl": "2", "sho": "1"},
        _CURVE,
        "stored",
        {"final": 0.0086156507},
    ),
}


@pytest.mark.parametrize("name", _STORED)
def test_what_a_stored_option_does(name: str, tmp_path: Path) -> None:
    """Through the command line; a limit that is met ends the run, one that GRG alone has does
    nothing."""
    one = _STORED[name]
    model = replace(one.model, more=one.options)
    (found,) = model.solve(tmp_path, "--engine", one.engine).json["models"]
    for key, value in one.told.items():
        expected = value if isinstance(value, str) else pytest.approx(value, abs=1e-6)
        assert found[key] == expected, found


@pytest.mark.parametrize(
    ("precision", "missed", "says"),
    [(1e-9, 1e-8, True), (1e-9, 1e-10, False), (1e-6, 1e-3, False), (0.1, 0.05, False)],
)
def test_a_stricter_precision_that_is_missed_is_told(
    precision: float, missed: float, says: bool
) -> None:
    options = SolverOptions(precision=precision)
    model = SolverModel("S", None, "satisfy", 0.0, (), options=options)
    assert bool(less_precise(model, missed)) is says


def test_a_stored_engine_that_does_not_fit_refuses_its_own_model_alone(tmp_path: Path) -> None:
    """It ended the whole command as wrong usage, other models of the book unsolved."""
    cells = {"A1": 1.0, "B1": "=A1^4+A1"}
    names = solver_names("S", opt="S!B1", adj="S!A1", typ="2", eng="2", num="0")
    names += solver_names("T", opt="T!B1", adj="T!A1", typ="2", eng="1", num="0")
    path = build(tmp_path / "b.xlsx", {"S": cells, "T": cells}, names)
    found = xlcollab("solve", path, "--json", "--engine", "stored")
    assert found.code == 3
    first, second = found.json["models"]
    assert (first["status"], "Simplex" in first["message"]) == ("refused", True)
    assert second["final"] == pytest.approx(0.0, abs=1e-6)
