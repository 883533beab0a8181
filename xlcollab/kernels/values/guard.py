"""Operations whose gradient stays finite where Excel's own formulas are fine.

Each replaces the input at the bad point before the risky operation and selects again after it, so
that the gradient there is 0 instead of infinite or NaN (the masking that `optax.safe_norm` uses).
Every function takes tensors that broadcast and gives one of their common shape.
"""

from __future__ import annotations

from xlcollab.kernels.numbers.later import Tensor, torch


def safe_divide(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor | None]:
    """(a / b, mask of zero divisors): at a zero divisor the quotient is that by 1, gradient 0."""
    zero = b == 0
    if not b.requires_grad and not bool(zero.any()):
        return a / b, None
    quotient = torch.where(zero, 0.0, a) / torch.where(zero, 1.0, b)
    return quotient, zero


def safe_sqrt(x: Tensor) -> Tensor:
    """√x with gradient 0 at 0, NaN below."""
    positive = x > 0
    root = torch.sqrt(torch.where(positive, x, 1.0))
    return torch.where(positive, root, torch.where(x == 0, 0.0, torch.nan))


def safe_power(base: Tensor, exponent: Tensor) -> Tensor:
    """base ^ exponent, finite gradient at base 0. Of a negative base there are whole powers and odd
    roots, at which a varying exponent only jumps by; else it is NaN."""
    if exponent.requires_grad:
        return _power(base, exponent)
    if exponent.numel() == 1:
        constant = float(exponent.reshape(-1)[0])
        if constant.is_integer() and 1 <= constant <= 64:
            return base ** int(constant)
    odd = is_odd_root(exponent)
    if not bool(odd.any()):
        return _power(base, exponent)
    turned = base < 0
    if exponent.numel() > 1:
        turned = turned & odd
        return _turned(turned, _power(torch.where(turned, -base, base), exponent))
    return _turned(turned, _power(base.abs(), exponent))


def _turned(mask: Tensor, value: Tensor) -> Tensor:
    return torch.where(mask, -value, value)


_DIGITS = 15
"""Of 1 / exponent that Excel looks at, as it was seen to do."""


def is_odd_root(exponent: Tensor) -> Tensor:
    """Where 1 / exponent is an odd whole number in its first 15 digits: a mask of its shape."""
    fraction = exponent != torch.trunc(exponent)
    inverse = 1.0 / torch.where(fraction, exponent, 1.0)
    nearest = torch.round(inverse)
    unit = torch.pow(10.0, torch.floor(torch.log10(nearest.abs().clamp(min=1.0))) - (_DIGITS - 1))
    near = (inverse - nearest).abs() <= unit / 2
    return fraction & near & (torch.remainder(nearest, 2.0) == 1.0)


def _power(base: Tensor, exponent: Tensor) -> Tensor:
    """base ^ exponent; NaN for a fractional power of a negative base."""
    zero = base == 0
    fraction = exponent.detach() != torch.trunc(exponent.detach())
    nowhere = (zero & (exponent <= 0)) | ((base < 0) & fraction)
    safe = torch.where(zero | nowhere, 1.0, base)
    risky = torch.where(zero, 0.0, torch.pow(safe, exponent))
    unknown = torch.isnan(base) | torch.isnan(exponent)  # else an error ^ 0 would be 1
    return torch.where(nowhere | unknown, torch.nan, risky)


def safe_log(x: Tensor) -> Tensor:
    """ln x; NaN at and below 0, gradient 0 there."""
    positive = x > 0
    return torch.where(positive, torch.log(torch.where(positive, x, 1.0)), torch.nan)


def inside(x: Tensor, mask: Tensor, neutral: float) -> Tensor:
    """`x` where the mask holds, a harmless constant elsewhere: what a risky function may see."""
    return torch.where(mask, x, neutral)


def outside(value: Tensor, mask: Tensor) -> Tensor:
    """`value` where the mask holds, NaN elsewhere: the other half of `inside`."""
    return torch.where(mask, value, torch.nan)


def at_least(x: Tensor, low: float) -> Tensor:
    """`x`, or `low` where it is less; the slope at `low` is that of `x`. (Of torch's clamp it is 1
    before version 2.14 and 0 since.)"""
    return torch.where(x < low, low, x)


def at_most(x: Tensor, high: float) -> Tensor:
    """`x`, or `high` where it is more; the slope at `high` is that of `x`."""
    return torch.where(x > high, high, x)
