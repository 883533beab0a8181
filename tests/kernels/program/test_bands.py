"""Bands: the same numbers block by block, and the same bits by any number of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.kernels.program.test_native import check
from xlcollab.jit import quota
from xlcollab.kernels.program.core import banding, bands
from xlcollab.kernels.program.core.adjoint import gradient
from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.machine import native as machine
from xlcollab.kernels.program.machine import threads
from xlcollab.kernels.program.machine.native import NativeProgram, native
from xlcollab.kernels.program.recording.record import record

ROWS, COLUMNS, FACTORS = 96, 7, 3
RANDOM = np.random.default_rng(3)
DATA = torch.tensor(RANDOM.normal(size=(ROWS, COLUMNS)))
MASK = torch.tensor(RANDOM.random((ROWS, COLUMNS)) < 0.6)
OF_ROW = torch.tensor(RANDOM.integers(0, 5, ROWS))
OF_CELL = torch.tensor(RANDOM.integers(0, 30, (ROWS, COLUMNS)))
START = torch.tensor(RANDOM.normal(size=ROWS * FACTORS + FACTORS * COLUMNS + 30))


@pytest.fixture(autouse=True)
def _small_bands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bands of a few rows, on sheets of any size, and threads back to what they were."""
    before = torch.get_num_threads()
    whole = bands.banded
    monkeypatch.setattr(machine, "banded", lambda graph, plan, kept: whole(graph, plan, kept, 1))
    monkeypatch.setattr(banding, "_BLOCK", 100)
    monkeypatch.setattr(machine, "_WORK_OF_A_THREAD", 1)
    yield
    torch.set_num_threads(before)


def _users(x: Tensor) -> Tensor:
    return x[: ROWS * FACTORS].view(ROWS, FACTORS)


def _items(x: Tensor) -> Tensor:
    return x[ROWS * FACTORS :][: FACTORS * COLUMNS].view(FACTORS, COLUMNS)


PARTS: dict[str, Callable[[Tensor], Tensor]] = {
    "product": lambda x: _users(x) @ _items(x),
    "turned": lambda x: _items(x).T.contiguous() @ _users(x).T,
    "looked up": lambda x: x[-30:][OF_CELL],
    "row looked up": lambda x: _users(x)[OF_ROW] @ _items(x),
    "by row": lambda x: _users(x)[:, :1].expand(ROWS, COLUMNS),
    "by column": lambda x: _items(x)[0].expand(ROWS, COLUMNS),
    "data": lambda x: DATA * x[0],
    "running": lambda x: (_users(x) @ _items(x)).cumsum(1),
    "row sums": lambda x: (_users(x) @ _items(x)).square().sum(1, keepdim=True).sqrt() + DATA,
    "largest": lambda x: (_users(x) @ _items(x)).amax(1, keepdim=True) * DATA,
    "column largest": lambda x: (_users(x) @ _items(x)).amax(0) + DATA,
    "column sums": lambda x: (_users(x) @ _items(x)).sum(0) * DATA,
    "crossed": lambda x: (DATA @ _items(x).T) @ (_users(x).T @ DATA),
}
UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda v: v,
    "sigmoid": torch.sigmoid,
    "masked": lambda v: torch.where(MASK, v - DATA, 0.0),
    "square": torch.square,
    "tanh": torch.tanh,
}
TERM = st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(UNARY)))


def _made(terms: list[tuple[str, str]], x: Tensor) -> Tensor:
    total = torch.zeros(ROWS, COLUMNS, dtype=torch.float64)
    for part, unary in terms:
        value = PARTS[part](x)
        total = total + UNARY[unary](value if value.shape == total.shape else value.T)
    return (total.square().sum() / 100.0).sqrt() + torch.tanh(total).sum(0).amax()


@given(st.lists(TERM, min_size=1, max_size=4))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_random_expressions_agree_with_autograd(terms: list[tuple[str, str]]) -> None:
    leaf = START.clone().requires_grad_()
    value = _made(terms, leaf)
    (slope,) = torch.autograd.grad(value, leaf)
    recording = record(lambda x: [_made(terms, x)], START)
    program = native(recording)
    torch.set_num_threads(1)
    found = program.value_and_gradient(START.numpy())
    assert found is not None
    assert found[0] == pytest.approx(value.item(), rel=1e-12)
    size = float(slope.abs().max())
    np.testing.assert_allclose(found[1], slope.numpy(), atol=1e-12 * size)
    ((view, _),) = recording.outputs
    (plain,) = evaluate(recording.graph, START.numpy(), [gradient(recording.graph, view)])
    np.testing.assert_allclose(found[1], plain, atol=1e-12 * size)
    _same_bits_by_threads(program)


