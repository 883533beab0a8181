"""A lowered sheet on the native machine: value and gradient without torch, one point or many, and
whole first-order runs.

A `NativeProgram` holds the arena in which it runs: several threads may ask one for value and
gradient, in turns, and for the rest each must have its own, which `copy` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from xlcollab.jit import is_ready
from xlcollab.kernels.program.core.adjoint import gradient
from xlcollab.kernels.program.core.bands import banded
from xlcollab.kernels.program.core.codes import BAND, ROUTINE, WORK
from xlcollab.kernels.program.core.encode import Encoded, encode
from xlcollab.kernels.program.core.rewrite import rewritten
from xlcollab.kernels.program.core.schedule import schedule
from xlcollab.kernels.program.machine import threads
from xlcollab.kernels.program.machine.calling import Answer, Rows, quick
from xlcollab.kernels.program.machine.descent import (
    COLUMNS,
    FINE,
    Course,
    Record,
    batch,
    descend,
    evaluate,
    move_once,
    note_once,
    share,
    stage,
)
from xlcollab.kernels.program.machine.layout import Packed, packed
from xlcollab.kernels.program.machine.rules import RULES
from xlcollab.kernels.program.recording.record import Recording

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


_WORK_OF_A_THREAD = 2_000_000
"""Numbers that a thread goes through in about half a millisecond: ten times what it takes to hand
it its share."""

_MOST_AT_ONCE = 100_000
"""Numbers in the buffers of a program that other threads of Python wait for, a tenth of a
millisecond or less."""
_OF_ROWS = 100_000
"""Numbers in points that are asked for together: they stay in the caches."""
_LONG = (BAND, ROUTINE)
"""What may take longer than its numbers tell."""
_FLOAT64 = np.dtype(np.float64)

_evaluate: Callable[..., int] = evaluate
_batch: Callable[..., None] = batch
_descend: Callable[..., int] = descend
_move_once: Callable[..., None] = move_once
_note_once: Callable[..., None] = note_once
_stage: Callable[..., int] = stage
_share: Callable[..., None] = share


@dataclass(slots=True, eq=False)
class NativeProgram:
    """x ↦ value and gradient, (n,), of a sheet's one output."""

    encoded: Encoded
    variables: int
    value_at: int
    gradient_at: int
    guards: Whole
    """Places in the arena that must hold `expected` for the program to be the sheet's."""
    expected: Numbers
    arena: Numbers = field(init=False)
    bands: tuple[int, ...] = field(init=False)
    """Rows of the code that several threads can share."""
    shares: int = field(init=False)
    """How many threads are worth it."""
    _packed: Packed = field(init=False)
    _whole: Whole = field(init=False)
    _others: list[Whole] = field(init=False, default_factory=list)
    """What further threads read, as far as there were any."""
    _turn: Lock = field(init=False, default_factory=Lock)
    """Held by who asks a large program for value and gradient: it runs without the GIL."""
    _answer: Answer | None = field(init=False)
    _address: int = field(init=False)
    _rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        places = (self.variables, self.value_at, self.gradient_at)
        kinds = self.encoded.code[: self.encoded.main, 0]
        self.bands = tuple(np.flatnonzero(kinds == BAND).tolist())
        work = self.encoded.code[list(self.bands), WORK].sum()
        self.shares = int(min(threads.MOST, work // _WORK_OF_A_THREAD)) if self.bands else 1
        most = threads.MOST if self.bands else 1
        made = self._packed = packed(self.encoded, places, self.guards, self.expected, most)
        self._whole, self.arena = made.whole, made.arena
        small = len(self.encoded.arena) <= _MOST_AT_ONCE and not np.isin(kinds, _LONG).any()
        self._answer = quick() if small else None
        self._address, self._rows = made.whole.ctypes.data, Rows(self.variables)

    def copy(self) -> NativeProgram:
        """The same program with an arena of its own."""
        return replace(self)

    def value_and_gradient(self, x: Numbers) -> tuple[float, Numbers] | None:
        """(value, gradient) at x; None where one is no number, or the program does not hold."""
        if self._answer is None:
            return self._in_turns(x)
        if x.dtype is not _FLOAT64:
            x = x.astype(np.float64)
        slope = self._rows.take()
        value = self._answer(self._address, x, slope)
        return (value, slope) if value == value else None

    def value_alone(self, x: Numbers) -> float | None:
        """The value at x, or None: what is compiled works out the slope with it."""
        found = self.value_and_gradient(x)
        return None if found is None else found[0]

    def _in_turns(self, x: Numbers) -> tuple[float, Numbers] | None:
        slope = np.empty(self.variables)
        if not (x.dtype is _FLOAT64 and x.flags.carray):
            x = np.array(x, np.float64)  # the machine is compiled for one kind of array
        with self._turn:
            if self.shares < 2:
                end = _evaluate(self._whole, self.arena, x, slope)
            else:
                end = self._run(x, slope)
            value = float(self.arena[self.value_at])
        return (value, slope) if end == FINE else None

    @property
    def threads(self) -> int:
        """How many threads share an evaluation now."""
        return 1 if self.shares < 2 else min(self.shares, threads.wanted())

    def _run(self, x: Numbers, slope: Numbers) -> int:
        if self.threads < 2:
            return _evaluate(self._whole, self.arena, x, slope)
        return self._shared(x, slope, self.threads)

    def by_threads(self, x: Numbers, count: int) -> tuple[float, Numbers] | None:
        """`value_and_gradient`, a number and (n,), by so many threads, to the same bits."""
        slope = np.empty(self.variables)
        if self._shared(x, slope, count) != FINE:
            return None
        return float(self.arena[self.value_at]), slope

    def _shared(self, x: Numbers, slope: Numbers, count: int) -> int:
        whole, arena, before = self._whole, self.arena, -1
        while len(self._others) < count - 1:
            self._others.append(self._packed.of_thread(len(self._others) + 1))
        helpers = threads.helpers()
        for band in self.bands:
            _stage(whole, arena, x, slope, before, band)
            others: list[Future[None]] = []
            try:
                for i in range(1, count):
                    share = (self._others[i - 1], arena, band, i, count)
                    others.append(helpers.submit(_share, *share))
                _share(whole, arena, band, 0, count)
            finally:
                _awaited(others)
            for other in others:
                other.result()
            before = band
        return _stage(whole, arena, x, slope, before, self.encoded.main)

    def advanced(
        self,
        course: Course,
        count: int,
        rates: Numbers,
        y: Numbers,
        slope: Numbers,
        record: Record,
    ) -> int:
        """`descend` in the machine, or where several threads share an evaluation, step by step."""
        if self.threads < 2:
            return _descend(self._whole, self.arena, course, count, rates, y, slope, record)
        x = course.memory[2]
        for t, rate in enumerate(rates.tolist()):
            _move_once(course, count + t, rate, y, slope, record.ys[t])
            if self._run(x, slope) != FINE:
                return t
            value = float(self.arena[self.value_at])
            _note_once(course, value, slope, record.rows[t], record.gradients[t])
        return len(rates)

    def batch(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Values (B,) and gradients (B, n) at B points, the rows of `points` (B, n).

        NaN where the program gives no number or does not hold: ask the sheet itself there.
        """
        points = np.ascontiguousarray(points, np.float64).reshape(-1, self.variables)
        values, gradients = np.empty(len(points)), np.empty_like(points)
        ends = np.empty(len(points), np.int64)
        _batch(self._whole, self.arena, points, values, gradients, ends)
        values[ends != FINE] = np.nan
        gradients[ends != FINE] = np.nan
        return values, gradients

    def descent(
        self,
        rule: str,
        options: Mapping[str, float],
        *,
        sign: float = 1.0,
        l2: float = 0.0,
        weight_decay: float = 0.0,
        clip: float | None = None,
        scale: Numbers | None = None,
        lower: Numbers | None = None,
        upper: Numbers | None = None,
    ) -> NativeDescent:
        """A run of a first-order rule on sign · value + l2 / 2 · ‖x‖² in y = x / scale, whose
        bounds are `lower` and `upper`."""
        code, names = RULES[rule]
        n = self.variables
        limits = np.empty((3, n))
        limits[0] = 1.0 if scale is None else scale
        limits[1] = -np.inf if lower is None else lower
        limits[2] = np.inf if upper is None else upper
        return NativeDescent(
            program=self,
            course=Course(
                rule=code,
                h=np.array([options[name] for name in names], np.float64),
                common=np.array([sign, l2, weight_decay, clip or 0.0], np.float64),
                limits=limits,
                memory=np.zeros((4, n)),
            ),
        )


def _awaited(others: Sequence[Future[None]]) -> None:
    """Waits for other threads, which an interrupted run must not leave writing."""
    try:
        wait(others)
    except KeyboardInterrupt:
        wait(others)
        raise


@dataclass(frozen=True, slots=True)
class Steps:
    """Good steps in order. `rows` (k, 4): what is minimised, the model's value, the penalty and
    the gradient's norm; `ys` and `gradients` (k, n). `failed` is the next point, where the program
    gives no number or does not hold; None if all went well."""

    ys: Numbers
    gradients: Numbers
    rows: Numbers
    failed: Numbers | None


@dataclass(slots=True, eq=False)
class NativeDescent:
    """A first-order run that goes on from where it stands."""

    program: NativeProgram
    course: Course
    count: int = 0

    def advance(self, y: Numbers, slope: Numbers, rates: Numbers) -> Steps:
        """One step for each rate, from y with the gradient `slope` by y."""
        n, k = len(y), len(rates)
        y, slope = y.copy(), slope.copy()
        record = Record(np.empty((k, n)), np.empty((k, n)), np.empty((k, COLUMNS)))
        done = self.program.advanced(self.course, self.count, rates, y, slope, record)
        self.count += done if done == k else done + 1
        ys, slopes, rows = (part[:done] for part in record)
        return Steps(ys, slopes, rows, None if done == k else record.ys[done])


@dataclass(frozen=True, slots=True, eq=False)
class NativeResiduals:
    """x ↦ residuals (m,) and their derivatives (m, n), by a program of (x, w) for w · residuals.

    Its derivatives by w are the residuals themselves; with w a unit vector those by x are a row.
    """

    program: NativeProgram
    count: int

    def values(self, x: Numbers) -> Numbers | None:
        """The residuals at x; None where one is no number, or the program does not hold. Shape
        (m,)."""
        found = self.program.value_and_gradient(np.concatenate([x, np.zeros(self.count)]))
        return None if found is None else found[1][len(x) :]

    def jacobian(self, x: Numbers) -> tuple[Numbers, Numbers] | None:
        """The residuals and their derivatives at x, or None. Shapes (m,) and (m, n)."""
        values = self.values(x)
        jacobian = None if values is None else self._rows(x)
        return None if values is None or jacobian is None else (values, jacobian)

    def _rows(self, x: Numbers) -> Numbers | None:
        """The derivatives, many rows in one call where that is compiled."""
        n, m = len(x), self.count
        found, together = np.empty((m, n)), self._together()
        points = np.empty((together, n + m))
        for first in range(0, m, together):
            count = min(together, m - first)
            points[:, :n], points[:, n:] = x, np.eye(together, m, first)
            if together > 1:
                slopes = self.program.batch(points[:count])[1]
            else:
                one = self.program.value_and_gradient(points[0])
                slopes = np.full((1, n), np.nan) if one is None else one[1][None]
            found[first : first + count] = slopes[:, :n]
        return found if np.isfinite(found).all() else None

    def _together(self) -> int:
        if self.program.threads > 1 or not is_ready(batch):
            return 1  # several threads share each row, or to compile it takes longer than it saves
        return max(1, min(self.count, _OF_ROWS // (self.program.variables + 1)))

    def pulled(self, x: Numbers, weights: Numbers) -> Numbers | None:
        """The gradient by x, (n,), of the residuals' sum with these weights (m,), or None: one run,
        however many residuals there are."""
        found = self.program.value_and_gradient(np.concatenate([x, weights]))
        return None if found is None else found[1][: len(x)]

    def many(self, points: Numbers, weights: Numbers) -> Numbers:
        """At the rows of `points` (B, n) `pulled` with a row of `weights` (B, m) each, and behind
        it the residuals, (B, n + m); NaN where there is no answer."""
        together = np.concatenate([points, weights], axis=1)
        if is_ready(batch):
            return self.program.batch(together)[1]
        found = [self.program.value_and_gradient(one) for one in together]
        nothing = np.full(together.shape[1], np.nan)
        return np.array([nothing if one is None else one[1] for one in found])


def native(recording: Recording, *, slopes: bool = True) -> NativeProgram:
    """The program of a recording with one output of one element; without `slopes` it gives values
    alone, in half the time or less, and what it says of the gradient means nothing.

    Raises NotLoweredError where an operation has no derivative and slopes are wanted.
    """
    ((view, _),) = recording.outputs
    given = [view.node, *(guard.node for guard in recording.guards)]
    graph, now = rewritten(recording.graph, given)
    view = replace(view, node=now[view.node])
    slope = gradient(graph, view) if slopes else 0
    guards = [now[guard.node] for guard in recording.guards]
    read = [0, view.node, slope, *guards]
    encoded = encode(graph, banded(graph, schedule(graph, read), read))
    at = encoded.offsets
    return NativeProgram(
        encoded=encoded,
        variables=graph[0].size,
        value_at=at[view.node] + view.offset,
        gradient_at=at[slope],
        guards=np.array([at[node] for node in guards], np.int64),
        expected=np.array([guard.expected for guard in recording.guards], np.float64),
    )
