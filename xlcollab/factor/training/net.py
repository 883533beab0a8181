"""Generic models by autograd: the mini net, side features, a learned padding.

All weights lie in one vector, so that the rules of `xlcollab.optim`, its clipping and its order of
decay and step apply as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.engines.gradient import loss_scale, penalty_scale
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.engines.torch_rules import device_of, moved, torch_rule
from xlcollab.factor.models.initial import StartArrays, draw, start_rows
from xlcollab.factor.models.model import Model, clipped
from xlcollab.factor.models.netmath import Pairs, predictions
from xlcollab.factor.models.netmodel import NetModel, pairs_of
from xlcollab.factor.passes.rows import Floats, Rows, row_weights
from xlcollab.factor.training.trainable import Job, factor_model
from xlcollab.optim import rule as optim_rule
from xlcollab.optim.rule import Memory
from xlcollab.ratings import RatingsTable
from xlcollab.ratings.features import features_of
from xlcollab.settings.fitting import ModelSettings


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each named weight lies in the one vector."""

    shapes: Mapping[str, tuple[int, ...]]

    def views(self, vector: Tensor) -> dict[str, Tensor]:
        """The weights by name, as views."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        parts = torch.split(vector, sizes)
        return {
            name: part.reshape(shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def filled(self, value: Callable[[str], float], dtype: torch.dtype) -> Tensor:
        """A vector with one number for all of a weight, by its name. Shape (n_weights,)."""
        return torch.cat(
            [
                torch.full((math.prod(shape),), value(name), dtype=dtype)
                for name, shape in self.shapes.items()
            ]
        )


@dataclass(slots=True)
class NetTrainable:
    """Steps on batches, or on all ratings at once; dropout from the run's seed."""

    job: Job
    layout: Layout
    vector: Tensor
    pairs: Pairs
    ratings: Tensor
    dropout: torch.Generator
    memory: Memory = field(init=False)
    n_steps: int = 0
    _l2: Tensor = field(init=False)
    _decay: Tensor = field(init=False)

    def __post_init__(self) -> None:
        training = self.job.training
        self.memory = Memory.before(torch_rule(training), self.vector)
        self._l2 = self._by_kind(training.l2_factors, training.l2_biases) * self._weights()
        self._decay = self._by_kind(training.weight_decay_factors, training.weight_decay_biases)

    @staticmethod
    def of(job: Job, given: StartArrays) -> NetTrainable:
        """At its start: factors drawn or given, layers drawn with He's variance."""
        weights = first_weights(job, given)
        layout = Layout({name: weight.shape for name, weight in weights.items()})
        vector = torch.cat([torch.from_numpy(weight).reshape(-1) for weight in weights.values()])
        device = device_of(job.training)
        return NetTrainable(
            job,
            layout,
            vector.to(device),
            pairs_of(job.table, job.model.side_columns).to(device),
            torch.from_numpy(job.table.ratings.astype(job.model.dtype)).to(device),
            torch.Generator(device).manual_seed(int(job.rng.integers(2**62))),
        )

    def run_epoch(self, epoch: int) -> EpochLoss:
        n = len(self.ratings)
        size = self.job.training.batch_size
        drawn = np.arange(n) if size is None else self.job.rng.permutation(n)
        order = torch.from_numpy(drawn).to(self.vector.device)
        steps = self.job.epochs * -(-n // (size or n))
        rate = learning_rates(self.job.training, steps)
        total = 0.0
        for chosen in torch.split(order, size or n):
            learning_rate = rate(self.n_steps)
            total += self._step(chosen, learning_rate)
        return EpochLoss(total, n, learning_rate)

    def predict(self, name: str, table: RatingsTable) -> Floats:
        """The ratings of a table as predicted, (n,)."""
        with torch.no_grad():
            out = predictions(
                self.layout.views(self.vector),
                self.job.model,
                self.job.output,
                pairs_of(table, self.job.model.side_columns).to(self.vector.device),
            )
        return clipped(out.cpu().numpy(), self.job.output)

    def snapshot(self) -> Tensor:
        """The weights as they are, (n_weights,)."""
        return self.vector.cpu().clone()

    def model(self, snapshot: Tensor) -> Model:
        weights = {name: view.numpy() for name, view in self.layout.views(snapshot).items()}
        return finished_model(self.job, weights)

    def _step(self, chosen: Tensor, learning_rate: float) -> float:
        """Clip, add L2, decay, move: torch's order. Returns Σ error² before the step."""
        training = self.job.training
        vector = self.vector.detach().requires_grad_()
        views = self.layout.views(vector)
        pairs, output = self.pairs.take(chosen), self.job.output
        out = predictions(views, self.job.model, output, pairs, self.dropout)
        squared_error = ((out - self.ratings[chosen]) ** 2).sum()
        _loss(training.loss, squared_error, len(chosen)).backward()
        assert vector.grad is not None
        gradient = vector.grad
        if training.clip is not None:
            gradient = optim_rule.clipped(gradient, training.clip)
        rule = torch_rule(training)
        n = len(chosen)
        scale = loss_scale(training.loss, float(squared_error.detach()), n)
        l2 = self._l2 * penalty_scale(training, scale, n, len(self.ratings))
        self.vector, self.memory = moved(
            rule, vector.detach(), gradient, self.memory, learning_rate, l2, self._decay
        )
        self.n_steps += 1
        return float(squared_error.detach())

    def _weights(self) -> Tensor:
        """How much L2 counts on each number: by the ratings that its row takes part in."""
        job = self.job
        counts = {
            "user": job.rated.user_counts,
            "item": job.rated.item_counts(job.table.n_items),
        }
        for name in job.model.side_columns:
            numbers = job.table.side([name])[name]
            counts[f"side.{name}"] = np.bincount(numbers, minlength=len(job.table.levels(name)))
        parts = []
        for name, shape in self.layout.shapes.items():
            rows = counts.get(name) if name in counts else counts.get(name.partition("_")[0])
            if rows is None:
                rows = np.full(shape[0], len(self.ratings))
            weights = row_weights(job.training.l2_scaling, rows, shape[0])
            width = math.prod(shape[1:])
            parts.append(torch.from_numpy(np.repeat(weights, width)))
        return torch.cat(parts).to(self.vector)

    def _by_kind(self, factors: float | None, biases: float | None) -> Tensor:
        """Penalties: that of biases on biases, none on the padding, that of factors on the rest."""

        def value(name: str) -> float:
            if name == "padding":
                return 0.0
            return (biases if name.endswith("bias") else factors) or 0.0

        return self.layout.filled(value, self.vector.dtype).to(self.vector.device)


def first_weights(job: Job, given: StartArrays) -> dict[str, Floats]:
    """Every weight by name, in the order of the vector."""
    settings, table = job.model, job.table
    rows = start_rows(settings, table.n_users, table.n_items, job.rng, given)
    weights = {"user_factors": rows.user_factors, "item_factors": rows.item_factors}
    if settings.bias:
        weights |= {"user_bias": rows.user_bias, "item_bias": rows.item_bias}
    for name in settings.side_columns:
        levels = len(table.levels(name))
        weights[f"side.{name}"] = draw(settings, levels, job.rng, settings.side_factors)
    if settings.hidden_sizes:
        weights |= _first_layers(settings, job.rng)
    if settings.learn_padding:
        weights["padding"] = np.zeros(1, settings.dtype)
    return {name: np.ascontiguousarray(weight) for name, weight in weights.items()}


def _first_layers(settings: ModelSettings, rng: np.random.Generator) -> dict[str, Floats]:
    width = 2 * settings.n_factors + len(settings.side_columns) * settings.side_factors
    layers: dict[str, Floats] = {}
    for i, size in enumerate((*settings.hidden_sizes, 1)):
        spread = math.sqrt(2 / max(1, width))
        layers[f"layer.{i}.weight"] = rng.normal(0, spread, (size, width)).astype(settings.dtype)
        layers[f"layer.{i}.bias"] = np.zeros(size, settings.dtype)
        width = size
    return layers


def finished_model(job: Job, weights: dict[str, Floats]) -> Model:
    """A net, or a plain factor model whose output has the padding that was learned."""
    padding = float(weights.pop("padding", np.zeros(1))[0]) * job.scale.unit
    table = job.table
    if job.model.hidden_sizes:
        output = job.final.widened(padding)
        levels = {name: table.levels(name) for name in job.model.side_columns}
        return NetModel(
            job.model,
            table.user_ids,
            table.item_ids,
            _outward(job, weights),
            levels,
            output,
            job.rated,
            features_of(table, job.model.side_columns),
            table.titles,
        )
    rows = Rows.pack(
        weights["user_factors"],
        weights["item_factors"],
        weights.get("user_bias", np.zeros(table.n_users)),
        weights.get("item_bias", np.zeros(table.n_items)),
    )
    model = factor_model(job, rows)
    return replace(model, output=model.output.widened(padding))


def _outward(job: Job, weights: dict[str, Floats]) -> dict[str, Floats]:
    """Weights on the ratings' own scale: what is added up to the output grows with it."""
    growth = job.scale.growth(job.output)
    if growth == 1:
        return weights
    last = f"layer.{len(job.model.hidden_sizes)}."
    grown = (f"{last}weight", f"{last}bias", "user_bias", "item_bias")
    return {
        name: weight * weight.dtype.type(growth) if name in grown else weight
        for name, weight in weights.items()
    }


def _loss(name: str, squared_error: Tensor, n: int) -> Tensor:
    if name == "mse":
        return squared_error / n
    return squared_error / 2 if name == "sse" else torch.sqrt(squared_error / n)
