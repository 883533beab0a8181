"""SUBTOTAL and AGGREGATE leave out cells that hold subtotals themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from xlcollab.formula.nodes import Binary, Call, Node, walk
from xlcollab.formula.signatures import Param
from xlcollab.grid import Kind
from xlcollab.kernels.functions.statistics.subtotals import (
    FIRST_OF_ARRAYS,
    FUNCTIONS,
    KEEPING_SUBTOTALS,
    blanked,
)
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.tape import Value
from xlcollab.ref import Rect

if TYPE_CHECKING:
    from xlcollab.kernels.trace.tracer import Frame, Tracer


def subtotal_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """SUBTOTAL(number, areas …) and AGGREGATE(number, options, areas …)."""
    modes = 1 if node.name == "SUBTOTAL" else 2
    values = [tracer.value(argument, frame) for argument in node.arguments[:modes]]
    areas = list(node.arguments[modes:])
    further = areas[1:] if _mode(tracer, values[0]) >= FIRST_OF_ARRAYS else []
    keep = modes == 2 and _mode(tracer, values[1]) >= KEEPING_SUBTOTALS
    for part in [part for area in areas[: len(areas) - len(further)] for part in _parts(area)]:
        values.append(_area(tracer, part, frame, keep=keep))
    values += [tracer.value(argument, frame) for argument in further]
    return tracer.tape.emit(node.name, FUNCTIONS[node.name], values)


def _mode(tracer: Tracer, value: Value) -> float:
    return float(tracer.tape.exact.numbers(value.block)[0].reshape(-1)[0])


def _parts(node: Node) -> list[Node]:
    """The areas of a union."""
    if isinstance(node, Binary) and node.operator == ",":
        return [*_parts(node.left), *_parts(node.right)]
    return [node]


def _area(tracer: Tracer, node: Node, frame: Frame, *, keep: bool) -> Value:
    """An area, with blanks in the place of subtotals unless they are to be kept."""
    area = tracer.reference(node, frame)
    if area is None or keep:
        return tracer.argument(node, Param.RANGE if area else Param.ARRAY, frame)

    def subtotals(sheet: str, rect: Rect) -> Value:
        return _subtotals(tracer, sheet, rect)

    where = tracer.fetch(area, subtotals)
    found = tracer.fetch(area)
    if not bool(where.block.number.any()):
        return found
    return tracer.tape.emit("without subtotals", blanked, [found, where])


def _subtotals(tracer: Tracer, sheet: str, rect: Rect) -> Value:
    """1 where a cell's formula calls SUBTOTAL or AGGREGATE, shape (1, 1, height, width)."""
    plan = tracer.store.plan
    mask = torch.zeros((1, 1, rect.height, rect.width), dtype=tracer.tape.exact.dtype)
    for number in plan.index.overlapping(sheet, rect):
        family = plan.families[number]
        shared = family.rect.intersection(rect)
        if shared and any(isinstance(n, Call) and n.name in FUNCTIONS for n in walk(family.node)):
            inside = shared.shifted(-rect.top, -rect.left)
            mask[..., inside.rows, inside.columns] = 1.0
    return Value(Block(mask, Kind.NUMBER, cells=True))
