"""Roots of functions of one number, with the derivative that the implicit function theorem gives.

The search sees values only. Two steps of Newton's method from the root, on values that carry
gradients, then bring in how it moves: derivatives up to the third come out exact.
"""

from __future__ import annotations

from collections.abc import Callable

from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.guard import inside, outside

Sloped = Callable[[Tensor], tuple[Tensor, Tensor]]
"""x → (value, derivative by x)."""

_MOST_STEPS = 300
"""Newton's method needs a few; guesses that are far off, more."""
_STILL = 1e-15
"""A few roundings: such a step changes nothing that is shown."""
_FOUND = 1e-9
"""From here the polishing steps bring all digits."""
_FAR = 1e9
"""Beyond it there is no root, but the tail of a function that falls to 0 for ever."""
_POLISHING = 2
"""Each step of Newton's method squares the error."""


def root(function: Sloped, guess: Tensor, above: float) -> Tensor:
    """Where the function is 0, searched for from `guess` among numbers greater than `above`.

    NaN where Newton's method finds none; a root without slope is found where the guess is one.
    Each number is searched for by itself. The result has the shape of `guess`.
    """
    with torch.no_grad():
        found, where = _searched(function, guess, above)
    if not torch.is_grad_enabled():
        return outside(where, found)
    x = inside(where, found, max(above + 1.0, 0.0))
    for _ in range(_POLISHING):
        value, slope = function(x)
        x = torch.where(slope != 0, _step(x, value, slope), x)
    return outside(where + (x - x.detach()), found)


def _step(x: Tensor, value: Tensor, slope: Tensor) -> Tensor:
    return x - value / inside(slope, slope != 0, 1.0)


def _searched(function: Sloped, guess: Tensor, above: float) -> tuple[Tensor, Tensor]:
    """(where a root was found, the last place): steps that would leave the domain go half the way
    to its end."""
    start = torch.as_tensor(guess.detach().cpu().numpy(), dtype=guess.dtype, device=guess.device)
    x = inside(start, start > above, above + 1.0)
    value, _ = function(x)
    at_once = value == 0
    x = x.expand(value.shape)
    found = torch.zeros_like(value, dtype=torch.bool)
    resting = found
    for _ in range(_MOST_STEPS):
        moved = _step(x, *function(x))
        leaving = ~(moved > above)
        size = torch.where(leaving, torch.inf, (moved - x).abs() / (1 + x.abs()))
        moved = torch.where(leaving, (x + above) / 2, moved)
        found = torch.where(resting, found, size <= _FOUND)
        stuck = moved == x  # at the end of the domain, or at infinity
        x = torch.where(resting, x, moved)
        resting = resting | stuck | (size <= _STILL)
        if bool(resting.all()):
            break
    _, slope = function(x)
    return found & (start > above) & (x.abs() < _FAR) & ((slope != 0) | at_once), x
