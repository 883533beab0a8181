"""Every gradient rule equals torch.optim's of the same name, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.factor.data import planted
from tests.factor.judges import Judge
from xlcollab.factor import ModelSettings, Progress, TrainingSettings, train
from xlcollab.factor.engines import gradient
from xlcollab.factor.passes.rules import RULES
from xlcollab.optim.methods import update_rule
from xlcollab.settings.optimizers import GRADIENT_RULES

RATE, STEPS, L2 = 0.05, 7, (0.02, 0.005)
MODEL = ModelSettings(n_factors=5, global_bias=False, dtype="float64", clip_output=False)

TORCH: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "gd": lambda groups: torch.optim.SGD(groups, RATE),
    "momentum": lambda groups: torch.optim.SGD(groups, RATE, momentum=0.8),
    "nesterov": lambda groups: torch.optim.SGD(groups, RATE, momentum=0.8, nesterov=True),
    "adagrad": lambda groups: torch.optim.Adagrad(groups, RATE),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, RATE, alpha=0.97),
    "adam": lambda groups: torch.optim.Adam(groups, RATE, betas=(0.85, 0.99)),
    "adamw": lambda groups: torch.optim.AdamW(groups, RATE, betas=(0.85, 0.99)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8},
    "rmsprop": {"rho": 0.97},
    "adam": {"beta1": 0.85, "beta2": 0.99},
    "adamw": {"beta1": 0.85, "beta2": 0.99},
}


def groups_of(judge: Judge) -> list[dict[str, Any]]:
    """Factors and biases, each with its own penalty."""
    return [
        {"params": judge.weights[:2], "weight_decay": L2[0]},
        {"params": judge.weights[2:], "weight_decay": L2[1]},
    ]


def torch_path(judge: Judge, name: str, loss: str, clip: float | None) -> list[float]:
    """The RMSE before each of torch's steps; leaves the weights after the last."""
    optimizer = TORCH[name](groups_of(judge))
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = judge.loss(loss)
        value.backward()
        path.append(judge.loss("rmse").item())
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(judge.weights, clip)
        optimizer.step()
    return path


@pytest.mark.parametrize("name", GRADIENT_RULES)
@pytest.mark.parametrize(("loss", "clip"), [("mse", None), ("rmse", None), ("sse", 0.1)])
def test_equals_torch(name: str, loss: str, clip: float | None) -> None:
    judge = Judge.of(planted(dtype="float64"), 5)
    start = judge.start()
    decay = "weight_decay" if name == "adamw" else "l2"
    settings = TrainingSettings(
        optimizer=name,  # type: ignore[arg-type]
        epochs=STEPS,
        learning_rate=RATE,
        loss=loss,  # type: ignore[arg-type]
        clip=clip,
        **{f"{decay}_factors": L2[0], f"{decay}_biases": L2[1]},
        **OPTIONS.get(name, {}),
    )
    result = train(judge.table, MODEL, settings, start=start)
    path = torch_path(judge, name, loss, clip)
    np.testing.assert_allclose(result.column("train_rmse"), path, rtol=1e-12)
    model = result.model
    got = [model.user_factors, model.item_factors, model.user_bias, model.item_bias]
    for ours, theirs in zip(got, judge.weights, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", GRADIENT_RULES)
def test_a_rule_without_a_kernel_takes_the_same_steps(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a method that has no compiled form is: its rule in torch, on the same rows."""
    monkeypatch.setattr(gradient, "RULES", {})
    test_equals_torch(name, "mse", 0.1)


@pytest.mark.parametrize("name", RULES)
def test_a_kernel_keeps_the_buffers_of_its_rule(name: str) -> None:
    assert RULES[name].names == update_rule(name, {}).buffers


@pytest.mark.parametrize("name", GRADIENT_RULES)
def test_the_generic_path_equals_torch(name: str) -> None:
    """The learned padding, which only autograd trains, in both."""
    judge = Judge.of(planted(dtype="float64"), 5, output_range=(-3.0, 10.0))
    start = judge.start()
    padding = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = TORCH[name]([*groups_of(judge), {"params": [padding], "weight_decay": 0.0}])
    ratings = torch.from_numpy(judge.table.ratings)
    for _ in range(STEPS):
        optimizer.zero_grad()
        share = (judge.predictions() + 3) / 13
        wider = -3 - padding + (13 + 2 * padding) * share
        ((wider - ratings) ** 2).mean().backward()
        torch.nn.utils.clip_grad_norm_([*judge.weights, padding], 0.3)
        optimizer.step()
    shape = replace(MODEL, output_range=(-3.0, 10.0), learn_padding=True)
    decay = "weight_decay" if name == "adamw" else "l2"
    settings = TrainingSettings(
        optimizer=name,  # type: ignore[arg-type]
        epochs=STEPS,
        learning_rate=RATE,
        clip=0.3,
        **{f"{decay}_factors": L2[0], f"{decay}_biases": L2[1]},
        **OPTIONS.get(name, {}),
    )
    model = train(judge.table, shape, settings, start=start).model
    assert model.output.low == pytest.approx(-3 - padding.item(), rel=1e-12)
    got = [model.user_factors, model.item_factors, model.user_bias, model.item_bias]
    for ours, theirs in zip(got, judge.weights, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)


def test_mini_batches_cover_every_rating_once_an_epoch() -> None:
    table = planted(dtype="float64")
    seen: list[Progress] = []
    settings = TrainingSettings(optimizer="gd", batch_size=128, epochs=3, learning_rate=0.0)
    result = train(table, MODEL, settings, on_epoch=seen.append)
    errors = table.ratings - result.model.predict_numbers(table.users, table.items)
    expected = np.sqrt(np.mean(errors**2))
    np.testing.assert_allclose(result.column("train_rmse"), expected, rtol=1e-12)
    assert [progress.row.epoch for progress in seen] == [1, 2, 3]


def test_one_batch_of_all_ratings_is_a_full_batch() -> None:
    table = planted(dtype="float64")
    settings = {"optimizer": "adam", "epochs": 5, "learning_rate": 0.05}
    full = train(table, MODEL, TrainingSettings(**settings))  # type: ignore[arg-type]
    batch = train(table, MODEL, TrainingSettings(**settings, batch_size=10**6))  # type: ignore[arg-type]
    np.testing.assert_allclose(full.model.item_factors, batch.model.item_factors, atol=1e-12)
