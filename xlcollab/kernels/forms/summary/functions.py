"""What a summary applies to its groups: one function, or several side by side or stacked."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import (
    OPTIONAL,
    ArrayLiteral,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Node,
    Number,
    Reference,
    Text,
)
from xlcollab.formula.signatures import array_role
from xlcollab.grid import ErrorCode
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.calls import call, closure_of
from xlcollab.kernels.values.facts import MOVEMENT
from xlcollab.kernels.values.frame import Closure, Evaluator, Frame
from xlcollab.kernels.values.shapes import as_array, moved
from xlcollab.kernels.values.tape import Operation, Value

_CUSTOM = "CUSTOM"
_MOST_REQUIRED = 2
"""A summary hands over the values of a group, and those of all."""
_NO_LAMBDA = (Number, Text, Boolean, ErrorValue, Reference, ArrayLiteral, Missing)


@dataclass(frozen=True, slots=True)
class Applied:
    """A function, and how many arguments it must have: a second one are the values that it is to be
    compared with."""

    name: str
    closure: Closure
    required: int


@dataclass(frozen=True, slots=True)
class Functions:
    """Functions in their order; `stacked` where they stand one below another."""

    each: tuple[Applied, ...]
    stacked: bool

    @property
    def several(self) -> bool:
        return len(self.each) > 1

    def over(self, columns: int) -> list[tuple[Applied, int]]:
        """Which function takes which column of values. Raises ArgumentIsError where neither is one
        and they are not as many."""
        if not self.several:
            return [(self.each[0], column) for column in range(columns)]
        if columns not in (1, len(self.each)):
            raise ArgumentIsError(ErrorCode.VALUE)
        return [(one, at if columns > 1 else 0) for at, one in enumerate(self.each)]


def functions(tracer: Evaluator, node: Node, frame: Frame) -> Functions:
    """The functions that an argument names. Raises UnsupportedError for what cannot be read as
    such, ArgumentIsError for a value."""
    nodes, stacked = [node], False
    role = array_role(node)
    if isinstance(node, Call) and role in ("beside", "below"):
        nodes, stacked = list(node.arguments), role == "below"
    each = tuple(_applied(tracer, one, frame) for one in nodes)
    if sum(one.name == _CUSTOM for one in each) > 1:
        raise UnsupportedError(
            "several LAMBDAs beside one another: how Excel names each is unknown"
        )
    return Functions(each, stacked)


def _applied(tracer: Evaluator, node: Node, frame: Frame) -> Applied:
    closure = closure_of(tracer, node, frame)
    if closure is None and isinstance(node, _NO_LAMBDA):
        raise ArgumentIsError(ErrorCode.VALUE)
    if closure is None:
        raise UnsupportedError("a summary needs a function or a LAMBDA to apply")
    if closure.function:
        required = tracer.signature(closure.function).minimum
    else:
        required = sum(not name.startswith(OPTIONAL) for name in closure.names)
    if required > _MOST_REQUIRED:
        raise ArgumentIsError(ErrorCode.VALUE)
    return Applied(closure.function or _CUSTOM, closure, required)


def applied(
    tracer: Evaluator,
    function: Applied,
    values: Value,
    column: int,
    rows: tuple[tuple[int, ...], tuple[int, ...]],
) -> Value:
    """What a function gives for the values of some rows, (its own, those to compare with). Raises
    ArgumentIsError where it gives an array."""
    handed = [_column(tracer, values, column, some) for some in rows[: function.required]]
    if not handed:
        return Value(tracer.tape.exact.error(ErrorCode.VALUE))
    found = call(tracer, function.closure, handed)
    if found.block.shape[2:].numel() > 1:
        raise ArgumentIsError(ErrorCode.VALUE)
    return found


def _column(tracer: Evaluator, values: Value, column: int, rows: tuple[int, ...]) -> Value:
    """Some rows of a column of the values, as an array."""

    def run(context: Context, block: Block, index: Tensor) -> Block:
        del context
        return as_array(moved(block, lambda v: v[..., column : column + 1].index_select(2, index)))

    return tracer.tape.emit(Operation("rows", run, MOVEMENT), [values], (torch.tensor(rows),))
