"""Random draws: each copy draws once from the seeded generator, and keeps it."""

from __future__ import annotations

from functools import partial

import torch

from xlcollab.formula.nodes import Call
from xlcollab.kernels.functions.maths.random import between, uniform
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Value


def random_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """RAND and its kin: drawn once from the seeded generator, then frozen."""
    tracer.frozen.add(frame.family.first)
    arguments = [tracer.value(argument, frame) for argument in node.arguments]
    shape = (frame.family.rows, frame.family.columns, 1, 1)
    draw = torch.rand(shape, generator=tracer.generator, dtype=torch.float64)
    drawn = Value(Block(tracer.tape.exact.tensor(draw), 1))
    return tracer.tape.emit(tracer.operation(node.name), [drawn, *arguments])


_row = partial(function, category="random", form=random_form, random=True, shape=Shape.STEPS)

FUNCTIONS: tuple[Record, ...] = (
    _row("RAND", "", uniform, fails=False),
    _row("RANDBETWEEN", "VV", between),
)
