"""Random draws: each copy draws once from the seeded generator, and keeps it."""

from __future__ import annotations

from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call
from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.random import array_between, between, uniform
from xlcollab.kernels.values.arguments import ArgumentIsError, given, whole
from xlcollab.kernels.values.budget import refuse_cells
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Value


def random_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """RAND and its kin: drawn once from the seeded generator, then frozen."""
    tracer.frozen.add(frame.family.first)
    arguments = [tracer.value(argument, frame) for argument in node.arguments]
    shape = (frame.family.rows, frame.family.columns, 1, 1)
    drawn = tracer.drawn(shape)
    return tracer.tape.emit(tracer.operation(node.name), [drawn, *arguments])


def random_array_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """RANDARRAY([rows], [columns], [min], [max], [whole numbers]), drawn once and then frozen.
    Raises UnsupportedError where the size depends on the variable cells."""
    exact = tracer.tape.exact
    given_ones = [tracer.value(argument, frame) for argument in node.arguments]
    values = [*given_ones, *[Value(exact.scalar(None))] * (5 - len(given_ones))]
    if any(value.slot is not None for value in values[:2]):
        raise UnsupportedError("the size of RANDARRAY depends on the variable cells")
    try:
        height, width = (whole(exact, value.block, 1) for value in values[:2])
    except ArgumentIsError as error:
        return Value(exact.error(error.code))
    if min(height, width) < 1:
        return Value(exact.error(ErrorCode.CALC if min(height, width) == 0 else ErrorCode.VALUE))
    tracer.frozen.add(frame.family.first)
    shape = (frame.family.rows, frame.family.columns, height, width)
    refuse_cells(*shape)
    drawn = tracer.drawn(shape)
    usual = (0.0, 1.0, False)
    bounds = [
        value if given(value.block) else Value(exact.scalar(default))
        for value, default in zip(values[2:], usual, strict=True)
    ]
    return tracer.tape.emit(tracer.operation(node.name), [drawn, *bounds])


_row = partial(function, category="random", form=random_form, random=True, shape=Shape.STEPS)

FUNCTIONS: tuple[Record, ...] = (
    _row("RAND", "", uniform, fails=False),
    _row("RANDBETWEEN", "VV", between),
    function(
        "RANDARRAY",
        "|VVVVV",
        array_between,
        category="random",
        form=random_array_form,
        random=True,
        shape=Shape.KINKS,
    ),
)
