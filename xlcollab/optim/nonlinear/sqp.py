"""Sequential quadratic programming by scipy's SLSQP (Kraft 1988), with our exact derivatives."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.nonlinear.sized import Array, SizedModel, Values

_ACCURACY = 1e-15
"""Below rounding, so that our own tests end the search."""
_TIGHT = 1e-9
"""A point this near to feasible stands still."""


def sqp(
    model: SizedModel, start: Array, iterations: int, *, recorded: bool = True
) -> tuple[Array, int]:
    """Where SLSQP ends from `start`, and how many iterations it made; each is recorded.

    Raises TimeIsUpError. The point is (n,).
    """
    from scipy.optimize import Bounds, minimize  # a quarter of a second, which most runs never need

    cache = _Cache(model)
    made = 0

    watch = _Standstill()

    def step(y: Array) -> None:
        nonlocal made
        made += 1
        watch.see(model.record(model.clip(y)) if recorded else cache.values(y))

    with (
        contextlib.suppress(_StandsStillError),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        minimize(
            lambda y: cache.values(y).objective,
            model.clip(start),
            jac=lambda y: cache.derivatives(y)[1],
            method="SLSQP",
            bounds=Bounds(model.lower, model.upper),
            constraints=list(_sides(model, cache)),
            callback=step,
            options={"maxiter": iterations, "ftol": _ACCURACY},
        )
    return watch.last(model, start), made


_LEVEL = 1e-13
"""A few hundred roundings of the objective."""
_STEPS = 3
"""One step may stand still by chance."""
_WITHOUT_GAIN = 50
"""Steps in which no point misses the rows by less, or holds them and is better: where nothing can
be satisfied SLSQP wanders as long as it may."""
_NEARER = 0.999
"""Of what is missed: less of a gain counts as none over so many steps."""


Mask = NDArray[np.bool_]


class _StandsStillError(Exception):
    """Nothing is gained any more: SLSQP itself would go on. Never seen by a user."""


class _Standstill:
    """Ends a search whose feasible values have stopped to change, or that gains nothing."""

    def __init__(self) -> None:
        self._still = self._idle = 0
        self._values: Values | None = None
        self._missed = self._objective = math.inf

    def see(self, values: Values) -> None:
        """Raises _StandsStillError at the third step without a change, or after many without a
        gain."""
        old, self._values = self._values, values
        self._idle = 0 if self._gains(values) else self._idle + 1
        if self._idle >= _WITHOUT_GAIN:
            raise _StandsStillError
        if old is None:
            return
        level = _LEVEL * max(1.0, abs(values.objective))
        same = abs(values.objective - old.objective) <= level and values.missed <= _TIGHT
        self._still = self._still + 1 if same else 0
        if self._still >= _STEPS:
            raise _StandsStillError

    def _gains(self, values: Values) -> bool:
        """Whether a point misses the rows by clearly less than those before, or, where one held
        them, holds them and is better."""
        if values.feasible and values.objective < self._objective:
            self._missed, self._objective = 0.0, values.objective
            return True
        if values.missed < _NEARER * self._missed:
            self._missed = values.missed
            return True
        return False

    def last(self, model: SizedModel, start: Array) -> Array:
        """The last point of the search."""
        return model.clip(start) if self._values is None else self._values.y


class _Cache:
    """The last point's values and derivatives: SLSQP asks for each part of them on its own."""

    def __init__(self, model: SizedModel) -> None:
        self._model = model
        self._values: Values | None = None
        self._slopes: tuple[Values, Array, Array] | None = None

    def values(self, y: Array) -> Values:
        y = self._model.clip(y)
        if self._values is None or not np.array_equal(self._values.y, y):
            self._values = self._model.values(y)
        return self._values

    def derivatives(self, y: Array) -> tuple[Values, Array, Array]:
        y = self._model.clip(y)
        if self._slopes is None or not np.array_equal(self._slopes[0].y, y):
            self._slopes = self._model.derivatives(y)
            self._values = self._slopes[0]
        return self._slopes


def _sides(model: SizedModel, cache: _Cache) -> list[dict[str, object]]:
    """The rows as SLSQP wants them: equalities = 0, and inequalities ≥ 0."""
    equal = model.row_lower == model.row_upper
    below = ~equal & np.isfinite(model.row_lower)
    above = ~equal & np.isfinite(model.row_upper)
    parts: list[tuple[str, Mask, Array, float]] = [
        ("eq", equal, model.row_lower, 1.0),
        ("ineq", below, model.row_lower, 1.0),
        ("ineq", above, model.row_upper, -1.0),
    ]
    return [
        {
            "type": kind,
            "fun": _difference(cache, mask, limit, sign),
            "jac": _slopes(cache, mask, sign),
        }
        for kind, mask, limit, sign in parts
        if mask.any()
    ]


def _difference(cache: _Cache, mask: Mask, limit: Array, sign: float) -> Callable[[Array], Array]:
    return lambda y: sign * (cache.values(y).rows[mask] - limit[mask])


def _slopes(cache: _Cache, mask: Mask, sign: float) -> Callable[[Array], Array]:
    return lambda y: sign * cache.derivatives(y)[2][mask]
