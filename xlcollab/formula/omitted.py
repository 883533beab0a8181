"""Branches left empty, `IF(A1>0,5,)`: 0 where only their number counts, a blank everywhere else."""

from __future__ import annotations

from collections.abc import Iterator

from xlcollab.formula.nodes import Binary, Call, Missing, Node, Number, Unary, walk

_CHOICES = {"IF": (0, 1), "CHOOSE": (0, 1), "IFERROR": (None, 0), "IFNA": (None, 0)}
"""Choice → (the argument that is asked for its number, the first that can be the result)."""
_ARITHMETIC = frozenset("+-*/^")
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">="))
_ADDING = "SUM"
"""What takes a blank that it is given for 0."""


def with_zeros(node: Node) -> Node:
    """`node` with 0 for empty branches whose number alone counts. What stays as it is keeps its
    identity."""
    if not any(_leaves_out(one) for one in walk(node)):
        return node
    return _Zeros().of(node, True)


def _leaves_out(node: Node) -> bool:
    if not isinstance(node, Call):
        return False
    choosing = node.name in _CHOICES or node.name in ("IFS", "SWITCH")
    return choosing and any(isinstance(one, Missing) for one in node.arguments)


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
        places = list(_places(node, counts))
        given = tuple(
            self._argument(one, place) for one, place in zip(node.arguments, places, strict=True)
        )
        same = all(one is other for one, other in zip(given, node.arguments, strict=True))
        return node if same else Call(node.name, given)

    def _argument(self, node: Node, place: tuple[bool, bool]) -> Node:
        counts, is_branch = place
        return (
            Number(0.0)
            if isinstance(node, Missing) and counts and is_branch
            else self.of(node, counts)
        )


def _counts(node: Binary, beside: Node) -> bool:
    """Whether of a side of an operator only the number counts: of one that is compared with a
    number, too."""
    compared = node.operator in _COMPARISONS and isinstance(beside, Number)
    return node.operator in _ARITHMETIC or compared


def _places(node: Call, counts: bool) -> Iterator[tuple[bool, bool]]:
    """Per argument: whether only its number counts, and whether it is a branch."""
    for place in range(len(node.arguments)):
        yield _place(node, place, counts)


def _place(node: Call, place: int, counts: bool) -> tuple[bool, bool]:
    if node.name in _CHOICES:
        asked, first = _CHOICES[node.name]
        return (True, False) if place == asked else (counts, place >= first)
    if node.name == "IFS":
        return (counts, True) if place % 2 else (True, False)
    if node.name == "SWITCH":
        last = place == len(node.arguments) - 1
        is_result = place > 0 and (place % 2 == 0 or last)
        return counts and is_result, is_result
    if node.name == "LET":
        return counts and place == len(node.arguments) - 1, False
    return node.name == _ADDING, False
