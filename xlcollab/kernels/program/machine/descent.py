"""Whole first-order runs inside the machine: evaluate, move, keep within the bounds, record."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.addresses import floats_at, wholes_at
from xlcollab.kernels.program.machine.compiled import brief, entry, exact
from xlcollab.kernels.program.machine.layout import (
    ARENA,
    END,
    EXPECTED,
    GRADIENT,
    GUARDS,
    HEAD,
    LENGTH,
    MAIN,
    NUMBERS,
    VARIABLES,
    code_of,
)
from xlcollab.kernels.program.machine.layout import VALUE as AT_VALUE
from xlcollab.kernels.program.machine.loop import (
    join_parts,
    parts_of,
    prepare,
    run,
    run_part,
    run_rows,
)
from xlcollab.kernels.program.machine.rules import move

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

FINE, NOT_FINITE, LEFT = range(3)
"""How an evaluation ended: with numbers, without, or beside what the recording took for granted."""

VALUE, OBJECTIVE, PENALTY, NORM, COLUMNS = range(5)
"""Columns of the record: what is minimised, the model's own value, the penalty on large weights,
and the norm of the gradient by the model's variables."""


class Course(NamedTuple):
    """What a run keeps to: the rule's code and its numbers `h`; sign, L2, weight decay and the norm
    to shorten gradients to (0: none) in `common`; scale and bounds in `limits` (3, n); and
    `memory` (4, n), the rule's buffers and space for a point and a gradient."""

    rule: int
    h: Numbers
    common: Numbers
    limits: Numbers
    memory: Numbers


class Record(NamedTuple):
    """Good steps row by row: points and gradients (k, n), and the columns named above (k, 4)."""

    ys: Numbers
    gradients: Numbers
    rows: Numbers


@exact
def _taken(whole: Whole, arena: Numbers, gradient: Numbers) -> int:
    """Takes the gradient out of the arena, and says how the evaluation ended."""
    n, value, slope = whole[VARIABLES], whole[AT_VALUE], whole[GRADIENT]
    finite = math.isfinite(arena[value])
    for i in range(n):
        gradient[i] = arena[slope + i]
        finite &= math.isfinite(gradient[i])
    guards, expected = whole[GUARDS], whole[EXPECTED]
    for i in range(whole[END] - guards):
        if arena[whole[guards + i]] != arena[expected + i]:
            return LEFT
    return FINE if finite else NOT_FINITE


@entry
def evaluate(whole: Whole, arena: Numbers, x: Numbers, gradient: Numbers) -> int:
    """Run the program at x; its gradient goes to `gradient`, its value stays in the arena."""
    for i in range(whole[VARIABLES]):
        arena[i] = x[i]
    run(whole, arena)
    return _taken(whole, arena, gradient)


@brief
def answer(address: int, x: Numbers, gradient: Numbers) -> float:
    """`evaluate` for the program whose whole numbers lie at an address: the value, or no number
    where it did not end fine. x may have any stride."""
    head = carray(wholes_at(address), HEAD)
    whole = carray(wholes_at(address), int(head[LENGTH]))
    arena = carray(floats_at(head[ARENA]), int(head[NUMBERS]))
    for i in range(whole[VARIABLES]):
        arena[i] = x[i]
    run(whole, arena)
    return float(arena[whole[AT_VALUE]]) if _taken(whole, arena, gradient) == FINE else math.nan


@entry
def stage(
    whole: Whole, arena: Numbers, x: Numbers, gradient: Numbers, first: int, last: int
) -> int:
    """Of `evaluate` what lies before, between and behind bands: row `first` is one of those whose
    parts have been run, -1 at the beginning; `last` is the next one, or the end of the rows."""
    if first < 0:
        for i in range(whole[VARIABLES]):
            arena[i] = x[i]
        prepare(whole, arena)
    else:
        join_parts(whole, arena, first)
    run_rows(whole, arena, first + 1, last)
    return _taken(whole, arena, gradient) if last == whole[MAIN] else FINE


@entry
def share(whole: Whole, arena: Numbers, band: int, number: int, threads: int) -> None:
    """What one of several threads runs of a band: every so many-th part."""
    for part in range(number, parts_of(code_of(whole)[band]), threads):
        run_part(whole, arena, band, part)


