"""Calls of lambdas: on the spot, by a name of LET, by a defined name, and by themselves.

A call records the lambda's body with the parameters bound, so a formula of lambdas is the same
program of tensors as one written out, slopes included.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import (
    APPLIED,
    AS_LAMBDA,
    OPTIONAL,
    Call,
    Missing,
    Name,
    Node,
    parameter,
)
from xlcollab.grid import ErrorCode
from xlcollab.kernels.values.area import Area, RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.frame import Closure, Evaluator, Frame
from xlcollab.kernels.values.tape import Value

_DEEPEST = 256
"""Calls inside one another."""
_MOST_CALLS = 2_000
"""Calls of one formula; one with arguments as before is none."""
_FRAMES_A_CALL = 40
"""Python's calls for one of a LAMBDA, from the tracer to its body's nodes."""
sys.setrecursionlimit(max(sys.getrecursionlimit(), 2000 + _DEEPEST * _FRAMES_A_CALL))

Argument = Value | Area | Closure | None
"""What a parameter is bound to; None for one that was left out."""


def closure_of(tracer: Evaluator, node: Node, frame: Frame) -> Closure | None:
    """A node as a lambda; None when it is none."""
    if isinstance(node, Name):
        bound = frame.bound.get(node.name.lower())
        if isinstance(bound, Closure):
            return bound
        is_function = node.name.startswith(AS_LAMBDA)
        return (
            Closure((), node, frame, function=node.name[len(AS_LAMBDA) :]) if is_function else None
        )
    if not isinstance(node, Call):
        return None
    if node.name == "LAMBDA" and node.arguments:
        return _closed(node, frame)
    if node.name == "LET" and _gives_lambda(node):
        return closure_of(tracer, node.arguments[-1], let_frame(tracer, node, frame))
    called = _called(tracer, node, frame)
    if called is None or called.function or not _gives_lambda(called.body):
        return None
    given = node.arguments[1:] if node.name == APPLIED else node.arguments
    return closure_of(
        tracer, called.body, _entered(tracer, called, _arguments(tracer, given, frame))
    )


def _gives_lambda(node: Node) -> bool:
    """Whether a node is written as a lambda, LET's names taken for what they stand for."""
    if not isinstance(node, Call) or not node.arguments:
        return False
    *pairs, last = node.arguments
    if node.name == "LET" and isinstance(last, Name):
        given = dict(zip(pairs[::2], pairs[1::2], strict=False))
        return last in given and _gives_lambda(given[last])
    return node.name == "LAMBDA" or (node.name == "LET" and _gives_lambda(last))


def _closed(node: Call, frame: Frame) -> Closure:
    """Raises UnsupportedError for a parameter that is no name."""
    *given, body = node.arguments
    names = [parameter(one) for one in given]
    if any(name is None for name in names):
        raise UnsupportedError("a LAMBDA has names before its last argument")
    return Closure(tuple(name.lower() for name in names if name is not None), body, frame)


def let_frame(tracer: Evaluator, node: Call, frame: Frame) -> Frame:
    """The frame with what LET binds. Raises UnsupportedError."""
    pairs = node.arguments[:-1]
    if len(pairs) % 2:
        raise UnsupportedError("LET needs a value for each name and a result at the end")
    for name, argument in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(name, Name):
            raise UnsupportedError("LET needs a name as every other argument")
        found = _argument(tracer, argument, frame)
        if isinstance(found, Closure) and name.name.endswith(APPLIED):
            found = replace(found, own=name.name.lower())
        frame = replace(frame, bound={**frame.bound, name.name.lower(): _given(tracer, found)})
    return frame


def _given(tracer: Evaluator, argument: Argument) -> Value | Area | Closure:
    return Value(tracer.tape.exact.scalar(None)) if argument is None else argument


def _argument(tracer: Evaluator, node: Node, frame: Frame) -> Argument:
    if isinstance(node, Missing):
        return None
    closure = closure_of(tracer, node, frame)
    return closure or tracer.reference(node, frame) or tracer.value(node, frame)


