"""Which cells are factors of items and which are their biases: told by the formulas, not by shape.

An operand of the product is a factor, a bare addend beside it that moves with the column alone is a
bias, wherever either stands on the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xlcollab.formula.nodes import Binary, Call, Node, Reference, Unary, walk
from xlcollab.plan import Family, Plan
from xlcollab.ref import AreaRef, Rect

_PRODUCTS = frozenset({"MMULT", "SUMPRODUCT"})
_WRAPPERS = frozenset({"TRANSPOSE"})


@dataclass(frozen=True, slots=True)
class Roles:
    """The areas that the prediction's formulas use for items; None for what they do not have."""

    factors: AreaRef | None
    bias: AreaRef | None


def roles_of(plan: Plan, sheet: str) -> Roles:
    """The roles in the largest prediction block of `sheet`, whose items lie side by side."""
    found = [
        (family.rect.size, roles)
        for family in plan.families
        if family.sheet == sheet and family.columns > 1 and (roles := _roles(family)) is not None
    ]
    return max(found, key=lambda one: one[0], default=(0, Roles(None, None)))[1]


def _roles(family: Family) -> Roles | None:
    factors = _factors(family, family.node)
    if factors is None:
        return None
    biases = [
        area
        for whole, addends in _sums(family.node)
        if _factors(family, whole)
        for addend in addends
        if (area := _across(family, addend)) is not None and area.rect.height == 1
    ]
    return Roles(factors, biases[0] if biases else None)


def _factors(family: Family, node: Node) -> AreaRef | None:
    """The operand of a product below `node` that moves with the column alone."""
    for product in walk(node):
        if isinstance(product, Call) and product.name in _PRODUCTS:
            operands = [_across(family, _bare(one)) for one in product.arguments]
            areas = [area for area in operands if area is not None]
            if len(product.arguments) > 1 and len(areas) == 1:
                return areas[0]
    return _typed_products(family, node)


def _typed_products(family: Family, node: Node) -> AreaRef | None:
    """The same, for products typed one by one: `$B7*H$2+$C7*H$3+…`."""
    rows: list[AreaRef] = []
    for product in walk(node):
        if isinstance(product, Binary) and product.operator == "*":
            sides = product.left, product.right
            across = [area for side in sides if (area := _across(family, side)) is not None]
            down = [side for side in sides if _moves_down_alone(side)]
            rows += across if len(across) == len(down) == 1 else []
    tops = sorted({area.rect.top for area in rows})
    if len(tops) < 2 or tops != list(range(tops[0], tops[0] + len(tops))):
        return None
    first = rows[0]
    return AreaRef(first.sheet, Rect(tops[0], first.rect.left, len(tops), first.rect.width))


def _across(family: Family, node: Node) -> AreaRef | None:
    """The cells that a reference of one column sees over the family, if it moves with the column
    and stays in its rows."""
    if not isinstance(node, Reference) or node.book or node.last_sheet is not None:
        return None
    stays = node.top.absolute and node.bottom.absolute
    if not stays or node.left.absolute or node.left != node.right:
        return None
    left = node.left.at(family.rect.left)
    height = node.bottom.value - node.top.value + 1
    if left < 0:
        return None
    return AreaRef(node.sheet or family.sheet, Rect(node.top.value, left, height, family.columns))


def _moves_down_alone(node: Node) -> bool:
    return isinstance(node, Reference) and node.left.absolute and not node.top.absolute


def _bare(node: Node) -> Node:
    """A reference without what only turns it."""
    while True:
        if isinstance(node, Call) and node.name in _WRAPPERS and len(node.arguments) == 1:
            node = node.arguments[0]
        elif isinstance(node, Unary) and node.operator == "@":
            node = node.operand
        else:
            return node


def _sums(node: Node) -> Iterator[tuple[Node, list[Node]]]:
    """Every sum at or below `node` with its addends, each sum as long as it goes."""
    inner: set[int] = set()
    for item in walk(node):
        if isinstance(item, Binary) and item.operator == "+" and id(item) not in inner:
            addends, stack = [], [item.left, item.right]
            while stack:
                part = stack.pop()
                if isinstance(part, Binary) and part.operator == "+":
                    inner.add(id(part))
                    stack += [part.left, part.right]
                else:
                    addends.append(part)
            yield item, addends
