"""Choices that leave a branch alone, and the names that LET binds."""

from __future__ import annotations

from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.forms.references import (
    branch_by,
    choose_reference,
    chosen,
    if_reference,
    ifs_reference,
    switch_reference,
)
from xlcollab.kernels.functions.logic import choose_between, if_error, if_na
from xlcollab.kernels.values.area import Area, RaggedError
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.calls import let_frame
from xlcollab.kernels.values.facts import Beyond, Facts, Role, Shape
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Operation, Value


def if_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """IF(condition, yes, [no]): a branch that no copy takes is not evaluated."""
    condition = tracer.value(node.arguments[0], frame)  # once: it may draw
    branch = branch_by(tracer, node, condition)
    if branch is not None:
        return tracer.value(branch, frame)
    yes = tracer.value(node.arguments[1], frame)
    if len(node.arguments) > 2:
        no = tracer.value(node.arguments[2], frame)
    else:
        no = Value(tracer.tape.exact.scalar(False))
    return tracer.tape.emit(tracer.operation("IF"), [condition, yes, no])


def one_of_areas(tracer: Evaluator, node: Call, frame: Frame) -> Value | None:
    """IF and CHOOSE between references, where an aggregate or a look-up wants them whole.

    Raises RaggedError where the copies choose differently, UnsupportedError where the variables
    choose between areas that do not fit one another.
    """
    areas = [tracer.reference(branch, frame) for branch in node.arguments[1:]]
    asked = tracer.value(node.arguments[0], frame)
    if not any(areas) or asked.block.shape[2:].numel() > 1:
        return None
    if asked.constant:
        if asked.block.shape.numel() > 1:
            raise RaggedError
        return None
    found = [tracer.fetch(area) if area is not None else None for area in areas]
    values = [value for value in found if value is not None]
    shapes = {value.block.shape[2:] for value in values}
    if node.name == "IF" and len(values) == 2 and len(shapes) == 1:
        return tracer.tape.emit(_OF_CELLS, [asked, *values])
    if any(
        value.block.kind is not Kind.NUMBER or value.block.shape[2:].numel() > 1 for value in values
    ):
        raise UnsupportedError(
            f"{node.name} chooses by the variable cells between areas, or a cell and a value; "
            "choose between the aggregates instead"
        )
    return None


def _choose_cells(context: Context, condition: Block, yes: Block, no: Block) -> Block:
    chosen = choose_between(context, condition, yes, no)
    return Block(chosen.number, chosen.kind, cells=True)


_OF_CELLS = Operation(
    "IF", _choose_cells, Facts(False, shape=Shape.AFFINE, role=Role.CHOICE, beyond=Beyond.ALIKE)
)


def ifs_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """IFS(condition, value, …): #N/A where none holds. Raises UnsupportedError for an odd number of
    arguments."""
    if len(node.arguments) % 2:
        raise UnsupportedError("IFS needs a value for each condition")
    result = Value(tracer.tape.exact.error(ErrorCode.NA))
    pairs = list(zip(node.arguments[::2], node.arguments[1::2], strict=True))
    for condition, value in reversed(pairs):
        asked = tracer.value(condition, frame)
        result = tracer.tape.emit(
            tracer.operation("IF"), [asked, tracer.value(value, frame), result]
        )
    return result


def switch_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """SWITCH(value, case, result, …, [default]): #N/A without a default."""
    subject, *rest = node.arguments
    asked = tracer.value(subject, frame)
    if len(rest) % 2:
        result = tracer.value(rest.pop(), frame)
    else:
        result = Value(tracer.tape.exact.error(ErrorCode.NA))
    for case, value in reversed(list(zip(rest[::2], rest[1::2], strict=True))):
        same = tracer.tape.emit(BINARY["="], [asked, tracer.value(case, frame)])
        result = tracer.tape.emit(
            tracer.operation("IF"), [same, tracer.value(value, frame), result]
        )
    return result


def choose_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """CHOOSE(index, value, …): #VALUE! beyond the last."""
    branch = chosen(tracer, node, frame)
    if branch is not None:
        return tracer.argument(branch, Param.TABLE, frame)
    index = tracer.tape.emit(tracer.operation("TRUNC"), [tracer.value(node.arguments[0], frame)])
    result = Value(tracer.tape.exact.error(ErrorCode.VALUE))
    for position, argument in enumerate(node.arguments[1:], 1):
        here = Value(tracer.tape.exact.scalar(float(position)))
        same = tracer.tape.emit(BINARY["="], [index, here])
        result = tracer.tape.emit(
            tracer.operation("IF"), [same, tracer.value(argument, frame), result]
        )
    return result


def rescue_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """IFERROR and IFNA: what cannot be an error is the value, its rescue is not evaluated."""
    value, other = node.arguments
    tried = tracer.value(value, frame)
    if (
        tried.constant
        and tried.tail is None
        and not bool(tracer.tape.exact.errors(tried.block).any())
    ):
        return Value(Block(tried.block.number, tried.block.kind))  # a value, no reference
    return tracer.tape.emit(tracer.operation(node.name), [tried, tracer.value(other, frame)])


def let_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """LET(name, value, …, result). Raises UnsupportedError on another form."""
    return tracer.value(node.arguments[-1], let_frame(tracer, node, frame))


def let_place(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """LET whose result is a reference."""
    return tracer.place(node.arguments[-1], let_frame(tracer, node, frame))


_row = partial(function, category="logic")
_rescue = partial(
    _row,
    spec="VV",
    form=rescue_form,
    fails=False,
    role=Role.RESCUE,
    branches="bb",
    beyond=Beyond.ALIKE,
)

FUNCTIONS: tuple[Record, ...] = (
    _row(
        "IF",
        "VV|V",
        choose_between,
        form=if_form,
        refers=if_reference,
        areas=one_of_areas,
        fails=False,
        shape=Shape.AFFINE,
        role=Role.CHOICE,
        scalar="IF",
        branches="nbb",
        beyond=Beyond.ALIKE,
    ),
    _row("IFS", "VV|VV*2", form=ifs_form, refers=ifs_reference, branches="nbnb"),
    _row("SWITCH", "VVV|VV*2", form=switch_form, refers=switch_reference, branches="--b-b/b"),
    _row(
        "CHOOSE",
        "VT|T*1",
        form=choose_form,
        refers=choose_reference,
        areas=one_of_areas,
        branches="nbb",
    ),
    _rescue("IFERROR", run=if_error, scalar="IFERROR"),
    _rescue("IFNA", run=if_na),
    _row("LET", "VVV|VV*2", form=let_form, points=let_place, branches="-----/r"),
)
