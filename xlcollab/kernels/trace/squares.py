"""Finding a sum of squares in disguise.

RMSE cells, SUMXMY2, SUMSQ, `SUM` or `AVERAGE` of a column of squared errors: minimising any of
them is minimising a sum of squares, for which Levenberg–Marquardt wants the residuals themselves.
The search walks the tape backwards from the objective through operations that grow with their
argument, and re-records the rest with each square replaced by its root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlcollab.grid import Kind
from xlcollab.kernels.functions.maths.products import paired
from xlcollab.kernels.functions.statistics.reduce import deviations, members
from xlcollab.kernels.numbers.later import torch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Role
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.tape import Instruction, Operation, Tape, Value


def residuals_of(tape: Tape, objective: Value) -> list[Value]:
    """Values with whose sum of squares `objective` increases; empty where none are found."""
    return _Search(tape).scalar(objective) or []


class _Search:
    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.made = {
            instruction.out: instruction
            for instruction in tape.instructions
            if instruction.arguments != _ALL_VARIABLES  # where the search ends: nothing lies below
        }

    def instruction(self, value: Value) -> Instruction | None:
        return None if value.slot is None else self.made.get(value.slot)

    def arguments(self, instruction: Instruction) -> list[Value]:
        return [
            self.tape.values[a] if isinstance(a, int) else Value(a) for a in instruction.arguments
        ]

    def scalar(self, value: Value) -> list[Value] | None:
        """One value: look through what keeps its order, then at the sum below."""
        while (made := self.instruction(value)) is not None:
            step = self._monotone(made)
            if step is None:
                break
            value = step
        return self.sum_of(value)

    def _monotone(self, made: Instruction) -> Value | None:
        """The argument below an increasing function of one value, else None."""
        arguments = self.arguments(made)
        if made.facts.role in (Role.MOVE, Role.ROOT):
            active = [a for a in arguments if not a.constant]
            return active[0] if len(active) == 1 else None
        if made.facts.role in _SHIFTS or made.facts.role in _SCALINGS:
            shift = made.facts.role in _SHIFTS
            first, second = arguments
            if not first.constant and second.constant:
                return first if shift or _positive(second.block) else None
            if first.constant and made.facts.role in (Role.ADD, Role.MULTIPLY):
                return second if shift or _positive(first.block) else None
        if made.facts.role is Role.POWER and arguments[1].constant:
            half = float(arguments[1].block.number.reshape(-1)[0])
            return arguments[0] if 0 < half < 1 and arguments[1].block.number.numel() == 1 else None
        return None

    def sum_of(self, value: Value) -> list[Value] | None:
        """A value that is a sum of squares of the values returned."""
        made = self.instruction(value)
        if made is None:
            return None
        arguments = self.arguments(made)
        rule = _SUMS.get(made.facts.role)
        if rule is not None:
            return rule(self, arguments)
        if made.facts.role is Role.ADD:
            return self._joined([self.scalar_sum(argument) for argument in arguments])
        root = self.root(value)
        return None if root is None else [root]

    def scalar_sum(self, value: Value) -> list[Value] | None:
        """One summand: a constant adds nothing; else it must be a sum of squares itself."""
        if value.constant:
            return []
        made = self.instruction(value)
        if made is not None and made.facts.role is Role.MOVE:
            active = [a for a in self.arguments(made) if not a.constant]
            if len(active) == 1 and active[0].block.shape.numel() == 1:
                return self.scalar_sum(active[0])
        return self.sum_of(value)

    @staticmethod
    def _joined(parts: list[list[Value] | None]) -> list[Value] | None:
        found: list[Value] = []
        for part in parts:
            if part is None:
                return None
            found += part
        return found or None

    def sum_of_roots(self, arguments: list[Value]) -> list[Value] | None:
        """SUM and AVERAGE: every active argument is made of squares."""
        parts: list[list[Value] | None] = []
        for argument in arguments:
            if argument.constant:
                continue
            root = self.root(argument)
            parts.append(
                [root]
                if root is not None
                else self.scalar_sum(argument)
                if argument.block.shape.numel() == 1
                else None
            )
        return self._joined(parts)

    def root(self, value: Value) -> Value | None:
        """A block whose squares are the values of `value`, up to constants; else None."""
        made = self.instruction(value)
        if made is None:
            return None
        arguments = self.arguments(made)
        role = made.facts.role
        if role is Role.POWER:
            return arguments[0] if _is_two(arguments[1]) else None
        if role is Role.MULTIPLY:
            return self._root_of_product(arguments)
        if role is Role.DIVIDE and arguments[1].constant and _positive(arguments[1].block):
            below = self.root(arguments[0])
            divisor = self.tape.emit(_ROOT, [arguments[1]])
            return below and self.tape.emit(BINARY["/"], [below, divisor])
        if role in (Role.MOVE, Role.CHOICE):
            return self._root_of_movement(made, arguments)
        return None

    def _root_of_product(self, arguments: list[Value]) -> Value | None:
        first, second = arguments
        if first.slot is not None and first.slot == second.slot:
            return first
        if second.constant:
            first, second = second, first
        if not first.constant or not _positive(first.block):
            return None
        below = self.root(second)
        factor = self.tape.emit(_ROOT, [first])
        return below and self.tape.emit(BINARY["*"], [factor, below])

    def _root_of_movement(self, made: Instruction, arguments: list[Value]) -> Value | None:
        """The same movement applied to the roots; constants among the values become 0."""
        keep = 1 if made.facts.role is Role.CHOICE else 0
        moved = list(arguments[:keep])
        if any(not argument.constant for argument in moved):
            return None
        for argument in arguments[keep:]:
            root = _zeros(argument) if argument.constant else self.root(argument)
            if root is None:
                return None
            moved.append(root)
        return self.tape.emit(made.operation, moved, made.indices)

    def sum_of_squares(self, arguments: list[Value]) -> list[Value] | None:
        return [self.tape.emit(_MEMBERS, [a]) for a in arguments if not a.constant] or None

    def differences(self, arguments: list[Value]) -> list[Value] | None:
        return [self.tape.emit(_DIFFERENCES, arguments)]

    def spread(self, arguments: list[Value]) -> list[Value] | None:
        if len(arguments) != 1:
            return None
        return [self.tape.emit(_DEVIATIONS, arguments)]

    def own_product(self, arguments: list[Value]) -> list[Value] | None:
        """SUMPRODUCT of a block with itself, or of one block of squares."""
        if len(arguments) == 1:
            return self.sum_of_roots(arguments)
        if len(arguments) == 2 and arguments[0].slot == arguments[1].slot is not None:
            return self.sum_of_squares(arguments[:1])
        return None


_ALL_VARIABLES = (0,)
"""The arguments of an operation that cuts its part out of the vector of variables."""
_SHIFTS = (Role.ADD, Role.SUBTRACT)
_SCALINGS = (Role.MULTIPLY, Role.DIVIDE)
_SUMS: Mapping[Role, Callable[[_Search, list[Value]], list[Value] | None]] = {
    Role.SUM: _Search.sum_of_roots,
    Role.SUM_OF_PRODUCTS: _Search.own_product,
    Role.SUM_OF_SQUARES: _Search.sum_of_squares,
    Role.SQUARED_DIFFERENCES: _Search.differences,
    Role.SPREAD: _Search.spread,
}
"""Operations that are sums of squares, or of values that may be squares."""


def _positive(block: Block) -> bool:
    return block.kind is Kind.NUMBER and bool((block.number > 0).all())


def _is_two(value: Value) -> bool:
    block = value.block
    return value.constant and block.kind is Kind.NUMBER and bool((block.number == 2).all())


def _zeros(value: Value) -> Value:
    return Value(Block(torch.zeros(value.block.shape, dtype=value.block.number.dtype), Kind.NUMBER))


def _square_root(context: Context, block: Block) -> Block:
    return context.result(block.number.sqrt())


def _members(context: Context, block: Block) -> Block:
    found = members(context, block).filled(0.0)
    return Block(found[:, :, None, :], Kind.NUMBER)


def _deviations(context: Context, block: Block) -> Block:
    difference, _ = deviations(members(context, block))
    return Block(difference[:, :, None, :], Kind.NUMBER)


def _differences(context: Context, a: Block, b: Block) -> Block:
    found = paired(context, a, b)
    assert found is not None
    x, y, mask, _ = found
    difference = x - y
    if mask is not None:
        difference = torch.where(mask, difference, 0.0)
    return Block(difference[:, :, None, :], Kind.NUMBER)


_ROOT = Operation("SQRT", _square_root)
_MEMBERS = Operation("members", _members)
_DIFFERENCES = Operation("differences", _differences)
_DEVIATIONS = Operation("deviations", _deviations)
