"""Linear models typed as workbooks beside scipy on the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

import xlcollab as xc
from tests.build import build
from tests.faces.shell import solver_names
from xlcollab.api.solve.solved import Solved
from xlcollab.optim import Status
from xlcollab.ref import cell_name

Array = NDArray[np.float64]
RELATIONS = {1: "<=", 2: "=", 3: ">="}


@dataclass(frozen=True)
class Model:
    """cost · x, with matrix · x in relation (1 ≤, 2 =, 3 ≥) to limits, and lower ≤ x ≤ upper."""

    cost: Array
    matrix: Array
    relations: tuple[int, ...]
    limits: Array
    upper: Array
    maximize: bool
    domain: str = ""
    """"": continuous, "integer" or "binary"."""

    def typed(self, path: Path) -> Path:
        """Variables in row 1, costs in row 2, one constraint a row from row 4 with its limit."""
        n = len(self.cost)
        last = cell_name(0, n - 1)[:-1]
        cells: dict[str, object] = {f"{cell_name(0, j)}": 1.0 for j in range(n)}
        cells |= {cell_name(1, j): value for j, value in enumerate(self.cost.tolist())}
        cells |= {cell_name(2, j): value for j, value in enumerate(self.upper.tolist())}
        for i, row in enumerate(self.matrix.tolist(), 3):
            cells |= {cell_name(i, j): value for j, value in enumerate(row)}
            cells[f"Y{i + 1}"] = f"=SUMPRODUCT($A$1:${last}$1,A{i + 1}:{last}{i + 1})"
            cells[f"Z{i + 1}"] = float(self.limits[i - 3])
        cells["AA1"] = f"=SUMPRODUCT(A1:{last}1,A2:{last}2)+7"
        return build(path, {"lp": cells}, solver_names("lp", **self._names(last)))

    def _names(self, last: str) -> dict[str, str]:
        variables = f"lp!$A$1:${last}$1"
        lines = [
            (f"lp!$Y${i}", relation, f"lp!$Z${i}") for i, relation in enumerate(self.relations, 4)
        ]
        lines.append((variables, 1, f"lp!$A$3:${last}$3"))
        if self.domain:
            lines.append((variables, {"integer": 4, "binary": 5}[self.domain], self.domain))
        names = {"opt": "lp!$AA$1", "adj": variables, "typ": "1" if self.maximize else "2"}
        names |= {"neg": "1", "num": str(len(lines)), "eng": "2"}
        for number, (left, relation, right) in enumerate(lines, 1):
            names |= {f"lhs{number}": left, f"rel{number}": str(relation), f"rhs{number}": right}
        return names

    def judged(self) -> float | None:
        """What scipy finds: the objective, or None where there is no optimum."""
        sign = -1.0 if self.maximize else 1.0
        relation = np.array(self.relations)
        lower = np.where(relation == 1, -np.inf, self.limits)
        upper = np.where(relation == 3, np.inf, self.limits)
        found = milp(
            sign * self.cost,
            integrality=np.full(len(self.cost), int(bool(self.domain))),
            bounds=Bounds(np.zeros_like(self.upper), self._upper()),
            constraints=LinearConstraint(self.matrix, lower, upper),
            options={"mip_rel_gap": 0.0},
        )
        return None if found.x is None else sign * float(found.fun) + 7

    def _upper(self) -> Array:
        return np.minimum(self.upper, 1.0) if self.domain == "binary" else self.upper


def drawn(seed: int, domain: str) -> Model:
    """A random model; about one in three has equalities, a few have no solution."""
    r = np.random.default_rng(seed)
    n, m = int(r.integers(2, 7)), int(r.integers(1, 6))
    return Model(
        cost=np.round(r.normal(size=n) * 5, 2),
        matrix=np.round(r.normal(size=(m, n)) * 3 + 1, 2),
        relations=tuple(int(one) for one in r.choice([1, 1, 3, 2], size=m)),
        limits=np.round(r.normal(size=m) * 4 + 8, 1),
        upper=np.round(r.uniform(1, 9, size=n), 0),
        maximize=bool(r.random() < 0.5),
        domain=domain,
    )


def _solved(model: Model, path: Path) -> Solved:
    return xc.open(model.typed(path)).solve(history=False)


@pytest.mark.parametrize("domain", ["", "integer", "binary"])
@pytest.mark.parametrize("seed", range(12))
def test_random_models_agree_with_scipy(seed: int, domain: str, tmp_path: Path) -> None:
    model = drawn(seed, domain)
    expected = model.judged()
    solved = _solved(model, tmp_path / "lp.xlsx")
    assert solved.solution.method == "highs"
    if expected is None:
        assert solved.status is Status.INFEASIBLE
        return
    assert solved.status is Status.OPTIMAL
    assert solved.objective == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert solved.solution.max_violation < 1e-6
    if domain:
        assert (solved.weights == np.round(solved.weights)).all()


def test_some_of_the_random_models_have_an_end_and_some_have_none() -> None:
    ends = [drawn(seed, domain).judged() for seed in range(12) for domain in ("", "integer")]
    assert 3 <= sum(end is None for end in ends) <= 12


def test_multipliers_are_those_of_linprog(tmp_path: Path) -> None:
    model = Model(
        cost=np.array([3.0, 5.0]),
        matrix=np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]]),
        relations=(1, 1, 1),
        limits=np.array([4.0, 12.0, 18.0]),
        upper=np.array([1e4, 1e4]),
        maximize=True,
    )
    judge = linprog(-model.cost, A_ub=model.matrix, b_ub=model.limits)
    solved = _solved(model, tmp_path / "lp.xlsx")
    assert solved.objective == pytest.approx(43.0)
    assert solved.weights == pytest.approx([2.0, 6.0])
    assert solved.solution.multipliers.tolist() == pytest.approx(
        (-judge.ineqlin.marginals).tolist()
    )


def test_a_transport_plan_with_sums_over_a_block(tmp_path: Path) -> None:
    """Supplies 20 and 30, demands 10, 25, 15: rows and columns of one block are summed."""
    costs = np.array([[4.0, 6.0, 9.0], [5.0, 3.0, 2.0]])
    cells: dict[str, object] = {f"{c}{r}": 0.0 for c in "ABC" for r in (1, 2)}
    for r in (0, 1):
        cells |= {f"{c}{r + 6}": float(costs[r, j]) for j, c in enumerate("ABC")}
        cells |= {f"E{r + 1}": f"=SUM(A{r + 1}:C{r + 1})", f"F{r + 1}": (20.0, 30.0)[r]}
    for c, demand in zip("ABC", (10.0, 25.0, 15.0), strict=True):
        cells |= {f"{c}4": f"=SUM({c}1:{c}2)", f"{c}5": demand}
    cells["H1"] = "=SUMPRODUCT(A1:C2,A6:C7)"
    path = build(tmp_path / "plan.xlsx", {"plan": cells})
    book = xc.open(path)
    model = book.model(
        minimize="H1",
        by_changing="A1:C2",
        subject_to=["E1:E2<=F1:F2", "A4:C4>=A5:C5"],
        non_negative=True,
    )
    judge = linprog(
        costs.ravel(),
        A_ub=np.vstack([np.kron(np.eye(2), np.ones(3)), -np.kron(np.ones(2), np.eye(3))]),
        b_ub=[20, 30, -10, -25, -15],
    )
    solved = book.solve(model)
    assert solved.solution.method == "highs"
    assert solved.objective == pytest.approx(judge.fun)
