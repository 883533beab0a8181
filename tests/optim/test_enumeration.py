"""Small sets of whole numbers and orders are gone through: against itertools, and where it ends."""

from __future__ import annotations

import itertools
import math
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.optim import Objective, Settings, Solution, Status, solve
from xlcollab.optim.evolution.domain import Array, Domain, propagated
from xlcollab.optim.evolution.enumeration import MOST, best_of_all, seconds_for_all
from xlcollab.optim.evolution.scorer import Scorer, Scores
from xlcollab.optim.nonlinear.sized import TimeIsUpError

WEIGHTS = torch.tensor([0.9, -1.7, 2.3, 0.4])


def bumpy(x: Tensor) -> Tensor:
    """Nothing that a slope leads down; scalar."""
    return (torch.cos(5.0 * x * WEIGHTS[: len(x)]) * (1.0 + 0.1 * x)).sum()


def solved(
    sides: list[tuple[float, float]], method: str = "evolutionary", **parts: Any
) -> Solution:
    lower, upper = (torch.tensor(side).double() for side in zip(*sides, strict=True))
    objective = Objective(
        function=bumpy,
        lower=lower,
        upper=upper,
        integer=parts.pop("integer", torch.ones(len(sides), dtype=torch.bool)),
        **parts,
    )
    return solve(objective, lower.clone(), Settings(method=method))


BOXES = [
    [(0.0, 3.0)],
    [(0.0, 3.0), (-2.0, 2.0), (1.0, 4.0)],
    [(-5.0, -5.0), (0.0, 9.0)],
    [(-9.0, 9.0), (-9.0, 9.0), (0.0, 12.0)],
]


@pytest.mark.parametrize("sides", BOXES, ids=str)
@pytest.mark.parametrize("method", ["branch", "evolutionary"])
def test_all_combinations_are_evaluated(sides: list[tuple[float, float]], method: str) -> None:
    ranges = [range(int(low), int(high) + 1) for low, high in sides]
    values = [float(bumpy(torch.tensor(x).double())) for x in itertools.product(*ranges)]
    found = solved(sides, method)
    assert found.status is Status.OPTIMAL
    assert found.method == method
    assert found.objective == pytest.approx(min(values), abs=1e-12)
    assert f"All {len(values)} combinations of the whole numbers were evaluated." in found.message


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_constraints_are_held(sign: float) -> None:
    """They narrow the box that is gone through, from either side."""

    def with_sum(total: float) -> Solution:
        limit = torch.tensor([sign * total])
        ends = {"constraint_lower": limit, "constraint_upper": limit}
        return solved([(0.0, 5.0)] * 2, constraints=lambda x: sign * x.sum()[None], **ends)

    pairs = [x for x in itertools.product(range(6), range(6)) if sum(x) == 9]
    best = min(float(bumpy(torch.tensor(x).double())) for x in pairs)
    assert with_sum(9.0).objective == pytest.approx(best, abs=1e-12)
    assert with_sum(11.0).status is Status.INFEASIBLE


def test_rows_narrow_a_box_to_what_they_leave() -> None:
    rows = np.array([[1.0, 2.0], [-1.0, 0.0]])
    low, high = np.array([-4.0, -math.inf]), np.array([6.0, 1.0])
    found = propagated(rows, low, high, np.array([-9.0, 0.0]), np.array([9.0, 9.0]))
    assert found[0].tolist() == [-1.0, 0.0]
    assert found[1].tolist() == [6.0, 3.5]


@pytest.mark.parametrize("n", [1, 3, 6])
def test_all_orders_are_evaluated(n: int) -> None:
    """The cheapest way through all places, by its length."""
    places = torch.tensor(np.random.default_rng(n).random((n, 2)))

    def length(x: Tensor) -> Tensor:
        way = places[(x.detach().long() - 1).clamp(0, n - 1)]
        return (way - way.roll(1, 0)).norm(dim=1).sum() + 0.0 * x.sum()

    objective = Objective(
        function=length,
        lower=torch.ones(n),
        upper=torch.full((n,), float(n)),
        integer=torch.ones(n, dtype=torch.bool),
        alldifferent=(np.arange(n),),
    )
    found = solve(objective, torch.arange(1.0, n + 1).double(), Settings(method="evolutionary"))
    orders = itertools.permutations(range(1, n + 1))
    best = min(float(length(torch.tensor(order).double())) for order in orders)
    assert found.objective == pytest.approx(best, abs=1e-12)
    assert sorted(found.x.tolist()) == list(range(1, n + 1))
    assert f"All {math.factorial(n)} orders were evaluated." in found.message


@pytest.mark.parametrize(("side", "whole"), [(MOST - 1, True), (MOST, False)])
def test_more_than_so_many_are_searched(side: int, whole: bool) -> None:
    found = solved([(0.0, float(side))])
    assert ("combinations of the whole numbers were evaluated" in found.message) is whole
    assert (found.status is Status.OPTIMAL) is whole


@pytest.mark.parametrize(
    ("sides", "more"),
    [
        ([(0.0, math.inf)], {}),
        ([(-math.inf, 3.0)], {}),
        ([(0.0, 3.0), (0.0, 3.0)], {"integer": torch.tensor([True, False])}),
    ],
    ids=["no upper end", "no lower end", "not all are whole"],
)
def test_what_has_no_end_is_searched(
    sides: list[tuple[float, float]], more: dict[str, Any]
) -> None:
    lower, upper = (torch.tensor(side).double() for side in zip(*sides, strict=True))
    integer = more.get("integer", torch.ones(len(sides), dtype=torch.bool))
    objective = Objective(function=bumpy, lower=lower, upper=upper, integer=integer)
    start = torch.ones(len(sides)).double()
    found = solve(objective, start, Settings(method="evolutionary", iterations=5))
    assert "combinations of the whole numbers" not in found.message


class _Ends:
    """A scorer whose time is up after so many calls; the best is the point nearest to 3."""

    takes_many = True

    def __init__(self, calls: int, stop: type[BaseException]) -> None:
        self._calls, self._stop = calls, stop

    def __call__(self, points: Array) -> Scores:
        self._calls -= 1
        if self._calls < 0:
            raise self._stop
        return Scores(np.abs(points - 3.0).sum(axis=1), np.zeros(len(points)))


@pytest.mark.parametrize("stop", [TimeIsUpError, KeyboardInterrupt])
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_what_was_tried_by_the_end_of_time_counts(calls: int, stop: type[BaseException]) -> None:
    lower, never = np.zeros(3), np.zeros(3, np.bool_)
    domain = Domain(lower, lower + 40.0, ~never, (), never, never)
    told: list[Array] = []
    with pytest.raises(stop):
        best_of_all(cast(Scorer, _Ends(calls, stop)), domain, told.append)
    expected = [[], [[2.0, 3.0, 3.0]], [[3.0, 3.0, 3.0]]]
    assert [one.tolist() for one in told] == expected[calls]


def test_time_for_all_is_told_by_some() -> None:
    """Too many are not tried at all, nor is what no program takes together."""
    lower, never = np.zeros(3), np.zeros(3, np.bool_)
    scorer = _Ends(99, TimeIsUpError)
    few = Domain(lower, lower + 40.0, ~never, (), never, never)
    assert 0.0 < seconds_for_all(cast(Scorer, scorer), few) < 1.0
    many = Domain(lower, lower + 4000.0, ~never, (), never, never)
    assert seconds_for_all(cast(Scorer, scorer), many) == math.inf
    scorer.takes_many = False
    assert seconds_for_all(cast(Scorer, scorer), few) == math.inf
