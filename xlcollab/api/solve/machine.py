"""Which models the native machine works for, and which are worth compiling it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import XlcollabError
from xlcollab.interrupts import in_time
from xlcollab.kernels.program.courses import Courses
from xlcollab.kernels.program.curved import PlainCurves
from xlcollab.kernels.program.formulas import guarded
from xlcollab.kernels.program.lower import (
    curves_plainly,
    lowered,
    lowered_plainly,
    lowered_residuals,
    lowered_values,
    residuals_plainly,
    rows_are_few,
    values_plainly,
)
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.program.plain import PlainProgram, PlainResiduals, PlainValues
from xlcollab.kernels.program.worth import worth_compiling
from xlcollab.kernels.values.block import HiddenError
from xlcollab.optim import Objective, Settings, gradient_of, jacobian
from xlcollab.optim.algebra.formulas import Algebra, plain
from xlcollab.optim.algebra.holding import hold
from xlcollab.optim.algebra.values import values
from xlcollab.optim.problem import TensorFunction
from xlcollab.settings.methods import METHODS

if TYPE_CHECKING:
    from xlcollab.kernels.program.machine.native import NativeProgram, NativeResiduals

_MOST_WORK = 20_000_000
"""Rows of a Jacobian times what each of them costs, up to which the machine makes them one by
one."""


_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Within:
    """Where the variables may be: their bounds, and which have to be whole."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    whole: NDArray[np.bool_]

    def spread(self, n: int) -> tuple[tuple[_Numbers, _Numbers], list[bool]]:
        """The box, (n,) each, and which of n variables are whole."""
        free = np.zeros(n)
        whole = np.zeros(n, np.bool_) | self.whole
        return (free + self.lower, free + self.upper), [bool(one) for one in whole]

    def moved(self, x: Tensor) -> Tensor:
        """The nearest point that may be, (n,)."""
        inside = x.numpy().clip(self.lower, self.upper)
        return torch.as_tensor(np.where(self.whole, np.round(inside), inside))


ANYWHERE = Within(np.array(-math.inf), np.array(math.inf), np.array(False))


def formulas_of(
    function: TensorFunction, start: Tensor, within: Within = ANYWHERE
) -> Algebra | None:
    """A function as formulas; None where it has none, or where they say otherwise than it does.

    A course that the variables decide, such as that of a look-up which may find nothing, is one
    wherever they may be, or there are none.
    """
    found = guarded(function, start)
    if found is None:
        return None
    nodes, results = found.formulas
    truths = tuple(place for place, _ in found.guards)
    algebra = plain(nodes, (*results, *truths))
    places = zip(algebra.results[len(results) :], found.guards, strict=True)
    algebra = replace(algebra, results=algebra.results[: len(results)])
    expected = [(place, value) for place, (_, value) in places]
    if expected and not hold(algebra, expected, *within.spread(len(start))):
        return None
    generator = torch.Generator().manual_seed(0)
    for spread in (0.0, 1e-3, 0.1, 1.0):
        noise = torch.randn(start.shape, generator=generator, dtype=torch.float64)
        x = start + spread * (1.0 + start.abs()) * noise
        if expected:
            x = within.moved(x)
        with torch.no_grad():
            wanted = function(x).double().numpy()
        known = np.isfinite(wanted)
        missed = np.abs(values(algebra, x.numpy())[known] - wanted[known])
        if not (missed <= _AGREEMENT * (1.0 + np.abs(wanted[known]))).all():
            return None
    return algebra


_AGREEMENT = 1e-9
"""Relative to 1 and the value. Both compute in float64 and differ in the order of sums only."""
_FEW_STEPS, _MANY_STEPS = 50, 300
"""About how many least-squares steps, and steps of the other methods that end by themselves, a
model takes."""
_WORTH_LOWERING = 30
"""Evaluations on the tape that take about as long as to lower it for numpy."""
_LEAST_CURVED, _MOST_CURVED = 50, 500
"""Variables of a sum of squares between which eigenvalues of its Hessian, n³, help: fewer make so
few steps that second derivatives take longer to derive."""
_POPULATION = 40
"""The smallest population that is taken unless asked for."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run before it begins: its settings, and when it has to end
    (perf_counter)."""

    settings: Settings
    until: float = math.inf

    @property
    def seconds(self) -> float:
        """What is left of it."""
        return self.until - time.perf_counter()

    @property
    def share(self) -> float:
        """Of what is left, that one program may take to be made."""
        return max(_AT_ONCE, _MOST_OF_A_RUN * self.seconds)


def has_time(function: TensorFunction, start: Tensor, run: Run) -> bool:
    """Whether a run that has to end can make a program of a function first: for a sheet of
    thousands of formulas, all different, that takes longer than many a run."""
    if run.until == math.inf:
        return True
    shortest = math.inf
    for _ in range(_LOOKS):
        began = time.perf_counter()
        try:
            with torch.no_grad():
                function(start)
        except (HiddenError, XlcollabError):
            return False  # nor would there be a program
        shortest = min(shortest, time.perf_counter() - began)
        if _AT_MOST_TO_LOWER * shortest < _MOST_OF_A_RUN * run.seconds:
            return True
        if shortest > _TOO_LONG:
            return False
    return False


