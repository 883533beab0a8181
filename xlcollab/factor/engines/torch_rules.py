"""The rules of `xlcollab.optim` under the names and settings of this room, and their one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.factor.settings import TrainingSettings
from xlcollab.optim.rules.adagrad import Adagrad
from xlcollab.optim.rules.adam import Adam, AdamState
from xlcollab.optim.rules.gd import GradientDescent
from xlcollab.optim.rules.momentum import Momentum
from xlcollab.optim.rules.nesterov import Nesterov
from xlcollab.optim.rules.rmsprop import RMSprop

TorchRule = Any
"""An `xlcollab.optim.rule.UpdateRule` over a state of its own."""

TORCH_RULES: Mapping[str, Callable[[TrainingSettings], TorchRule]] = {
    "gd": lambda s: GradientDescent(),
    "momentum": lambda s: Momentum(s.momentum),
    "nesterov": lambda s: Nesterov(s.momentum),
    "adagrad": lambda s: Adagrad(s.epsilon or 0.0),
    "rmsprop": lambda s: RMSprop(s.rho, s.epsilon or 0.0),
    "adam": lambda s: Adam(s.beta1, s.beta2, s.epsilon or 0.0),
    "adamw": lambda s: Adam(s.beta1, s.beta2, s.epsilon or 0.0),
}


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
