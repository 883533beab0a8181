"""Derivatives of scalars and vectors by autograd."""

from __future__ import annotations

import math
import time
import warnings

import torch
from torch import Tensor

from xlcollab.optim.problem import TensorFunction


def gradient_of(value: Tensor, leaf: Tensor) -> Tensor:
    """d value / d leaf, (n,); 0 where the value does not depend on it."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (gradient,) = torch.autograd.grad(value, leaf, allow_unused=True)
    return torch.zeros_like(leaf) if gradient is None else gradient


def jacobian(function: TensorFunction, x: Tensor) -> tuple[Tensor, Tensor]:
    """`function` at x, (m,), and its derivatives, (m, n)."""
    return Differentiator().jacobian(function, x)


_ROWS_AT_ONCE = 512
"""Rows of a Jacobian that torch holds at a time: memory grows with them."""
_FIRST_ROWS, _SOON = 32, 0.2
"""Where time is limited: rows at once at first, and the seconds below which twice as many are
taken next."""
_TELLING = 16
"""Rows that tell how long the others will take."""
_FEW_ROWS = 50
"""Up to so many go one by one: what batching loads takes longer."""


class SlopesTooLateError(Exception):
    """Time is up before a Jacobian is complete. Never seen by a user."""


class Differentiator:
    """Computes Jacobians with many rows in one backward pass.

    Where an operation of the function cannot be batched it goes on row by row, or, where these are
    fewer, column by column, and remembers that.
    """

    def __init__(self) -> None:
        self.batched = True
        self.until = math.inf
        """When time is up (perf_counter): looked at between rows, with what the rest will take by
        those that are made."""

    def jacobian(self, function: TensorFunction, x: Tensor) -> tuple[Tensor, Tensor]:
        """`function` at x, (m,), and its derivatives, (m, n). Raises SlopesTooLateError."""
        leaf = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            values = function(leaf)
        if not values.requires_grad or values.numel() == 0:
            return values.detach(), leaf.new_zeros(values.numel(), leaf.numel())
        many = values.numel() > _FEW_ROWS
        rows = self._batched_rows(values, leaf) if many and self.batched else None
        if rows is None:
            self.batched &= not many
            rows = _columns(values, leaf) if leaf.numel() < values.numel() else None
        if rows is None:
            began = time.perf_counter()
            found: list[Tensor] = []
            for value in values:
                found.append(_row(value, leaf))
                self._watch(began, len(found), len(values))
            rows = torch.stack(found)
        return values.detach(), rows

    def _watch(self, began: float, made: int, rows: int) -> None:
        """Raises SlopesTooLateError where the rest of the rows would take longer than there is."""
        now = time.perf_counter()
        left = (now - began) * (rows - made) / made if made >= min(_TELLING, rows) else 0.0
        if now + left > self.until:
            raise SlopesTooLateError

    def _batched_rows(self, values: Tensor, leaf: Tensor) -> Tensor | None:
        """The rows, or None where an operation cannot be batched."""
        identity = torch.eye(values.numel(), dtype=values.dtype, device=values.device)
        size = _ROWS_AT_ONCE if self.until == math.inf else _FIRST_ROWS
        found: list[Tensor] = []
        try:
            with warnings.catch_warnings():  # torch warns where batching one is merely slow
                warnings.simplefilter("ignore")
                first, made = time.perf_counter(), 0
                while made < len(identity):
                    began = time.perf_counter()
                    found.append(_block(values, leaf, identity[made : made + size]))
                    made += len(found[-1])
                    self._watch(first, made, len(identity))
                    if time.perf_counter() - began < _SOON:
                        size = min(2 * size, _ROWS_AT_ONCE)
        except (RuntimeError, NotImplementedError):
            return None
        return torch.cat(found)


def _block(values: Tensor, leaf: Tensor, directions: Tensor) -> Tensor:
    (rows,) = torch.autograd.grad(
        values, leaf, directions, retain_graph=True, allow_unused=True, is_grads_batched=True
    )
    return leaf.new_zeros(len(directions), leaf.numel()) if rows is None else rows


def _columns(values: Tensor, leaf: Tensor) -> Tensor | None:
    """The derivatives by each variable: uᵀJ is linear in u, so its derivative by u is J. None where
    an operation has no second derivative."""
    weights = torch.zeros_like(values, requires_grad=True)
    try:
        (pulled,) = torch.autograd.grad(values, leaf, weights, create_graph=True)
        return torch.stack([_row(one, weights) for one in pulled.unbind()], 1)
    except RuntimeError:
        return None


def _row(value: Tensor, leaf: Tensor) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (row,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True)
    return torch.zeros_like(leaf) if row is None else row
