"""The derivative of ln Γ, which the C library has not."""

from __future__ import annotations

import math

from xlcollab.kernels.program.machine.compiled import entry


@entry
def digamma(x: float) -> float:
    """ψ(x): reflection below 0, recurrence up to 10, then the asymptotic series (DLMF 5.11.2)."""
    if x == 0.0:
        return math.copysign(math.inf, -x)
    shift = 0.0
    if x < 0.0:
        if x == math.floor(x):
            return math.nan
        shift = -math.pi / math.tan(math.pi * (x - math.floor(x)))
        x = 1.0 - x
    while x < 10.0:
        shift -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    series = 1.0 / 12.0 - z * (
        1.0 / 120.0
        - z
        * (
            1.0 / 252.0
            - z * (1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z * (1.0 / 12.0))))
        )
    )
    return shift + math.log(x) - 0.5 / x - z * series
