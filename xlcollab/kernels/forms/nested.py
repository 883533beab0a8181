"""SUBTOTAL and AGGREGATE leave out cells that hold subtotals themselves, and hidden rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from xlcollab.formula.nodes import Call, Node, parts_of_union, walk
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Kind, RowMark
from xlcollab.kernels.functions.lookup.shaping import shaper
from xlcollab.kernels.functions.statistics.subtotals import (
    FIRST_OF_ARRAYS,
    KEEPING_SUBTOTALS,
    WITHOUT_HIDDEN,
    aggregate,
    blanked,
    subtotal,
)
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import Area, RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.facts import Facts, Shape
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Operation, Value
from xlcollab.ref import Rect

_WITHOUT_SUBTOTALS = Operation("without subtotals", blanked, Facts(fails=False, shape=Shape.AFFINE))


def subtotal_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """SUBTOTAL(number, areas …) and AGGREGATE(number, options, areas …): of references only, but
    for AGGREGATE's functions of one array. Raises ArgumentIsError for anything else."""
    modes = 1 if node.name == "SUBTOTAL" else 2
    values = [tracer.value(argument, frame) for argument in node.arguments[:modes]]
    areas = list(node.arguments[modes:])
    first = _mode(tracer, values[0])
    of_array = modes == 2 and first >= FIRST_OF_ARRAYS
    further = areas[1:] if of_array else []
    options = _mode(tracer, values[1]) if modes == 2 else 0.0
    keep = options >= KEEPING_SUBTOTALS
    if modes == 2:
        least = RowMark.HIDDEN if options in WITHOUT_HIDDEN else None
    else:
        least = RowMark.HIDDEN if first > _HIDDEN_TOO else RowMark.FILTERED
    for part in [
        part for area in areas[: len(areas) - len(further)] for part in parts_of_union(area)
    ]:
        area = tracer.place(part, frame)
        if area is not None:
            values.append(_area(tracer, area, keep=keep, least=least))
        elif of_array:
            values.append(tracer.argument(part, Param.ARRAY, frame))
        else:
            raise ArgumentIsError(_code_of(tracer, part, frame))
    values += [tracer.value(argument, frame) for argument in further]
    operation = tracer.operation(node.name)
    if values[0].constant:
        shape = _SHAPES.get(int(first) % _HIDDEN_TOO, operation.facts.shape)
        operation = replace(operation, facts=replace(operation.facts, shape=shape))
    if first in _PICKS_BY_PLACE:
        jumps = operation.facts.jumps | {len(values) - 1}
        operation = replace(operation, facts=replace(operation.facts, jumps=jumps))
    return tracer.tape.emit(operation, values)


_PICKS_BY_PLACE = (14, 15, 17, 19)
"""LARGE, SMALL and the quartiles of AGGREGATE: they jump by their last argument."""
_SHAPES = {1: Shape.AFFINE, 9: Shape.AFFINE, **dict.fromkeys((6, 7, 8, 10, 11), Shape.SMOOTH)}
"""Of averages and sums; of products, deviations and variances. The others have kinks or steps."""
_HIDDEN_TOO = 100
"""Numbers of SUBTOTAL beyond it leave out all hidden rows, others those that a filter hides."""


def _mode(tracer: Evaluator, value: Value) -> float:
    """A number that all copies share. Raises RaggedError where they differ."""
    numbers = tracer.tape.exact.numbers(value.block)[0]
    if bool((numbers != numbers.reshape(-1)[0]).any()):
        raise RaggedError
    return float(numbers.reshape(-1)[0])


def _code_of(tracer: Evaluator, node: Node, frame: Frame) -> ErrorCode:
    """The error that what is no reference is, or #VALUE!."""
    value = tracer.value(node, frame)
    found = tracer.tape.exact.values(value.block) if value.constant else []
    only = found[0] if len(set(found)) == 1 else None
    return only if isinstance(only, ErrorCode) else ErrorCode.VALUE


def _area(tracer: Evaluator, area: Area, *, keep: bool, least: RowMark | None) -> Value:
    """An area, with blanks in the place of subtotals unless they are to be kept, and in rows whose
    mark is at least `least`."""

    def left_out(sheet: str, rect: Rect) -> Value:
        mask = torch.zeros((1, 1, rect.height, rect.width), dtype=tracer.tape.exact.dtype)
        if not keep:
            mask = _subtotals(tracer, sheet, rect)
        if least is not None:
            marks = tracer.store.workbook.sheet(sheet).marks(rect.rows)
            mask[:, :, torch.from_numpy(marks >= least), :] = 1.0
        return Value(Block(mask, Kind.NUMBER, cells=True))

    where = tracer.fetch(area, left_out)
    found = tracer.fetch(area)
    if not bool((where.block.number == 1.0).any()):
        return found
    return tracer.tape.emit(_WITHOUT_SUBTOTALS, [found, where])


def _subtotals(tracer: Evaluator, sheet: str, rect: Rect) -> Tensor:
    """1 where a cell's formula calls SUBTOTAL or AGGREGATE, shape (1, 1, height, width)."""
    plan = tracer.store.plan
    mask = torch.zeros((1, 1, rect.height, rect.width), dtype=tracer.tape.exact.dtype)
    for number in plan.index.overlapping(sheet, rect):
        family = plan.families[number]
        shared = family.rect.intersection(rect)
        if shared and any(isinstance(n, Call) and n.name in _NAMES for n in walk(family.node)):
            inside = shared.shifted(-rect.top, -rect.left)
            mask[..., inside.rows, inside.columns] = 1.0
    return mask


_row = partial(function, category="statistics", form=subtotal_form)

FUNCTIONS: tuple[Record, ...] = (
    _row("SUBTOTAL", "VR|R*1", shaper(subtotal), jumps="0"),
    _row("AGGREGATE", "VVR|R*1", shaper(aggregate), jumps="01"),
)
_NAMES = frozenset(record.name for record in FUNCTIONS)
