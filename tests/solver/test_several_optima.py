"""A model with many valleys: a search that goes down from its start claims its own valley only, and
says how to look further."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solver.models import Model


def rastrigin(n: int, start: float, *, bounded: bool) -> Model:
    terms = "+".join(f"A{i}^2-10*COS(2*PI()*A{i})" for i in range(1, n + 1))
    cells: dict[str, object] = {f"A{i}": start + 0.1 * i for i in range(1, n + 1)}
    area = f"S!$A$1:$A${n}"
    lines = [(area, ">=", "-5"), (area, "<=", "5")] if bounded else []
    return Model({**cells, "C1": f"={10 * n}+{terms}"}, "$C$1", area, lines=lines, free=True)


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_valley_is_called_one_and_the_way_out_is_told(
    n: int, bounded: bool, tmp_path: Path
) -> None:
    found = rastrigin(n, 3.3, bounded=bounded).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["status"] in ("locally_optimal", "best_found"), told
    if told["final"] > 1e-6:
        assert "--multistart" in told["message"]
        assert "--engine global" in told["message"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_way_that_is_told_leads_to_the_lowest(n: int, tmp_path: Path) -> None:
    found = rastrigin(n, 3.3, bounded=True).solve(tmp_path, "--multistart")
    (told,) = found.json["models"]
    assert told["status"] == "best_found"
    assert abs(told["final"]) < 1e-6
    assert "--multistart" not in told["message"]


def test_a_convex_model_needs_no_other_look(tmp_path: Path) -> None:
    cells = {"A1": 3, "A2": 1, "C1": "=EXP(A1)+EXP(-A1)+(A2-2)^2"}
    found = Model(cells, "$C$1", "S!$A$1:$A$2", free=True).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["status"] == "optimal", told
    assert "--multistart" not in told["message"]
