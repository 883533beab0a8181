"""Functions that need more than the values of their arguments.

Choices that leave a branch alone, questions about places, look-ups and conditional aggregates whose
constant part is worked out once, random draws. Each form is given the tracer, its node and its
frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from xlcollab.formula.nodes import Call
from xlcollab.kernels.functions.table import FUNCTIONS
from xlcollab.kernels.trace import choices, places, ranges
from xlcollab.kernels.trace.choices import Form
from xlcollab.kernels.trace.nested import subtotal_form
from xlcollab.kernels.trace.references import REFERENCE_FUNCTIONS
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.tape import Value

if TYPE_CHECKING:
    from xlcollab.kernels.trace.tracer import Frame, Tracer

__all__ = ["REFERENCE_FUNCTIONS", "SPECIAL_FORMS"]


def random_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """RAND and its kin: drawn once from the seeded generator, then frozen."""
    tracer.frozen.add(frame.family.first)
    arguments = [tracer.value(argument, frame) for argument in node.arguments]
    shape = (frame.family.rows, frame.family.columns, 1, 1)
    draw = torch.rand(shape, generator=tracer.generator, dtype=torch.float64)
    uniform = Value(Block(tracer.tape.exact.tensor(draw), 1))
    return tracer.tape.emit(node.name, FUNCTIONS[node.name], [uniform, *arguments])


SPECIAL_FORMS: dict[str, Form] = {
    **choices.FORMS,
    **places.FORMS,
    **ranges.FORMS,
    "RAND": random_form,
    "RANDBETWEEN": random_form,
    "SUBTOTAL": subtotal_form,
    "AGGREGATE": subtotal_form,
}
"""Functions whose arguments are not simply evaluated."""