def _arguments(tracer: Evaluator, nodes: Sequence[Node], frame: Frame) -> list[Argument]:
    return [_argument(tracer, node, frame) for node in nodes]


def _called(tracer: Evaluator, node: Call, frame: Frame) -> Closure | None:
    """The lambda that a call means; None where it means a function of the table."""
    if node.name == APPLIED:
        return closure_of(tracer, node.arguments[0], frame)
    bound = frame.bound.get(node.name.lower())
    return bound if isinstance(bound, Closure) else None


def called_value(tracer: Evaluator, node: Call, frame: Frame) -> Value | None:
    """The result of a call of a lambda; None where it is none of such."""
    called = _called(tracer, node, frame)
    if called is None:
        return None
    given = node.arguments[1:] if node.name == APPLIED else node.arguments
    return call(tracer, called, _arguments(tracer, given, frame))


def call(tracer: Evaluator, called: Closure, arguments: Sequence[Argument]) -> Value:
    """What a lambda gives for its arguments. Raises UnsupportedError, RaggedError."""
    key = _key(tracer, called, arguments)
    if key is not None and key in tracer.answers:
        return tracer.answers[key][1]
    tracer.nesting += 1
    try:
        found = tracer.value(*_opened(tracer, called, arguments))
    finally:
        tracer.nesting -= 1
    if key is not None:
        tracer.answers[key] = (called, found)
    return found


def _key(
    tracer: Evaluator, called: Closure, arguments: Sequence[Argument]
) -> tuple[object, ...] | None:
    """By what a call is known again: of constants, one value each."""
    if not tracer.repeatable:
        return None
    key: list[object] = [id(called)]
    for one in arguments:
        if (
            not isinstance(one, Value)
            or not one.constant
            or one.block.number.numel() > 1
            or one.tail
        ):
            return None
        key += [int(one.block.kinds().reshape(-1)[0]), float(one.block.number.reshape(-1)[0])]
    return tuple(key)


def _opened(
    tracer: Evaluator, called: Closure, arguments: Sequence[Argument]
) -> tuple[Node, Frame]:
    """What is to be evaluated, and where."""
    if not called.function:
        return called.body, _entered(tracer, called, arguments)
    names = [Name(f"{place}{APPLIED}") for place in range(len(arguments))]
    bound = {one.name: _given(tracer, a) for one, a in zip(names, arguments, strict=True)}
    return Call(called.function, tuple(names)), replace(called.frame, array=True, bound=bound)


def _entered(tracer: Evaluator, called: Closure, arguments: Sequence[Argument]) -> Frame:
    """The frame with the parameters bound. Raises UnsupportedError, RaggedError, ArgumentIsError
    for a wrong number of arguments."""
    home = called.frame
    tracer.calls += 1
    if tracer.nesting > _DEEPEST or tracer.calls > _MOST_CALLS:
        if home.family.rows * home.family.columns > 1:
            raise RaggedError
        name = called.own.removesuffix(APPLIED).upper()
        raise UnsupportedError(
            f"the LAMBDA {name} is called too often: {_DEEPEST} calls inside one another and "
            f"{_MOST_CALLS:,} of a formula are followed, none of which a variable cell decides on"
        )
    names = [name.removeprefix(OPTIONAL) for name in called.names]
    fewest = sum(not name.startswith(OPTIONAL) for name in called.names)
    if not fewest <= len(arguments) <= len(names):
        raise ArgumentIsError(ErrorCode.VALUE)
    given = [*arguments, *[None] * (len(names) - len(arguments))]
    omitted = frozenset(name for name, one in zip(names, given, strict=True) if one is None)
    own = {called.own: called} if called.own else {}
    bound = {name: _given(tracer, one) for name, one in zip(names, given, strict=True)}
    return replace(home, array=True, bound={**home.bound, **own, **bound}, omitted=omitted)
