"""The passes: what a typed formula becomes, and that it stays the same number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.kernels.functions.maths.elementwise import exponential
from xlcollab.kernels.program.core import rewrite
from xlcollab.kernels.program.core.graph import Graph, View
from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.core.rewrite import rewritten
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.core.strides import Dims
from xlcollab.kernels.program.recording.record import record
from xlcollab.kernels.values.guard import safe_divide, safe_log, safe_sqrt

DATA = torch.tensor(np.random.default_rng(0).normal(size=(30, 4)))
START = torch.tensor(np.random.default_rng(1).normal(size=40))


def operations(function: Callable[[Tensor], Tensor]) -> Counter[str]:
    """What a function comes to after the passes, checked against the function itself."""
    recording = record(lambda x: [function(x)], START)
    ((view, _),) = recording.outputs
    value = function(START.clone().requires_grad_()).item()
    graph, now = rewritten(recording.graph, [view.node])
    for of, node in ((recording.graph, view.node), (graph, now[view.node])):
        (buffer,) = evaluate(of, START.numpy(), [node])
        assert buffer[view.offset] == pytest.approx(value, rel=1e-13)
    return made_of(graph, now[view.node])


def made_of(graph: Graph, node: int) -> Counter[str]:
    names = [graph[number].op for number in needed(graph, [node])]
    return Counter(name for name in names if name not in ("constant", "variables"))


def test_a_typed_sum_of_products_is_one_contraction() -> None:
    def net(x: Tensor) -> Tensor:
        weights, total = x[:32].view(4, 8), x[32:40].view(1, 8)
        for i in range(4):
            total = total + DATA[:, i : i + 1].clone() * weights[i : i + 1]
        return total.square().sum()

    found = operations(net)
    assert found["contract"] == 1
    assert found["mul"] == 0


def test_products_that_are_taken_away_are_one_contraction() -> None:
    def errors(x: Tensor) -> Tensor:
        left = DATA[:, 0] + x[4]
        for i in range(4):
            left = left - DATA[:, i].clone() * x[i]
        return (left - x[5] + (x[6] - DATA[:, 1] * x[7] - DATA[:, 2] * x[8])).square().sum()

    found = operations(errors)
    assert found["contract"] == 2
    assert found["mul"] == 0


def test_columns_of_variables_step_as_well() -> None:
    def rows(x: Tensor) -> Tensor:
        a, b = x[:20].view(5, 4), x[20:40].view(4, 5)
        total = a[:, 0:1] * b[0:1]
        for i in range(1, 4):
            total = total + a[:, i : i + 1] * b[i : i + 1]
        return total.sin().sum()

    assert operations(rows) == Counter({"contract": 1, "sin": 1, "place": 1})


def test_a_sum_of_spread_products_is_a_contraction() -> None:
    def sums(x: Tensor) -> Tensor:
        return (DATA[:, None, :] * x[:12].view(1, 3, 4)).sum(2).exp().mean()

    found = operations(sums)
    assert found["contract"] == 1
    assert found["mul"] == 0


def test_the_larger_of_two_stacked_is_elementwise() -> None:
    def relu(x: Tensor) -> Tensor:
        return torch.stack([torch.zeros(40, dtype=torch.float64), x]).amax(0).square().sum()

    assert operations(relu) == Counter({"max": 1, "sq": 1, "place": 1})


def test_the_guards_of_functions_are_one_operation_each() -> None:
    def guarded(x: Tensor) -> Tensor:
        quotient, zero = safe_divide(exponential(x), x)
        assert zero is not None
        quotient = torch.where(zero, torch.nan, quotient)
        return (safe_log(quotient.square()) + safe_sqrt(x.square())).sum()

    found = operations(guarded)
    assert found == Counter(
        {"expn": 1, "divn": 1, "sq": 2, "logn": 1, "sqrtn": 1, "add": 1, "place": 1}
    )


def test_what_the_exact_tape_makes_of_a_number_is_two_operations() -> None:
    def exact(x: Tensor) -> Tensor:
        number = x * x[0]
        tiny = (number.abs() < 2.0**-1022) & (number != 0.0)
        return torch.where(tiny, 0.0, number).sum() + (~torch.isfinite(number)).double().sum()

    assert operations(exact) == Counter({"mul": 1, "normal": 1, "lost": 1, "place": 2, "add": 1})


def test_a_positive_divisor_needs_no_guard() -> None:
    def logistic(x: Tensor) -> Tensor:
        quotient, zero = safe_divide(torch.ones_like(x), 1 + exponential(-x))
        assert zero is not None
        return torch.where(zero, torch.nan, quotient).sum()

    assert operations(logistic) == Counter({"neg": 1, "expn": 1, "add": 1, "div": 1, "place": 1})


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda x: (x + 0.0).sum(), {}),
        (lambda x: (x * 1.0 / 1.0 - 0.0).sum(), {}),
        (lambda x: x.neg().neg().sum(), {}),
        (lambda x: (x * x + x * x).sum(), {"sq": 1, "add": 1}),
        (lambda x: torch.where(DATA[0, 0] > -9, x, x.exp()).sum(), {}),
        (lambda x: (x.clone().view(8, 5) * 2.0).sum(), {"mul": 1}),
    ],
)
def test_algebra_leaves(function: Callable[[Tensor], Tensor], left: dict[str, int]) -> None:
    assert operations(function) == Counter({**left, "place": 1})


@pytest.mark.parametrize(
    ("function", "products", "order"),
    [
        (lambda x: (2.0 * torch.where(DATA > 0, x[0], 0.0)).square().sum(), 1, "mul where"),
        (lambda x: (torch.where(x[:4] > 0, x[0], 0.0) * 2.0).square().sum(), 1, "mul where"),
        (
            lambda x: (2.0 * torch.where(DATA[:10] > 0, x.view(10, 4), 0.0)).square().sum(),
            40,
            "where mul",
        ),
        (lambda x: (2.0 * torch.where(DATA > 0, x[0], 1.0)).square().sum(), 120, "where mul"),
    ],
)
def test_one_number_that_is_chosen_is_multiplied_once(
    function: Callable[[Tensor], Tensor], products: int, order: str
) -> None:
    """c · where(mask, a, 0): many products are one where `a` is one number and 0 stands beside."""
    operations(function)  # the same value
    ((view, _),) = (recording := record(lambda x: [function(x)], START)).outputs
    graph, now = rewritten(recording.graph, [view.node])
    nodes = [graph[number] for number in needed(graph, [now[view.node]])]
    assert [node.size for node in nodes if node.op == "mul"] == [products]
    assert [node.op for node in nodes if node.op in ("mul", "where")] == order.split()


def test_a_long_chain_is_not_looked_through_for_every_link(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    of_chain = rewrite.of_chain

    def counted(graph: Graph, shape: Dims, *terms: Sequence[View]) -> View | None:
        looked_at.append(sum(map(len, terms)))
        return of_chain(graph, shape, *terms)

    def long(x: Tensor) -> Tensor:
        total = x[:1]
        for i in range(500):
            total = total + (x[i % 40 : i % 40 + 1] * (1.0 + i)).sin()
        return total.sum()

    monkeypatch.setattr(rewrite, "of_chain", counted)
    operations(long)
    assert max(looked_at) > 400
    assert sum(looked_at) < 5_000  # 125,000 with every link
