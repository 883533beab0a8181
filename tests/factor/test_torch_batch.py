"""The engine for GPUs steps like the fused one: on the CPU here, on CUDA where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.factor.data import planted
from xlcollab.errors import UsageError
from xlcollab.factor import ModelSettings, TrainingSettings, estimate_memory, train
from xlcollab.factor.engines import gather_pass, torch_batch, torch_rules
from xlcollab.ratings import RatingsTable
from xlcollab.settings.optimizers import GRADIENT_RULES

cuda = pytest.mark.gpu
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=cuda),
    pytest.param("cuda without triton", marks=cuda),
]


def both(
    monkeypatch: pytest.MonkeyPatch, device: str, table: RatingsTable, model: Any, **options: Any
) -> tuple[Any, Any]:
    """The results of the fused engine and of torch's, told to work on `device`."""
    device, *without = device.split(" without ")
    if without:
        monkeypatch.setattr(torch_batch, "has_triton", lambda: False)
    options = {"epochs": 6, "learning_rate": 0.05, "l2_factors": 0.01} | options
    fused = train(table, model, TrainingSettings(**options))
    monkeypatch.setattr(torch_rules, "device_of", lambda settings: torch.device(device))
    monkeypatch.setattr(gather_pass, "PART", 250)
    return fused, train(table, model, TrainingSettings(**options, device="cuda"))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", GRADIENT_RULES)
@pytest.mark.parametrize("more", [{}, {"batch_size": 200}, {"loss": "rmse", "clip": 0.1}])
def test_same_steps_as_the_fused_engine(
    monkeypatch: pytest.MonkeyPatch, device: str, name: str, more: dict[str, Any]
) -> None:
    model = ModelSettings(n_factors=5, dtype="float64", init_scale=0.2)
    fused, other = both(
        monkeypatch, device, planted(dtype="float64"), model, optimizer=name, **more
    )
    np.testing.assert_allclose(other.column("train_rmse"), fused.column("train_rmse"), rtol=1e-10)
    np.testing.assert_allclose(other.model.user_factors, fused.model.user_factors, atol=1e-9)
    np.testing.assert_allclose(other.model.item_bias, fused.model.item_bias, atol=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_same_steps_within_an_output_range(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    model = ModelSettings(n_factors=5, output_range=(-3.0, 10.0), init_scale=0.2)
    fused, other = both(monkeypatch, device, planted(), model, optimizer="adam")
    np.testing.assert_allclose(other.model.item_factors, fused.model.item_factors, atol=1e-4)


@pytest.mark.gpu
@cuda
@pytest.mark.parametrize("has_triton", [True, False])
@pytest.mark.parametrize("batch_size", [None, 10_000])
def test_a_seed_gives_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, has_triton: bool, batch_size: int | None
) -> None:
    """Hundreds of thousands of additions to few rows: in another order they would round apart."""
    table = planted(4_000, 100, 300_000)
    if has_triton:
        pytest.importorskip("triton")
    monkeypatch.setattr(torch_batch, "has_triton", lambda: has_triton)
    settings = TrainingSettings(optimizer="adam", epochs=3, device="cuda", batch_size=batch_size)
    runs = [train(table, ModelSettings(n_factors=5), settings).model for _ in range(3)]
    for other in runs[1:]:
        assert np.array_equal(other.item_factors, runs[0].item_factors)


@pytest.mark.gpu
@cuda
@pytest.mark.parametrize("has_triton", [True, False])
@pytest.mark.parametrize("batch_size", [None, 50_000])
@pytest.mark.parametrize("shape", [(4_000, 100, 300_000), (20_000, 20_000, 300_000)])
def test_the_memory_stated_is_about_what_is_taken(
    monkeypatch: pytest.MonkeyPatch,
    has_triton: bool,
    batch_size: int | None,
    shape: tuple[int, int, int],
) -> None:
    if has_triton:
        pytest.importorskip("triton")
    monkeypatch.setattr(torch_batch, "has_triton", lambda: has_triton)
    table, model = planted(*shape), ModelSettings(n_factors=20)
    settings = TrainingSettings(optimizer="adam", epochs=3, device="cuda", batch_size=batch_size)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    train(table, model, settings)
    taken = torch.cuda.max_memory_allocated() - before
    stated = estimate_memory(len(table), table.n_users, table.n_items, model, settings).gpu
    print(f"{taken / 1e6:.1f} of {stated / 1e6:.1f} MB")
    assert 0.5 * stated < taken < 1.1 * stated


@pytest.mark.gpu
@cuda
def test_nets_train_on_a_gpu() -> None:
    model = ModelSettings(n_factors=5, hidden_sizes=(16,), hidden_dropouts=(0.1,), init_scale=0.3)
    options: dict[str, Any] = {"optimizer": "adam", "epochs": 20, "learning_rate": 0.02}
    here = train(planted(), model, TrainingSettings(**options)).train.rmse
    there = train(planted(), model, TrainingSettings(**options, device="cuda")).train.rmse
    assert there == pytest.approx(here, rel=0.2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("hidden_sizes", [(), (8,)])
def test_an_absent_gpu_is_said(hidden_sizes: tuple[int, ...]) -> None:
    model = ModelSettings(hidden_sizes=hidden_sizes)
    with pytest.raises(UsageError, match="torch finds no CUDA device here; use device cpu"):
        train(planted(), model, TrainingSettings(optimizer="adam", device="cuda"))
