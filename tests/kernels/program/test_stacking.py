"""Blocks that were typed column by column: the same numbers, and as few nodes as filled ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xlcollab.kernels.program.core.graph import Graph
from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.core.rewrite import rewritten
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.lower import lowered_plainly
from xlcollab.kernels.program.recording.record import record

ROWS, INPUTS, HIDDEN, SECOND = 30, 4, 6, 5
DATA = torch.tensor(np.random.default_rng(0).normal(size=(ROWS, INPUTS)))
START = torch.tensor(np.random.default_rng(1).normal(size=120))


def after(function: Callable[[Tensor], Tensor]) -> list[str]:
    """What is left after the passes, by its operations, checked against the function."""
    recording = record(lambda x: [function(x)], START)
    ((view, _),) = recording.outputs
    graph, now = rewritten(recording.graph, [view.node])
    for x in (START, START.flip(0)):
        (buffer,) = evaluate(graph, x.numpy(), [now[view.node]])
        assert buffer[view.offset] == pytest.approx(function(x).item(), rel=1e-12)
    assert lowered_plainly(function, START) is not None  # its slopes are those of autograd
    return operations(graph, now[view.node])


def operations(graph: Graph, node: int) -> list[str]:
    names = [graph[number].op for number in needed(graph, [node])]
    return [name for name in names if name not in ("constant", "variables")]


def layer(inputs: Sequence[Tensor], weights: Tensor, bias: Tensor) -> list[Tensor]:
    """Column after column: a sum of products of earlier columns, and a bias."""
    found = []
    for j in range(weights.shape[1]):
        total = bias[j]
        for i, column in enumerate(inputs):
            total = total + column * weights[i, j]
        found.append(torch.where(total > 0, total, 0.0))
    return found


def test_a_net_typed_column_by_column_is_two_products() -> None:
    def function(x: Tensor) -> Tensor:
        cut = INPUTS * HIDDEN
        hidden = layer(DATA.unbind(1), x[:cut].view(INPUTS, HIDDEN), x[cut:])
        rest = x[40:]
        second = layer(hidden, rest[: HIDDEN * SECOND].view(HIDDEN, SECOND), rest[60:])
        return torch.stack(second).square().mean()

    left = after(function)
    assert left.count("contract") == 2
    assert len(left) < 25


def test_products_of_a_table_with_row_after_row_are_one() -> None:
    def function(x: Tensor) -> Tensor:
        left, right = x[:40].view(10, 4), x[40:80].view(10, 4)
        columns = [(left * row).sum(1) + row[0] for row in right]
        return (torch.stack(columns, 1) - 1.0).square().sum()

    left = after(function)
    assert left.count("contract") == 1
    assert len(left) < 10


@pytest.mark.parametrize("columns", [(0, 1, 2, 3), (3, 0, 1), (0, 2, 3)])
def test_columns_that_are_looked_up_in_the_same_places_are_looked_up_once(
    columns: tuple[int, ...],
) -> None:
    users, items = torch.randint(10, (2, 50), generator=torch.Generator().manual_seed(0))

    def function(x: Tensor) -> Tensor:
        left, right = x[:40].view(10, 4), x[40:80].view(10, 4)
        found = [left[:, i].clone()[users] * right[:, i].clone()[items] for i in columns]
        return (sum(found[1:], found[0]) - 1.0).square().sum()

    left = after(function)
    assert left.count("gather") == 2
    assert left.count("contract") == 1


PARTS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "row": lambda x, i: x[6 * i : 6 * i + 6],
    "column": lambda x, i: x[:60].view(6, 10)[:, i],
    "given": lambda x, i: DATA[:6, 0] * x[i] + i,
    "product": lambda x, i: (x[:24].view(6, 4) @ x[30 + 4 * i : 34 + 4 * i].view(4, 1)).view(6),
    "turned": lambda x, i: (x[30 + 4 * i : 34 + 4 * i].view(1, 4) @ x[:24].view(4, 6)).view(6),
    "both": lambda x, i: (
        x[4 * i : 4 * i + 24].view(6, 4) @ x[40 + 4 * i : 44 + 4 * i].view(4, 1)
    ).view(6),
    "batches": lambda x, i: (
        x[12 * i : 12 * i + 12].view(2, 3, 2) @ x[60 + 4 * i : 64 + 4 * i].view(2, 2, 1)
    ).view(6),
    "sum": lambda x, i: x[7 * i : 7 * i + 12].view(6, 2).sum(1),
    "looked up": lambda x, i: x[:60].view(6, 10)[torch.tensor([3, 1, 0, 3, 5, 4]), i],
    "picked": lambda x, i: x[torch.tensor([3, 1, 0, 3, 9, 5]) + i],
}
JOINS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": torch.add,
    "*": torch.mul,
    "max": torch.maximum,
    "sine": lambda a, b: (a - b).sin(),
}


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(JOINS))),
        min_size=1,
        max_size=4,
    ),
    st.permutations(range(5)),
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_random_columns_are_the_same_numbers(
    steps: list[tuple[str, str]], order: list[int]
) -> None:
    def function(x: Tensor) -> Tensor:
        columns = []
        for i in order:
            column = x[i : i + 6]
            for part, join in steps:
                column = JOINS[join](column, PARTS[part](x, i))
            columns.append(column)
        joined = torch.stack(columns, 1)
        return joined.square().sum() + columns[2].sum() * joined[1].sum() + columns[0][3]

    after(function)
