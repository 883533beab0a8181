"""The kernel for CUDA devices in Triton's interpreter, which runs it on the CPU, number by number.

Slow, so the tables are tiny; on a CUDA device the kernel itself runs in `test_torch_batch`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.factor.data import planted
from xlcollab.factor import ModelSettings, TrainingSettings, train
from xlcollab.factor.engines import torch_batch, torch_rules
from xlcollab.factor.engines.gather_pass import GatherPass
from xlcollab.factor.passes.output import Output
from xlcollab.settings.optimizers import GRADIENT_RULES

pytest.importorskip("triton")
pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="the device itself is there")

_SHAPE = (6, 5, 20)
_PLAIN = Output(3.0, 0.0, 0.0, (1.0, 5.0), clip=False)
_RANGED = Output(0.2, -3.0, 13.0, (1.0, 5.0), clip=False)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the kernel, with pieces short enough for a row to have several."""
    from xlcollab.factor.engines import triton_pass

    monkeypatch.setattr(triton_pass, "PIECE", 3)
    return triton_pass


@pytest.mark.parametrize("output", [_PLAIN, _RANGED], ids=["plain", "within a range"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 5, 8])
def test_a_pass_gives_the_sums_of_torchs_own_operations(
    kernels: Any, output: Output, dtype: str, width: int
) -> None:
    table = planted(*_SHAPE, dtype=dtype)
    users, items = torch.from_numpy(table.users), torch.from_numpy(table.items)
    data = users, items, torch.from_numpy(table.ratings.astype(dtype))
    shape = table.n_users, table.n_items
    generator = torch.Generator().manual_seed(width)
    rows = [torch.randn(n, width, generator=generator).to(data[2].dtype) for n in shape]
    found, squared = kernels.TritonPass.of(*data, shape, output).gradients(*rows)
    wanted, right = GatherPass.of(*data, shape, output).gradients(*rows)
    close = {"rtol": 1e-4, "atol": 1e-3} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-11}
    for one, other in zip([*found, squared], [*wanted, right], strict=True):
        torch.testing.assert_close(one, other, **close)


def test_rows_without_ratings_have_no_slope(kernels: Any) -> None:
    users, items = torch.tensor([3, 3, 3]), torch.tensor([1, 0, 1])
    data = users, items, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    rows = [torch.ones(n, 2, dtype=torch.float64) for n in (5, 4)]
    (of_users, of_items), _ = kernels.TritonPass.of(*data, (5, 4), _PLAIN).gradients(*rows)
    assert not of_users[[0, 1, 2, 4]].any()
    assert not of_items[[2, 3]].any()
    assert of_users[3].tolist() == [9.0, 9.0]


@pytest.mark.parametrize("name", GRADIENT_RULES)
@pytest.mark.parametrize("more", [{}, {"batch_size": 12}])
def test_a_fit_steps_like_the_fused_engine(
    monkeypatch: pytest.MonkeyPatch, kernels: Any, name: str, more: dict[str, Any]
) -> None:
    table = planted(*_SHAPE, dtype="float64")
    model = ModelSettings(n_factors=3, dtype="float64", init_scale=0.2)
    options: dict[str, Any] = {"optimizer": name, "epochs": 2, "learning_rate": 0.05} | more
    fused = train(table, model, TrainingSettings(**options))

    def on_the_cpu(data: tuple[Tensor, ...], shape: tuple[int, int], output: Output) -> object:
        return kernels.TritonPass.of(*data, shape, output)

    monkeypatch.setattr(torch_rules, "device_of", lambda settings: torch.device("cpu"))
    monkeypatch.setattr(torch_batch, "pass_over", on_the_cpu)
    other = train(table, model, TrainingSettings(**options, device="cuda"))
    np.testing.assert_allclose(other.column("train_rmse"), fused.column("train_rmse"), rtol=1e-10)
    np.testing.assert_allclose(other.model.user_factors, fused.model.user_factors, atol=1e-9)