_LOOKS, _TOO_LONG = 2, 0.1
"""The first may have to load things, which in an evaluated sheet takes no longer than so many
seconds."""
_AT_MOST_TO_LOWER = 50
"""Evaluations on the tape, without slopes, that take as long as to make a program."""
_MOST_OF_A_RUN = 0.3
"""The rest is for the search, without which a program is of no use."""
_AT_ONCE = 0.2
"""Seconds in which a small model has its program, however long loading took."""


def with_machine(objective: Objective, start: Tensor, run: Run) -> Objective:
    """The objective with its programs, as far as it has them and they are worth compiling.

    Where the machine is not compiled yet, a run that is short goes without it: its numbers may
    differ in their last digits from those of the same run with the machine.
    """
    if not has_time(objective.function, start, run):
        return objective
    return replace(
        objective,
        native=in_time(run.share, lambda: _program(objective, start, run)),
        native_residuals=in_time(run.share, lambda: _squares(objective, start, run)),
        native_curves=in_time(run.share, lambda: _curves(objective, start, run)),
    )


def program_of_many(function: TensorFunction, start: Tensor, run: Run) -> Courses | None:
    """A function's programs for a search that asks it at a whole population again and again: its
    values alone. Small ones numpy runs at all points in one go, which needs nothing compiled."""

    def made(x: Tensor) -> NativeProgram | PlainValues | None:
        if not has_time(function, x, run):
            return None
        return in_time(run.share, lambda: _values_of_many(function, x, run))

    first = made(start)
    if first is None:
        return None
    return Courses(first, lambda x: made(torch.as_tensor(x)))


def _values_of_many(
    function: TensorFunction, start: Tensor, run: Run
) -> NativeProgram | PlainValues | None:
    points = (run.settings.population or _POPULATION) * _iterations(run.settings)
    parts = ("evaluate", "batch")
    if seconds_to_compile(*parts) == 0.0:
        native = lowered_values(function, start)
        if native is not None:
            return native
    plain = values_plainly(function, start)
    crowd = start.numpy()[None].repeat(1 if plain is None else _POPULATION, axis=0)

    def once() -> None:
        if plain is None:
            function(start)
        else:
            plain.batch(crowd)

    points //= len(crowd)
    if not worth_compiling(once, points, parts, run.seconds):
        return plain
    return lowered_values(function, start) or plain


def rows_of_many(
    function: TensorFunction, start: Tensor, run: Run
) -> NativeResiduals | PlainResiduals | None:
    """A function with several values as a program, for a search that asks it a few hundred times
    for them and their derivatives."""
    if not has_time(function, start, run):
        return None
    times = min(_iterations(run.settings), _MANY_STEPS) * _runs(run.settings)
    return in_time(run.share, lambda: _rows(function, start, times, run.seconds))


def _rows(
    function: TensorFunction, start: Tensor, times: int, seconds: float
) -> NativeResiduals | PlainResiduals | None:
    """Values and their derivatives by the machine, where it is compiled or worth it; else by
    numpy."""
    if seconds_to_compile("evaluate") == 0.0:
        return lowered_residuals(function, start, _MOST_WORK)
    plain = residuals_plainly(function, start, _MOST_WORK) if times >= _WORTH_LOWERING else None

    def once() -> None:
        if plain is None:
            jacobian(function, start)
        else:
            plain.jacobian(start.numpy())

    worth = worth_compiling(once, times, ("evaluate",), seconds)
    return (lowered_residuals(function, start, _MOST_WORK) if worth else None) or plain


def _program(objective: Objective, start: Tensor, run: Run) -> NativeProgram | PlainProgram | None:
    """The objective's program: for the machine, where it is compiled or worth it; for numpy else,
    in runs that are long enough to make it."""
    settings = run.settings
    steps = _iterations(settings)
    if not METHODS[settings.method].first_order:
        steps = min(steps, _MANY_STEPS)
    times, parts = steps * _runs(settings), ("evaluate", "descend")
    if seconds_to_compile(*parts) == 0.0:
        return lowered(objective.function, start)
    plain = lowered_plainly(objective.function, start) if times >= _WORTH_LOWERING else None

    def once() -> None:
        if plain is not None:
            plain.value_and_gradient(start.numpy())
            return
        leaf = start.clone().requires_grad_()
        gradient_of(objective.function(leaf), leaf)

    worth = worth_compiling(once, times, parts, run.seconds)
    return (lowered(objective.function, start) if worth else None) or plain


def _squares(
    objective: Objective, start: Tensor, run: Run
) -> NativeResiduals | PlainResiduals | None:
    """The residuals' program, likewise."""
    residuals, settings = objective.residuals, run.settings
    if residuals is None or not METHODS[settings.method].reads_residuals:
        return None
    if not rows_are_few(residuals, start, _MOST_WORK):
        return None
    steps = min(_iterations(settings), _FEW_STEPS) * _runs(settings)
    return _rows(residuals, start, steps, run.seconds)


def _curves(objective: Objective, start: Tensor, run: Run) -> PlainCurves | None:
    """The residuals with second derivatives, where `auto` would use them."""
    residuals, settings = objective.residuals, run.settings
    asked = settings.method == "auto" and not settings.l2 and objective.constraints is None
    fits = _LEAST_CURVED <= len(start) <= _MOST_CURVED
    if residuals is None or not asked or not fits or objective.shape == "steps":
        return None
    return curves_plainly(residuals, start, _MOST_WORK)


def _iterations(settings: Settings) -> int:
    asked = settings.iterations
    return METHODS[settings.method].iterations if asked is None else asked


def _runs(settings: Settings) -> int:
    return 1 + settings.restarts
