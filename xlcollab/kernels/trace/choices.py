"""Choices that leave a branch alone, and the names that LET binds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call, Missing, Name, Node, Number
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.logic import choose_between, if_error, if_na
from xlcollab.kernels.functions.table import FUNCTIONS
from xlcollab.kernels.trace.references import chosen, constant_branch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.tape import Value

if TYPE_CHECKING:
    from xlcollab.kernels.trace.tracer import Frame, Tracer

Form = Callable[["Tracer", Call, "Frame"], Value]


def _branch(tracer: Tracer, node: Node, frame: Frame) -> Value:
    """A branch as a value; one left empty is 0."""
    return tracer.value(Number(0.0) if isinstance(node, Missing) else node, frame)


def if_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """IF(condition, yes, [no]): a branch that no copy takes is not evaluated."""
    branch = constant_branch(tracer, node, frame)
    if branch is not None:
        return _branch(tracer, branch, frame)
    condition = tracer.value(node.arguments[0], frame)
    yes = _branch(tracer, node.arguments[1], frame)
    if len(node.arguments) > 2:
        no = _branch(tracer, node.arguments[2], frame)
    else:
        no = Value(tracer.tape.exact.scalar(False))
    return tracer.tape.emit("IF", choose_between, [condition, yes, no])


def ifs_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """IFS(condition, value, …): #N/A where none holds."""
    if len(node.arguments) % 2:
        raise UnsupportedError("IFS needs a value for each condition")
    result = Value(tracer.tape.exact.error(ErrorCode.NA))
    pairs = list(zip(node.arguments[::2], node.arguments[1::2], strict=True))
    for condition, value in reversed(pairs):
        asked = tracer.value(condition, frame)
        result = tracer.tape.emit(
            "IF", choose_between, [asked, _branch(tracer, value, frame), result]
        )
    return result


def switch_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """SWITCH(value, case, result, …, [default]): #N/A without a default."""
    subject, *rest = node.arguments
    asked = tracer.value(subject, frame)
    if len(rest) % 2:
        result = _branch(tracer, rest.pop(), frame)
    else:
        result = Value(tracer.tape.exact.error(ErrorCode.NA))
    for case, value in reversed(list(zip(rest[::2], rest[1::2], strict=True))):
        same = tracer.tape.emit("=", BINARY["="], [asked, tracer.value(case, frame)])
        result = tracer.tape.emit(
            "IF", choose_between, [same, _branch(tracer, value, frame), result]
        )
    return result


def choose_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """CHOOSE(index, value, …): #VALUE! beyond the last."""
    branch = chosen(tracer, node, frame)
    if branch is not None:
        return tracer.argument(branch, Param.TABLE, frame)
    index = tracer.tape.emit("TRUNC", FUNCTIONS["TRUNC"], [tracer.value(node.arguments[0], frame)])
    result = Value(tracer.tape.exact.error(ErrorCode.VALUE))
    for position, argument in enumerate(node.arguments[1:], 1):
        here = Value(tracer.tape.exact.scalar(float(position)))
        same = tracer.tape.emit("=", BINARY["="], [index, here])
        result = tracer.tape.emit(
            "IF", choose_between, [same, _branch(tracer, argument, frame), result]
        )
    return result


def _rescue(name: str, function: Callable[[Context, Block, Block], Block]) -> Form:
    def form(tracer: Tracer, node: Call, frame: Frame) -> Value:
        value, other = node.arguments
        tried = tracer.value(value, frame)
        if tried.slot is None and not bool(tracer.tape.exact.errors(tried.block).any()):
            return tried
        return tracer.tape.emit(name, function, [tried, _branch(tracer, other, frame)])

    return form


def let_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """LET(name, value, …, result)."""
    *pairs, result = node.arguments
    if len(pairs) % 2:
        raise UnsupportedError("LET needs a value for each name and a result at the end")
    for name, argument in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(name, Name):
            raise UnsupportedError("LET needs a name as every other argument")
        bound = tracer.reference(argument, frame) or tracer.value(argument, frame)
        frame = replace(frame, bound={**frame.bound, name.name.lower(): bound})
    return tracer.value(result, frame)


FORMS: dict[str, Form] = {
    "IF": if_form,
    "IFS": ifs_form,
    "SWITCH": switch_form,
    "CHOOSE": choose_form,
    "IFERROR": _rescue("IFERROR", if_error),
    "IFNA": _rescue("IFNA", if_na),
    "LET": let_form,
}
