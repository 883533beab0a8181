"""Many points that go down side by side: each step asks for all of them in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.nonlinear.sized import BAD, Array, SizedModel
from xlcollab.optim.problem import FEASIBLE

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

_STEPS = 120
"""Of each point: it has to come into a valley, not to its ground."""
_EVERY = 20
"""Steps between two looks at what the rows are missed by."""
_PENALTY, _DEARER = 10.0, 4.0
"""Of a squared miss of size one, and by how much it grows where a point does not come nearer."""
_NEARER = 0.5
"""Of what was missed at the last look: more of it left is no progress."""
_REMEMBERED = 8
"""Values of a point that a step may return to: valleys that bend are gone down quicker so."""
_ENOUGH = 1e-4
"""Armijo's share of the fall that a slope promises."""
_STILL = 1e-7
"""A projected gradient of size one below which a point stands still."""
_SHORTEST, _LONGEST = 1e-10, 1e10
"""Bounds of a spectral step, those of the source."""
_SHORTER = 0.1
"""The least share of a step that is tried next."""


@dataclass(slots=True)
class _Seen:
    """What is known at points: merit (B,), rows (B, k) and slope of the merit (B, n)."""

    merit: Array
    rows: Array
    slope: Array

    def put(self, places: Places, other: _Seen, of: Mask) -> None:
        """Take what another knows of some of its points."""
        for mine, its in zip(self._parts, other._parts, strict=True):
            mine[places[of]] = its[of]

    @property
    def _parts(self) -> tuple[Array, Array, Array]:
        return self.merit, self.rows, self.slope


