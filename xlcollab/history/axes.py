"""Where the axes of charts begin and end."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_LINES = 6
"""So many lines across an axis, about."""


def ends(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """An axis that ends with the data; None where it has no width."""
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return None
    return float(finite.min()), float(finite.max())


def around(values: NDArray[np.float64], margin: float = 0.0) -> tuple[float, float] | None:
    """An axis that shows the movement: from line to line just around the data, with a `margin` as a
    share of their width; it need not reach down to 0. None where the data have no width."""
    found = ends(values)
    if found is None:
        return None
    width = (found[1] - found[0]) * (1.0 + 2.0 * margin)
    low, high = found[0] - margin * width, found[1] + margin * width
    if not math.isfinite(width) or width < 1e-300:
        return None
    unit = 10.0 ** math.floor(math.log10(width / _LINES))
    unit *= next(step for step in (1.0, 2.0, 5.0, 10.0) if width <= _LINES * step * unit * 1.001)
    low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
    low, high = _rounded(low, unit), _rounded(high, unit)
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _rounded(end: float, unit: float) -> float:
    """Without the dust of a product: 0.6000000000000001 would be written so."""
    return round(end, max(0, 1 - math.floor(math.log10(unit))))


_LOG_FROM, _LOG_PERHAPS = 20.0, 5.0
"""The largest value by the smallest: from the first on a curve is flat but for its beginning,
from the second on where it stays low."""


def wants_log(values: NDArray[np.float64]) -> bool:
    """Whether positive values span so much that a logarithmic axis tells more: over a factor of 20,
    or of 5 where most of them lie at the bottom."""
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() <= 0.0:
        return False
    low, high = float(finite.min()), float(finite.max())
    ratio = high / low
    most = float(np.quantile(finite, 0.75))
    return ratio > _LOG_FROM or (ratio > _LOG_PERHAPS and most < low + 0.25 * (high - low))


def is_spaced_by_factors(values: NDArray[np.float64]) -> bool:
    """Whether positive values over more than a factor of 20 lie mostly at the bottom, as 0.01, 0.1
    and 1 do."""
    if not wants_log(values):
        return False
    low, high = float(values.min()), float(values.max())
    return float(np.median(values)) < low + 0.25 * (high - low)


_BASE_TWO = 100.0
"""Up to such a factor a logarithmic axis has its lines at powers of two."""


def log_base(values: NDArray[np.float64]) -> float:
    """2 or 10: so that several lines have a number."""
    found = ends(values)
    return 2.0 if found is not None and 0.0 < found[0] * _BASE_TWO >= found[1] else 10.0


def log_around(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """A logarithmic axis from the power below the data to the one above; None where it has no
    width."""
    found = ends(values)
    if found is None or found[0] <= 0.0:
        return None
    base = log_base(values)
    low = base ** math.floor(math.log(found[0], base) + 1e-9)
    high = base ** math.ceil(math.log(found[1], base) - 1e-9)
    return (low, high) if 0.0 < low < high < math.inf else None
