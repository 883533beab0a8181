"""The body of a pass: a formula as operations on cells of the chain and on what stands outside.

Parts of a formula that read no cell of the chain are values worked out beforehand, for all copies
at once, whatever functions they call. Only what lies between them and the chain's cells must be
known to the pass; a chain with anything else in it is cut into waves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xlcollab.errors import XlcollabError
from xlcollab.formula.nodes import (
    Binary,
    Boolean,
    Call,
    Missing,
    Node,
    Number,
    Reference,
    Unary,
    children,
    shared,
    walk,
)
from xlcollab.formula.signatures import SIGNATURES, Use
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scan import codes
from xlcollab.plan.chains import Direction, growing
from xlcollab.plan.families import Family
from xlcollab.plan.regions import bounding


class NotScannedError(XlcollabError):
    """A chain that is not worked out in one pass but in waves. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the tracer works out for all copies: an argument of `call`, or (None) a value."""

    node: Node
    call: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Inside:
    """A reference that falls on cells of the chain, of one size for all copies."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Growing:
    """A reference to an area that a step makes larger by a line."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Made:
    """The result of an earlier operation, by its position."""

    step: int


Operand = Outside | Inside | Growing | Made


@dataclass(frozen=True, slots=True)
class Step:
    """An operation on operands; its result is one value per copy."""

    code: int
    operands: tuple[Operand, ...]


def body(family: Family, members: Sequence[Family], direction: Direction) -> tuple[Step, ...]:
    """The operations of a formula in order; the last gives what its cell holds.

    Raises NotScannedError for a formula that is none for a pass.
    """
    lowering = _Lowering(family, members, direction)
    node = family.node
    if family.closing and isinstance(node, Binary):
        result = lowering.binary(node, closing=True)
    else:
        result = lowering.value(node)
    last = len(lowering.steps) - 1
    if not (result == Made(last) and lowering.steps[last].code < codes.GROWING):
        lowering.emit(ops.COPY, result)
    return tuple(lowering.steps)


@dataclass(slots=True)
class _Lowering:
    family: Family
    members: Sequence[Family]
    direction: Direction
    steps: list[Step] = field(default_factory=list)
    _made: dict[int, Operand] = field(default_factory=dict)
    _depends: dict[int, bool] = field(default_factory=dict)
    _grows: frozenset[Reference] = frozenset()
    _shared: frozenset[int] = frozenset()
    _fed: bool = False
    """Whether the formula reads cells of the chain."""

    def __post_init__(self) -> None:
        self._fed = any(self._in_chain(one) for one in walk(self.family.node))
        self._grows = frozenset(growing(self.family))
        self._shared = shared(self.family.node)

    def emit(self, code: int, *operands: Operand) -> Made:
        self.steps.append(Step(code, operands))
        return Made(len(self.steps) - 1)

    def depends(self, node: Node) -> bool:
        """Whether a node reads cells of the chain, or an area that grows; iterative."""
        pending = [node]
        while pending:
            at = pending[-1]
            below = [child for child in children(at) if id(child) not in self._depends]
            if id(at) in self._depends or not below:
                pending.pop()
                self._depends[id(at)] = self._reads(at) or (
                    any(self._depends[id(child)] for child in children(at)) and not self._beside(at)
                )
            else:
                pending += below
        return self._depends[id(node)]

    def _beside(self, node: Node) -> bool:
        """Whether a call looks along areas that grow beside the chain, as no pass does."""
        if not (self._fed and isinstance(node, Call)) or node.name in _TAKEN_UP:
            return False
        grows = any(one in self._grows for one in node.arguments if isinstance(one, Reference))
        return grows and not any(self._in_chain(one) for one in walk(node))

    def _reads(self, node: Node) -> bool:
        return isinstance(node, Reference) and (node in self._grows or self._in_chain(node))

    def _in_chain(self, node: Node) -> bool:
        if not isinstance(node, Reference):
            return False
        rect = bounding(node, self.family)
        return rect is not None and any(
            node.sheet == other.sheet and rect.intersection(other.rect) for other in self.members
        )

    def value(self, node: Node) -> Operand:
        """A node as one value per copy. Raises NotScannedError."""
        if not self.depends(node):
            return Outside(node)
        if id(node) not in self._made:
            self._made[id(node)] = self._value(node)
        return self._made[id(node)]

    def _value(self, node: Node) -> Operand:
        if isinstance(node, Reference):
            if node in self._grows or not node.is_cell:
                raise NotScannedError("an area stands where one value belongs")
            return Inside(node)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Call):
            return self._call(node)
        raise NotScannedError(f"a {type(node).__name__}")

    def _unary(self, node: Unary) -> Operand:
        operand = self.value(node.operand)
        if node.operator == "-":
            return self.emit(ops.NEGATE, operand)
        if node.operator == "%":
            return self.emit(ops.DIVIDE, operand, Outside(Number(100.0)))
        if node.operator in ("+", "@"):
            return operand
        raise NotScannedError(node.operator)

    def binary(self, node: Binary, *, closing: bool = False) -> Operand:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long. What stands elsewhere
        too is worked out once."""
        spine: list[Binary] = [node]
        left = node.left
        while isinstance(left, Binary) and self.depends(left) and id(left) not in self._shared:
            spine.append(left)
            left = left.left
        result = self.value(left)
        for part in reversed(spine):
            code = ops.OPERATORS.get(part.operator)
            if code is None:
                raise NotScannedError(part.operator)
            if closing and part is node:
                code = ops.CLOSING.get(part.operator, code)
            result = self.emit(code, result, self.value(part.right))
        return result

    def _call(self, node: Call) -> Operand:
        signature = SIGNATURES.get(node.name)
        if signature is None or not signature.accepts(len(node.arguments)):
            raise NotScannedError(node.name)
        if node.name in codes.OF_VALUES:
            code, count = codes.OF_VALUES[node.name]
            if len(node.arguments) != count:
                raise NotScannedError(node.name)
            return self.emit(code, *(self.value(argument) for argument in node.arguments))
        if node.name in codes.AGGREGATES:
            return self._aggregate(codes.AGGREGATES[node.name], node)
        form = _FORMS.get(node.name)
        if form is None:
            raise NotScannedError(node.name)
        return form(self, node)

    def branch(self, node: Node) -> Operand:
        """A branch of a choice. Raises NotScannedError for one left empty."""
        if isinstance(node, Missing):
            raise NotScannedError("an empty branch")
        return self.value(node)

    def _aggregate(self, code: int, node: Call) -> Made:
        if code == ops.COUNT:
            return self.count(node)
        if (
            code == ops.CLOSING_SUM
            and len(node.arguments) == 1
            and node.arguments[0] in self._grows
        ):
            return self._grown(codes.GROWING_CLOSING_SUM, node.arguments[0])
        return self.emit(code, *self.arguments(code, node))

    def count(self, node: Call) -> Made:
        """COUNT: how many there are in areas that grow is added to the others."""
        pairs = list(zip(node.arguments, self.arguments(ops.COUNT, node), strict=True))
        parts = [operand for argument, operand in pairs if argument in self._grows]
        rest = [operand for argument, operand in pairs if argument not in self._grows]
        if rest:
            parts.insert(0, self.emit(ops.COUNT, *rest))
        total = parts[0]
        for part in parts[1:]:
            total = self.emit(ops.ADD, total, part)
        assert isinstance(total, Made)
        return total

    def arguments(self, code: int, node: Call) -> list[Operand]:
        """What an aggregate is given. Raises NotScannedError."""
        return [
            self._argument(code, node, position, argument)
            for position, argument in enumerate(node.arguments)
        ]

    def _argument(self, code: int, call: Call, position: int, node: Node) -> Operand:
        if not self.depends(node):
            return Outside(node, call.name, position)
        if isinstance(node, Reference):
            return self._grown(codes.GROWN.get(code), node) if node in self._grows else Inside(node)
        if isinstance(node, Binary) and node.operator in (",", ":", " "):
            raise NotScannedError("a union of areas")
        known = SIGNATURES.get(node.name) if isinstance(node, Call) else None
        choice = known is not None and Use.BRANCH.value in known.branches
        if choice and any(isinstance(one, Reference) for one in children(node)):
            raise NotScannedError("a choice between areas")
        return self.value(node)

    def _grown(self, code: int | None, node: Node) -> Made:
        reference = node
        if code is None or not isinstance(reference, Reference):
            raise NotScannedError("an area that grows")
        if self.direction.across and reference.top != reference.bottom:
            raise NotScannedError("an area of several rows that grows")
        return self.emit(code, Growing(reference))

    def array(self, call: Call, position: int) -> Operand:
        """An argument of SUMPRODUCT. Raises NotScannedError."""
        node = call.arguments[position]
        if not self.depends(node):
            return Outside(node, call.name, position)
        if not isinstance(node, Reference) or node in self._grows:
            raise NotScannedError("an array")
        return Inside(node)