class Crowd:
    """Spectral projected gradients with a nonmonotone line search (Birgin, Martínez and Raydan
    2000, algorithm 2.2) from every point of `y` (B, n), the rows as an augmented Lagrangian of the
    point's own."""

    def __init__(self, model: SizedModel, y: Array) -> None:
        count, k = len(y), len(model.weight)
        self.model, self.y = model, model.clip(y)
        self._multipliers, self._penalty = np.zeros((count, k)), np.full(count, _PENALTY)
        self._missed = np.full(count, np.inf)
        self._step, self._share = np.ones(count), np.ones(count)
        self._last = np.full((count, _REMEMBERED), -np.inf)
        self.seen = self._looked(self.y, np.arange(count))

    @property
    def missed(self) -> Array:
        """The largest amount by which each point misses a row, (B,)."""
        gaps = np.abs(self.model.missed_by(self.seen.rows))
        return np.asarray(gaps.max(axis=1, initial=0.0))

    def descend(self) -> None:
        """Raises TimeIsUpError; the model has seen the best of them even then."""
        try:
            self._descend()
        finally:
            near = np.where(self.missed <= FEASIBLE, self.seen.merit, np.inf)
            self.model.look(self.y[near.argmin()])

    def _descend(self) -> None:
        self._begin()
        since = 0
        for _ in range(_STEPS):
            moving = self._moving()
            if since and (since >= _EVERY or not len(moving)) and self.missed.max() > FEASIBLE:
                self._look_at_rows()
                since, moving = 0, self._moving()
            if not len(moving):
                break
            self._move(moving)
            since += 1

    def _begin(self) -> None:
        """The first step goes as far as the slope is steep, as in the source."""
        steep = np.abs(self._toward(np.arange(len(self.y)), 1.0)).max(axis=1, initial=0.0)
        self._step = np.clip(1.0 / np.maximum(steep, _SHORTEST), _SHORTEST, _LONGEST)
        self._last[:, 0] = self.seen.merit

    def _toward(self, places: Places, step: Array | float) -> Array:
        """From points along their slopes to where the bounds let them, (b, n)."""
        y = self.y[places]
        slope = np.nan_to_num(self.seen.slope[places], nan=0.0, posinf=0.0, neginf=0.0)
        return self.model.clip(y - np.reshape(step, (-1, 1)) * slope) - y

    def _moving(self) -> Places:
        everyone = np.arange(len(self.y))
        still = np.abs(self._toward(everyone, 1.0)).max(axis=1, initial=0.0) <= _STILL
        return np.flatnonzero(~still & np.isfinite(self.seen.merit))

    def _move(self, places: Places) -> None:
        """One trial of each: taken where it is low enough, else a shorter one comes next."""
        seen = self.seen
        way = self._toward(places, self._step[places])
        fall = (way * seen.slope[places]).sum(axis=1)
        share = self._share[places]
        trial = self.y[places] + share[:, None] * way
        there = self._looked(trial, places)
        gained = there.merit <= self._last[places].max(axis=1) + _ENOUGH * share * fall
        self._share[places] = np.where(gained, 1.0, self._shorter(places, there, share, fall))
        self._step[places[gained]] = self._spectral(places, trial, there)[gained]
        seen.put(places, there, gained)
        self.y[places[gained]] = trial[gained]
        self._last[places[gained]] = np.roll(self._last[places[gained]], 1, axis=1)
        self._last[places[gained], 0] = there.merit[gained]

    def _shorter(self, places: Places, there: _Seen, share: Array, fall: Array) -> Array:
        """The lowest share of a parabola through what is known, within [0.1, 0.5] of the last."""
        with np.errstate(all="ignore"):  # a trial that is no number is shortened by half
            above = there.merit - self.seen.merit[places] - share * fall
            found = -0.5 * share**2 * fall / above
        found = np.where(np.isfinite(found), found, 0.5 * share)
        return np.asarray(np.clip(found, _SHORTER * share, 0.5 * share))

    def _spectral(self, places: Places, trial: Array, there: _Seen) -> Array:
        """s·s / s·z of the step s and the change z of the slope, (b,)."""
        with np.errstate(all="ignore"):  # where a trial is no number none is taken
            moved, turned = trial - self.y[places], there.slope - self.seen.slope[places]
            length, bent = (moved * moved).sum(axis=1), (moved * turned).sum(axis=1)
            found = np.where(bent > 0.0, length / bent, _LONGEST)
        return np.asarray(np.clip(np.nan_to_num(found, nan=1.0), _SHORTEST, _LONGEST))

    def _looked(self, y: Array, places: Places) -> _Seen:
        """What is known at points y (b, n) with the multipliers of the points at `places`."""
        k = len(self.model.weight)
        pushed = np.zeros((len(y), 1 + k))

        def weights(values: Array) -> Array:
            pushed[:, 0] = 1.0
            if k:
                dear = self._penalty[places][:, None]
                with np.errstate(all="ignore"):
                    pushed[:, 1:] = dear * self.model.missed_by(
                        values[:, 1:] + self._multipliers[places] / dear
                    )
            return pushed

        values, slope = self.model.many(y, weights)
        with np.errstate(all="ignore"):
            terms = (pushed[:, 1:] ** 2).sum(axis=1) / (2.0 * self._penalty[places])
            merit = values[:, 0] + terms
        known = (np.abs(merit) < BAD) & np.isfinite(slope).all(axis=1)
        merit = np.where(known, merit, np.inf)
        return _Seen(merit, values[:, 1:], slope)

    def _look_at_rows(self) -> None:
        """New multipliers, and a dearer penalty where a point came no nearer to its rows."""
        missed, penalty = self.missed, self._penalty[:, None]
        with np.errstate(all="ignore"):
            pushed = penalty * self.model.missed_by(self.seen.rows + self._multipliers / penalty)
        self._multipliers = np.nan_to_num(pushed, nan=0.0, posinf=0.0, neginf=0.0)
        self._penalty[missed > _NEARER * self._missed] *= _DEARER
        self._missed = missed
        self.seen = self._looked(self.y, np.arange(len(self.y)))
        self._last[:] = -np.inf
        self._last[:, 0] = self.seen.merit
        self._share[:] = 1.0
