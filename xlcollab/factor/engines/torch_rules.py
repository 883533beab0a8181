"""The rules of `xlcollab.optim` under the names and settings of this room, and their one step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.optim.methods import AnyUpdateRule, update_rule
from xlcollab.optim.rules.adam import AdamState
from xlcollab.settings.fitting import TrainingSettings

TorchRule = AnyUpdateRule
"""An `xlcollab.optim.rule.UpdateRule` over a state of its own."""


def torch_rule(settings: TrainingSettings) -> TorchRule:
    """The rule of the optimizer under `settings`."""
    return update_rule(settings.optimizer, settings.rule_options)


def moved(
    rule: TorchRule,
    weights: Tensor,
    gradient: Tensor,
    state: Any,
    rate: float,
    l2: Tensor,
    weight_decay: Tensor,
) -> tuple[Tensor, Any]:
    """New weights and state: add L2, decay, move, in torch's order; `gradient` is clipped."""
    with torch.no_grad():
        whole = gradient + l2 * weights
        result: tuple[Tensor, Any] = rule.move(
            weights * (1 - rate * weight_decay), whole, state, rate
        )
    return result


def buffers_of(state: Any) -> list[Tensor]:
    """What a rule's state holds besides the number of steps."""
    if isinstance(state, AdamState):
        return [state.mean, state.square]
    return [] if state is None else [state]


def state_of(buffers: list[Tensor], n_steps: int) -> Any:
    """The state that holds `buffers` after `n_steps` steps."""
    if len(buffers) == 2:
        return AdamState(n_steps, *buffers)
    return buffers[0] if buffers else None


def device_of(settings: TrainingSettings) -> torch.device:
    """The device asked for. Raises UsageError where there is no such device."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is cuda, but torch finds no CUDA device here; use device cpu")
    return torch.device(settings.device)
