"""Bounds of formulas: every value lies within them, also where its steps are rounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.optim.written import model
from xlcollab.optim import Settings, Status, solve
from xlcollab.optim.algebra.formulas import Algebra, Formula
from xlcollab.optim.algebra.intervals import Interval, intervals
from xlcollab.optim.algebra.values import values

UNARY = (
    "abs", "sq", "inv", "sqrt", "exp", "log", "sin", "cos", "tanh", "atan", "erf", "erfc",
    "sigmoid", "cosh", "sign", "asin", "acos", "floor", "ceil", "trunc", "rint", "not",
)  # fmt: skip
BINARY = ("div", "pow", "largest", "smallest", "lt", "le", "eq", "ne")
NUMBERS = (0.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 1.0, 2.0, 3.0, -0.3, -1.0, 10.0, 1e6)


def random_algebra(random: np.random.Generator) -> Algebra:
    """Three variables and 25 formulas, each of any that stand before it."""
    nodes = [Formula("variable", (), float(place)) for place in range(3)]
    nodes += [Formula("constant", (), float(random.choice(NUMBERS))) for _ in range(4)]
    for _ in range(25):
        before = [int(place) for place in random.integers(0, len(nodes), 4)]
        kind = random.integers(0, 4)
        if kind == 0:
            nodes.append(Formula(str(random.choice(UNARY)), (before[0],)))
        elif kind == 1:
            nodes.append(Formula(str(random.choice(BINARY)), tuple(before[:2])))
        elif kind == 2:
            nodes.append(Formula("where", tuple(before[:3])))
        else:
            op = str(random.choice(("sum", "product")))
            nodes.append(Formula(op, tuple(before[: random.integers(2, 5)])))
    return Algebra(tuple(nodes), tuple(range(len(nodes))))


def having_numbers(written: Algebra, known: np.ndarray) -> list[int]:
    """The formulas that have a number, as has all that they stand on: in a sheet a comparison with
    an error is one."""
    fine: list[bool] = []
    for node, value in zip(written.nodes, known.tolist(), strict=True):
        args = node.args
        if node.op == "where":
            args = (args[0], args[1] if known[args[0]] else args[2])
        fine.append(not math.isnan(value) and all(fine[one] for one in args))
    return [place for place, is_fine in enumerate(fine) if is_fine]


@pytest.mark.parametrize("seed", range(150))
def test_every_value_lies_within_its_bounds(seed: int) -> None:
    random = np.random.default_rng(seed)
    written = random_algebra(random)
    ends = np.sort(random.choice(NUMBERS, (2, 3)), axis=0)
    found = intervals(written, ends[0], ends[1])
    points = [*product(*ends.T), *random.uniform(ends[0], ends[1], (20, 3))]
    for x in points:
        known = values(written, np.array(x))
        for place in having_numbers(written, known):
            low, high = found[place]
            assert low <= known[place] <= high, (x, written.nodes[place], low, high)


def bounds_of(op: str, sides: tuple[list[float], list[float]]) -> Interval:
    """Those of a comparison of two sums of variables that are at least so large, and at most."""
    ends = np.array([*sides[0], *sides[1]])
    left = tuple(range(len(sides[0])))
    right = tuple(range(len(sides[0]), len(ends)))
    nodes = [Formula("variable", (), float(place)) for place in range(len(ends))]
    nodes += [Formula("sum", left), Formula("sum", right)]
    nodes.append(Formula(op, (len(ends), len(ends) + 1)))
    return intervals(Algebra(tuple(nodes), (len(ends) + 2,)), ends, ends)[-1]


@pytest.mark.parametrize("op", ["lt", "le", "eq", "ne"])
@pytest.mark.parametrize(
    "sides",
    [
        ([0.3, 0.0], [0.1, 0.2]),  # the same in the 15 digits that Excel compares
        ([0.1, 0.2], [0.3, 0.0]),
        ([0.6, 0.0], [0.1, 0.2, 0.3]),  # 0.6 or more, by the order
        ([0.1, 0.2, 0.3], [0.6, 0.0]),
    ],
)
def test_what_rounding_decides_is_not_decided(
    op: str, sides: tuple[list[float], list[float]]
) -> None:
    low, high = bounds_of(op, sides)
    truths = {"lt": (0.0,), "le": (1.0,), "eq": (1.0,), "ne": (0.0,)}[op]
    assert all(low <= truth <= high for truth in truths)


def test_what_bounds_decide_is_decided() -> None:
    assert bounds_of("lt", ([1.0, 2.0], [3.5, 0.0])) == (1.0, 1.0)
    assert bounds_of("lt", ([1.0, 2.0], [3.0, 0.0])) == (0.0, 0.0)
    assert bounds_of("le", ([0.1, 0.2, 0.3], [0.7, 0.0])) == (1.0, 1.0)
    assert bounds_of("ne", ([0.1, 0.2, 0.3], [0.7, 0.0])) == (1.0, 1.0)


def _logarithmic(x: Tensor) -> Tensor:
    far = torch.log(x[0] - 5.0)
    return torch.where(x[0] < 20.0, (x[0] - 1.0) ** 2, far**3 + torch.sin(far))


def _formless(x: Tensor) -> Tensor:
    far = torch.erf(x[0])
    return torch.where(x[0] < 20.0, (x[0] - 1.0) ** 2 + torch.sin(x[0]), far * far)


@pytest.mark.parametrize("function", [_logarithmic, _formless])
def test_a_side_that_is_never_taken_leaves_out_no_point(
    function: Callable[[Tensor], Tensor],
) -> None:
    pytest.importorskip("pyscipopt")
    objective, start = model(function, [7.0], box=[(0.0, 10.0)])
    found = solve(objective, start, Settings(method="global", time_limit=60.0))
    alone, _ = model(lambda x: function(x.clamp(max=10.0)), [7.0], box=[(0.0, 10.0)])
    best = min(float(alone.function(torch.tensor([x]))) for x in np.linspace(0, 10, 2001))
    assert found.status is Status.OPTIMAL
    assert found.objective <= best + 1e-9
    assert found.bound <= best + 1e-9
