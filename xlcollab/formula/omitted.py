"""Branches left empty, `IF(A1>0,5,)`: 0 where only their number counts, a blank everywhere else."""

from __future__ import annotations

from collections.abc import Iterator

from xlcollab.formula.nodes import Binary, Call, Missing, Node, Number, Unary, walk
from xlcollab.formula.signatures import SIGNATURES, Use

_ARITHMETIC = frozenset("+-*/^")
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">="))


def with_zeros(node: Node) -> Node:
    """`node` with 0 for empty branches whose number alone counts. What stays as it is keeps its
    identity."""
    if not any(_leaves_out(one) for one in walk(node)):
        return node
    return _Zeros().of(node, True)


def _leaves_out(node: Node) -> bool:
    if not isinstance(node, Call):
        return False
    return any(
        isinstance(one, Missing) and use is Use.BRANCH
        for one, use in zip(node.arguments, _uses(node), strict=True)
    )


class _Zeros:
    def __init__(self) -> None:
        self.known: dict[tuple[int, bool], tuple[Node, Node]] = {}

    def of(self, node: Node, counts: bool) -> Node:
        """`counts`: whether nothing but the number of the node is asked for."""
        key = (id(node), counts)
        if key not in self.known:
            self.known[key] = (node, self._of(node, counts))
        return self.known[key][1]

    def _of(self, node: Node, counts: bool) -> Node:
        if isinstance(node, Unary):
            inside = counts if node.operator in "+@" else node.operator in "-%"
            operand = self.of(node.operand, inside)
            return node if operand is node.operand else Unary(node.operator, operand)
        if isinstance(node, Binary):
            return self._spine(node)
        if isinstance(node, Call):
            return self._call(node, counts)
        return node

    def _spine(self, node: Binary) -> Node:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long."""
        spine, left = [node], node.left
        while isinstance(left, Binary):
            spine.append(left)
            left = left.left
        result = self.of(left, _counts(spine[-1], spine[-1].right))
        for part in reversed(spine):
            right = self.of(part.right, _counts(part, part.left))
            same = result is part.left and right is part.right
            result = part if same else Binary(part.operator, result, right)
        return result

    def _call(self, node: Call, counts: bool) -> Node:
        given = tuple(
            self._argument(one, use, counts)
            for one, use in zip(node.arguments, _uses(node), strict=True)
        )
        same = all(one is other for one, other in zip(given, node.arguments, strict=True))
        return node if same else Call(node.name, given)

    def _argument(self, node: Node, use: Use, counts: bool) -> Node:
        """`counts`: whether nothing but the number of the call is asked for."""
        if isinstance(node, Missing) and use is Use.BRANCH and counts:
            return Number(0.0)
        passes_on = use in (Use.BRANCH, Use.RESULT)
        return self.of(node, use is Use.NUMBER or (passes_on and counts))


def _counts(node: Binary, beside: Node) -> bool:
    """Whether of a side of an operator only the number counts: of one that is compared with a
    number, too."""
    compared = node.operator in _COMPARISONS and isinstance(beside, Number)
    return node.operator in _ARITHMETIC or compared


def _uses(node: Call) -> Iterator[Use]:
    """What becomes of each argument."""
    known, count = SIGNATURES.get(node.name), len(node.arguments)
    for place in range(count):
        yield known.use(place, count) if known else Use.ANY
