"""SUMPRODUCT of lines that grow alike, `SUMPRODUCT((B$1:B9>2)*C$1:C9)`.

What stands at one place of all lines is the value of a formula of single cells, which each cell of
the lines is taken into once.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from xlcollab.formula.nodes import (
    Axis,
    Binary,
    Boolean,
    Call,
    Node,
    Number,
    Reference,
    Text,
    Unary,
    walk,
)
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.growing import Products, grows
from xlcollab.kernels.cellwise.lookups import CellFunction, Maker, NotCellwiseError
from xlcollab.kernels.cellwise.scalars import finished

_MOST_PARTS = 40
"""Of a factor: each is a call of Python's."""
_CONSTANT = (Number, Text, Boolean)
_OPERATORS = frozenset(("+", "-", "*", "/", "^", "=", "<>", "<", "<=", ">", ">=", "&", "%"))


def sums_products(node: Node) -> bool:
    """Whether a node is a SUMPRODUCT of columns that grow alike, and of operators on them."""
    if not isinstance(node, Call) or node.name != "SUMPRODUCT" or not node.arguments:
        return False
    lines = [one for one in walk(node) if isinstance(one, Reference)]
    return (
        all(map(_is_elementwise, node.arguments))
        and all(grows(one) and one.top.absolute and one.left == one.right for one in lines)
        and all(one.bottom == other.bottom for one, other in pairwise(lines))
        and all(one.top == other.top for one, other in pairwise(lines))
    )


def _is_elementwise(node: Node) -> bool:
    """Whether a node is one value for each place of the lines in it, of which there is one."""
    parts = list(walk(node))
    if len(parts) > _MOST_PARTS:
        return False
    return any(isinstance(one, Reference) for one in parts) and all(
        isinstance(one, (Reference, *_CONSTANT))
        or (isinstance(one, Binary | Unary) and one.operator in _OPERATORS)
        for one in parts
    )


def sum_of_products(maker: Maker, node: Call, depth: int) -> CellFunction:
    """SUMPRODUCT of columns that grow. Raises NotCellwiseError."""
    line = next(one for one in walk(node) if isinstance(one, Reference))
    sheet, corners = maker.corners(line)
    first, sums = line.top.value, maker.growing.products
    factors = [maker.make(_at_one_place(one), depth) for one in node.arguments]

    def run(row: int, column: int) -> Scalar:
        top, _, size, _ = corners(row, column)
        if top != first:
            raise NotCellwiseError
        known = sums.get((sheet, node, column))
        if known is None or known.size > size:
            known = sums[sheet, node, column] = Products([None] * len(factors))
        for place in range(first + known.size, first + size):
            known.take([one(place, column) for one in factors])
        if size == 1 and len(factors) > 1 and known.foreign:  # lone values are read otherwise
            raise NotCellwiseError
        found = known.result()
        return found if isinstance(found, ErrorCode) else finished(found)

    return run


def _at_one_place(node: Node) -> Node:
    """A formula of lines as one of the single cells that stand in a row."""
    if isinstance(node, Reference):
        return replace(node, top=_HERE, bottom=_HERE)
    if isinstance(node, Unary):
        return replace(node, operand=_at_one_place(node.operand))
    if isinstance(node, Binary):
        return replace(node, left=_at_one_place(node.left), right=_at_one_place(node.right))
    return node


_HERE = Axis(0, False)