@entry
def batch(
    whole: Whole,
    arena: Numbers,
    points: Numbers,
    values: Numbers,
    gradients: Numbers,
    ends: Whole,
) -> None:
    """`evaluate` at every row of `points`."""
    for i in range(len(points)):
        ends[i] = evaluate(whole, arena, points[i], gradients[i])
        values[i] = arena[whole[AT_VALUE]]


@exact
def _shortened(gradient: Numbers, most: float, out: Numbers) -> None:
    """The gradient, shortened to a norm of at most `most`, as torch's clip_grad_norm_."""
    total = 0.0
    for i in range(len(gradient)):
        total += gradient[i] * gradient[i]
    factor = min(most / (math.sqrt(total) + 1e-6), 1.0)
    for i in range(len(gradient)):
        out[i] = gradient[i] * factor


@exact
def _assess(
    n: int,
    sign: float,
    l2: float,
    objective: float,
    x: Numbers,
    scale: Numbers,
    gradient: Numbers,
    row: Numbers,
) -> None:
    """The gradient by y of what is minimised, and the numbers of one step."""
    penalty, norm = 0.0, 0.0
    for i in range(n):
        by_x = sign * gradient[i]
        if l2 != 0.0:
            penalty += x[i] * x[i]
            by_x += l2 * x[i]
        norm += by_x * by_x
        gradient[i] = by_x * scale[i]
    row[OBJECTIVE], row[PENALTY] = objective, 0.5 * l2 * penalty
    row[VALUE], row[NORM] = sign * objective + row[PENALTY], math.sqrt(norm)


@exact
def _moved(course: Course, count: int, rate: float, y: Numbers, gradient: Numbers) -> None:
    """The step after `count` others: changes y, within the bounds, and puts x into the memory."""
    limits, memory, used = course.limits, course.memory, gradient
    decay, clip = course.common[2], course.common[3]
    if clip > 0.0:
        _shortened(gradient, clip, memory[3])
        used = memory[3]
    if decay != 0.0:
        for i in range(len(y)):
            y[i] = y[i] * (1.0 - rate * decay)
    move(course.rule, course.h, y, used, memory[0], memory[1], count, rate)
    x = memory[2]
    for i in range(len(y)):
        y[i] = min(max(y[i], limits[1, i]), limits[2, i]) if y[i] == y[i] else y[i]
        x[i] = y[i] * limits[0, i]


@exact
def _noted(course: Course, value: float, gradient: Numbers, row: Numbers) -> None:
    """What a step found, the model's own gradient made that of what is minimised."""
    sign, l2 = course.common[0], course.common[1]
    _assess(len(gradient), sign, l2, value, course.memory[2], course.limits[0], gradient, row)


@entry
def descend(
    whole: Whole,
    arena: Numbers,
    course: Course,
    count: int,
    rates: Numbers,
    y: Numbers,
    gradient: Numbers,
    record: Record,
) -> int:
    """As many steps as there are rates, or up to one whose evaluation ended otherwise than fine.

    `count` steps were made before. Returns the number of good steps; y and the memory are those
    after the last move made, the record's rows those of the good steps.
    """
    n, x = whole[VARIABLES], course.memory[2]
    for t in range(len(rates)):
        _moved(course, count + t, rates[t], y, gradient)
        for i in range(n):
            record.ys[t, i] = y[i]
        if evaluate(whole, arena, x, gradient) != FINE:
            return t
        _noted(course, arena[whole[AT_VALUE]], gradient, record.rows[t])
        for i in range(n):
            record.gradients[t, i] = gradient[i]
    return len(rates)


@entry
def move_once(
    course: Course, count: int, rate: float, y: Numbers, gradient: Numbers, kept: Numbers
) -> None:
    """Of `descend` what comes before an evaluation; `kept` gets the new y."""
    _moved(course, count, rate, y, gradient)
    for i in range(len(y)):
        kept[i] = y[i]


@entry
def note_once(course: Course, value: float, gradient: Numbers, row: Numbers, kept: Numbers) -> None:
    """Of `descend` what comes after one; `kept` gets the gradient."""
    _noted(course, value, gradient, row)
    for i in range(len(gradient)):
        kept[i] = gradient[i]