def _same_bits_by_threads(program: NativeProgram) -> None:
    x = START.numpy()
    torch.set_num_threads(1)
    alone = program.value_and_gradient(x)
    assert alone is not None
    for count in (2, 3):
        found = program.by_threads(x, count)
        assert found is not None
        assert found[0] == alone[0]
        np.testing.assert_array_equal(found[1], alone[1])


def test_a_factorisation_is_one_band() -> None:
    def loss(x: Tensor) -> Tensor:
        return (torch.where(MASK, _users(x) @ _items(x) - DATA, 0.0).square().sum() / 9.0).sqrt()

    program = check(loss, START)
    assert len(program.bands) == 1
    _same_bits_by_threads(program)


def test_what_a_band_alone_reads_is_never_whole_in_memory() -> None:
    """The errors of all cells, which are as many as the data, are made block by block."""

    def loss(x: Tensor) -> Tensor:
        return torch.where(MASK, _users(x) @ _items(x) - DATA, 0.0).square().sum()

    program = native(record(lambda x: [loss(x)], START))
    held = program.encoded.arena.size
    given = START.numel() + DATA.numel() + MASK.numel()
    assert held < given + 2 * START.numel() + DATA.numel()


def test_a_batch_and_a_run_go_by_the_same_blocks() -> None:
    program = check(lambda x: _made([("product", "masked"), ("looked up", "square")], x), START)
    x = START.numpy()
    found = program.value_and_gradient(x)
    assert found is not None
    values, slopes = program.batch(np.stack([x, x]))
    assert values.tolist() == [found[0], found[0]]
    np.testing.assert_array_equal(slopes[1], found[1])


def test_a_run_is_the_same_by_one_thread_and_by_two() -> None:
    program = check(lambda x: _made([("product", "masked"), ("looked up", "square")], x), START)
    x, rates = START.numpy(), np.full(5, 0.01)
    found = program.value_and_gradient(x)
    assert found is not None
    options = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    made = []
    for count in (1, 2):
        torch.set_num_threads(count)
        run = program.descent("adam", options, l2=0.1, weight_decay=0.01, clip=1.0)
        made.append(run.advance(x, found[1], rates))
    alone, shared = made
    np.testing.assert_array_equal(alone.ys, shared.ys)
    np.testing.assert_array_equal(alone.rows, shared.rows)
    np.testing.assert_array_equal(alone.gradients, shared.gradients)
    plain = program.descent("gd", {}).advance(x, found[1], rates[:1])
    np.testing.assert_allclose(plain.ys[0], x - 0.01 * found[1], rtol=1e-15)


def test_a_run_that_is_interrupted_while_it_waits_leaves_no_thread_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = check(lambda x: _made([("product", "masked")], x), START)
    ended, waited = [], []

    def slow(whole: object, arena: object, band: int, number: int, count: int) -> None:
        if number:
            time.sleep(0.05)
            ended.append(number)

    def interrupted(others: list[object]) -> None:
        waited.append(others)
        if len(waited) == 1:
            raise KeyboardInterrupt
        wait(others)  # type: ignore[arg-type]

    monkeypatch.setattr(machine, "_share", slow)
    monkeypatch.setattr(machine, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        program.by_threads(START.numpy(), 3)
    assert sorted(ended) == [1, 2]


def test_several_threads_may_ask_one_program() -> None:
    program = check(lambda x: torch.sigmoid(DATA @ x).square().sum(), START[:COLUMNS])
    points = [START[:COLUMNS].numpy() * (1 + i) for i in range(4)]
    alone = [program.value_and_gradient(point) for point in points]
    wrong: list[int] = []

    def ask(i: int) -> None:
        for _ in range(1000):
            found, wanted = program.value_and_gradient(points[i]), alone[i]
            assert found is not None
            assert wanted is not None
            if found[0] != wanted[0] or not np.array_equal(found[1], wanted[1]):
                wrong.append(i)

    asking = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert wrong == []


def test_no_more_threads_than_a_container_may_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch.set_num_threads(3)
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    monkeypatch.setattr(threads, "quota", lambda: quota(tmp_path))
    assert threads.wanted() == 2


def test_without_a_limit_torch_says_how_many(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch.set_num_threads(3)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    monkeypatch.setattr(threads, "quota", lambda: quota(tmp_path))
    assert threads.wanted() == 3


def test_when_python_ends_no_thread_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(2)
    over = threading.Thread()
    monkeypatch.setattr(threading, "main_thread", lambda: over)
    assert threads.wanted() == 1