_TAKEN_UP = frozenset(
    {"AVERAGE", *(name for name, code in codes.AGGREGATES.items() if code in codes.GROWN)}
)
"""Functions that a pass knows of areas that grow."""


def _choice(lowering: _Lowering, node: Call) -> Operand:
    condition = lowering.value(node.arguments[0])
    yes = lowering.branch(node.arguments[1])
    no = lowering.branch(node.arguments[2]) if len(node.arguments) > 2 else Outside(_FALSE)
    return lowering.emit(ops.SELECT, condition, yes, no)


def _rescue(lowering: _Lowering, node: Call) -> Operand:
    first, second = node.arguments
    return lowering.emit(codes.RESCUE, lowering.value(first), lowering.value(second))


def _average(lowering: _Lowering, node: Call) -> Operand:
    total = lowering.emit(ops.SUM, *lowering.arguments(ops.SUM, node))
    return lowering.emit(ops.DIVIDE, total, lowering.count(node))


def _logarithm(lowering: _Lowering, node: Call) -> Operand:
    value = lowering.value(node.arguments[0])
    if len(node.arguments) == 1:
        return lowering.emit(ops.LOG10, value)
    base = lowering.emit(ops.LN, lowering.value(node.arguments[1]))
    return lowering.emit(ops.DIVIDE, lowering.emit(ops.LN, value), base)


def _products(lowering: _Lowering, node: Call) -> Operand:
    operands = [lowering.array(node, position) for position in range(len(node.arguments))]
    return lowering.emit(codes.SUM_OF_PRODUCTS, *operands)


_FALSE = Boolean(False)
_FORMS: Mapping[str, Callable[[_Lowering, Call], Operand]] = {
    "IF": _choice,
    "IFERROR": _rescue,
    "AVERAGE": _average,
    "LOG": _logarithm,
    "SUMPRODUCT": _products,
}
