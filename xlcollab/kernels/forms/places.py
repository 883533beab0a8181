"""Questions about places: ROW, COLUMNS, AREAS, ISREF, ISFORMULA; N and T, which read the first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call, ErrorValue, Node, parts_of_union
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.information import as_number, as_text
from xlcollab.kernels.numbers.later import torch
from xlcollab.kernels.values.area import Area, Places, copies
from xlcollab.kernels.values.block import spread_shape
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.frame import Evaluator, Form, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Tail, Value
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS


def _place(axis: int) -> Form:
    """ROW and COLUMN: one-based, of the formula's own cell without an argument. Beside values of
    whole columns those of a whole column end where these do."""

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        if not node.arguments:
            return _counted(tracer, copies(frame.family)[axis], 1, axis)
        area = tracer.place(node.arguments[0], frame)
        if area is None:
            return _no_place(tracer, node.arguments[0], frame)
        start = (area.top, area.left)[axis]
        size = (area.height, area.width)[axis] if frame.array else 1
        if size == (MAX_ROWS, MAX_COLUMNS)[axis] and tracer.extent[axis]:
            size = tracer.extent[axis]
        counted = _guarded(tracer, area, _counted(tracer, start, size, axis))
        if size < (area.height, area.width)[axis] and frame.array:
            return replace(counted, tail=Tail(frozenset((2 + axis,)), None))
        return counted

    return form


def _no_place(tracer: Evaluator, node: Node, frame: Frame) -> Value:
    """What has no place: a union is #REF!, an error itself, any other value #VALUE!."""
    context = tracer.tape.exact
    if len(parts_of_union(node)) > 1:
        return Value(context.error(ErrorCode.REF))
    value = tracer.value(node, frame)
    codes = context.codes(value.block)
    if codes is None:
        return Value(context.error(ErrorCode.VALUE))
    every = torch.where(codes > 0, codes, float(ErrorCode.VALUE))
    return Value(context.with_errors(context.scalar(0.0), every))


def _counted(tracer: Evaluator, start: Places, size: int, axis: int) -> Value:
    """The one-based numbers of `size` lines from `start` on, along their axis."""
    context = tracer.tape.exact
    steps = np.arange(size).reshape((-1, 1) if axis == 0 else (1, -1))
    return Value(context.result(context.tensor(start[:, :, None, None] + steps + 1)))


def _guarded(tracer: Evaluator, area: Area, value: Value) -> Value:
    """What is asked of an area that is none is its error."""
    broken = area.broken
    if broken is None:
        return value
    mask = torch.from_numpy(broken[:, :, None, None].copy())
    codes = torch.where(mask, float(area.code), 0.0).expand(
        spread_shape(mask.shape, value.block.shape)
    )
    return Value(tracer.tape.exact.with_errors(value.block, codes))


def _extent(axis: int) -> Form:
    """ROWS and COLUMNS."""

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        area = tracer.place(node.arguments[0], frame)
        if area is not None:
            size = (area.height, area.width)[axis]
            return _guarded(tracer, area, Value(tracer.tape.exact.scalar(float(size))))
        context = tracer.tape.exact
        if len(parts_of_union(node.arguments[0])) > 1:
            return Value(context.error(ErrorCode.REF))
        value = tracer.argument(node.arguments[0], Param.ARRAY, frame)
        block = value.block
        beyond = value.tail is not None and 2 + axis in value.tail.axes
        found = context.scalar(
            float((MAX_ROWS, MAX_COLUMNS)[axis] if beyond else block.shape[2 + axis])
        )
        return Value(context.with_errors(found, context.codes(block)) if block.lone else found)

    return form


def is_reference_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    parts = parts_of_union(node.arguments[0])
    if len(parts) > 1:
        known = all(tracer.place(part, frame) is not None for part in parts)
        return Value(tracer.tape.exact.scalar(known))
    area = tracer.place(node.arguments[0], frame)
    if area is None or area.broken is None:
        return Value(tracer.tape.exact.scalar(area is not None))
    found = torch.from_numpy(~area.broken[:, :, None, None])
    return Value(tracer.tape.exact.booleans(found))


def areas_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """AREAS: how many areas a union joins; the error of one that is none."""
    parts = parts_of_union(node.arguments[0])
    result = Value(tracer.tape.exact.scalar(float(len(parts))))
    for part in parts:
        area = tracer.place(part, frame)
        if area is not None:
            result = _guarded(tracer, area, result)
        elif isinstance(part, ErrorValue):
            result = tracer.value(part, frame)
    return result


def is_formula_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """ISFORMULA(reference). Raises UnsupportedError for what is none."""
    area = tracer.reference(node.arguments[0], frame)
    if area is None:
        raise UnsupportedError("ISFORMULA needs a reference")
    mask = tracer.store.workbook.sheet(area.sheet).formula_mask()
    rows, columns = np.broadcast_arrays(area.top, area.left)
    inside = (rows < mask.shape[0]) & (columns < mask.shape[1])
    found = inside & mask[np.where(inside, rows, 0), np.where(inside, columns, 0)]
    truth = torch.from_numpy(found[:, :, None, None].copy())
    return Value(tracer.tape.exact.booleans(truth))


def first_cell_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """N and T: of an area its first cell, of an array item by item; what IF and CHOOSE give of an
    area is an array to them."""
    argument = node.arguments[0]
    area = None if tracer.chooses_areas(argument) else tracer.reference(argument, frame)
    if area is None or area.size == 1:
        signature = tracer.signature(node.name)
        values = tracer.arguments(argument, signature, 0, frame)
    else:
        values = [tracer.fetch(replace(area, height=1, width=1))]
    return tracer.tape.emit(tracer.operation(node.name), values)


_row = partial(function, category="lookup", shape=Shape.STEPS, fails=False)
_valued = partial(_row, form=first_cell_form, category="information", elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("ROW", "|P", form=_place(0)),
    _row("COLUMN", "|P", form=_place(1)),
    _row("ROWS", "P", form=_extent(0)),
    _row("COLUMNS", "P", form=_extent(1)),
    _row("AREAS", "P", form=areas_form),
    _row("ISREF", "P", form=is_reference_form, category="information"),
    _row("ISFORMULA", "P", form=is_formula_form, category="information"),
    _valued("N", "V", as_number, shape=Shape.SMOOTH),
    _valued("T", "V", as_text),
)
