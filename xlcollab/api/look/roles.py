"""Which cells are factors and which are biases: told by the formulas, not by shape.

An operand of the product is a factor, a bare addend beside it that moves with the column alone is a
bias, wherever either stands on the sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xlcollab.formula.nodes import Binary, Call, Node, Reference, Unary, walk
from xlcollab.formula.signatures import array_role
from xlcollab.plan import Family, Plan
from xlcollab.ref import AreaRef, Rect


@dataclass(frozen=True, slots=True)
class Roles:
    """The areas that the prediction's formulas use: for items, which lie side by side, and for
    users, one below the other. None for what they do not have."""

    factors: AreaRef | None = None
    bias: AreaRef | None = None
    user_factors: AreaRef | None = None
    user_bias: AreaRef | None = None

    def named(self) -> dict[AreaRef, str]:
        """Each area with what it holds."""
        areas = {
            self.factors: "factor",
            self.user_factors: "factor",
            self.bias: "bias",
            self.user_bias: "bias",
        }
        return {area: role for area, role in areas.items() if area is not None}


def roles_of(plan: Plan, sheet: str) -> Roles:
    """The roles in the largest prediction block of `sheet`."""
    found = [
        (family.rect.size, roles)
        for family in plan.families
        if family.sheet == sheet and family.columns > 1 and (roles := _roles(family)) is not None
    ]
    return max(found, key=lambda one: one[0], default=(0, Roles()))[1]


def _roles(family: Family) -> Roles | None:
    factors = _factors(family, family.node, _across)
    if factors is None:
        return None
    return Roles(
        factors,
        _bias(family, _across),
        _factors(family, family.node, _down),
        _bias(family, _down),
    )


Seen = Callable[[Family, Node], AreaRef | None]
"""The cells that a reference sees over the family, where it moves in one direction alone."""


def _bias(family: Family, seen: Seen) -> AreaRef | None:
    """The bare addend beside a product that moves in one direction alone."""
    for whole, addends in _sums(family.node):
        if _factors(family, whole, seen) is None:
            continue
        for addend in addends:
            area = seen(family, addend)
            if area is not None and 1 in (area.rect.height, area.rect.width):
                return area
    return None


def _factors(family: Family, node: Node, seen: Seen) -> AreaRef | None:
    """The operand of a product below `node` that moves in one direction alone."""
    for product in walk(node):
        if isinstance(product, Call) and array_role(product) == "product":
            operands = [seen(family, _bare(one)) for one in product.arguments]
            areas = [area for area in operands if area is not None]
            if len(product.arguments) > 1 and len(areas) == 1:
                return areas[0]
    return _typed_products(family, node, seen)


def _typed_products(family: Family, node: Node, seen: Seen) -> AreaRef | None:
    """The same, for products typed one by one: `$B7*H$2+$C7*H$3+…`."""
    lines: list[Rect] = []
    sheet = family.sheet
    for product in walk(node):
        if isinstance(product, Binary) and product.operator == "*":
            sides = [(_across(family, one), _down(family, one)) for one in _sides(product)]
            if sum(a is not None for a, _ in sides) == sum(d is not None for _, d in sides) == 1:
                found = [area for one in _sides(product) if (area := seen(family, one)) is not None]
                lines += [found[0].rect]
                sheet = found[0].sheet
    return _joined(sheet, sorted(set(lines), key=lambda rect: (rect.top, rect.left)))


def _sides(product: Binary) -> tuple[Node, Node]:
    return product.left, product.right


def _joined(sheet: str, lines: list[Rect]) -> AreaRef | None:
    """Lines that lie side by side without a gap, as one area."""
    if len(lines) < 2:
        return None
    first, last = lines[0], lines[-1]
    whole = Rect(first.top, first.left, last.bottom - first.top, last.right - first.left)
    return AreaRef(sheet, whole) if whole.size == sum(line.size for line in lines) else None


def _across(family: Family, node: Node) -> AreaRef | None:
    """A reference of one column that moves with the column and stays in its rows."""
    if not _is_plain(node):
        return None
    assert isinstance(node, Reference)
    stays = node.top.absolute and node.bottom.absolute
    if not stays or node.left.absolute or node.left != node.right:
        return None
    left = node.left.at(family.rect.left)
    height = node.bottom.value - node.top.value + 1
    if left < 0:
        return None
    return AreaRef(node.sheet or family.sheet, Rect(node.top.value, left, height, family.columns))


def _down(family: Family, node: Node) -> AreaRef | None:
    """A reference of one row that moves with the row and stays in its columns."""
    if not _is_plain(node):
        return None
    assert isinstance(node, Reference)
    stays = node.left.absolute and node.right.absolute
    if not stays or node.top.absolute or node.top != node.bottom:
        return None
    top = node.top.at(family.rect.top)
    width = node.right.value - node.left.value + 1
    if top < 0:
        return None
    return AreaRef(node.sheet or family.sheet, Rect(top, node.left.value, family.rows, width))


def _is_plain(node: Node) -> bool:
    return isinstance(node, Reference) and not node.book and node.last_sheet is None


def _bare(node: Node) -> Node:
    """A reference without what only turns it."""
    while True:
        if isinstance(node, Call) and array_role(node) == "transpose" and len(node.arguments) == 1:
            node = node.arguments[0]
        elif isinstance(node, Unary) and node.operator == "@":
            node = node.operand
        else:
            return node


def _sums(node: Node) -> Iterator[tuple[Node, list[Node]]]:
    """Every sum at or below `node` with its addends, each sum as long as it goes; one that stands
    in it several times is told once."""
    inner: set[int] = set()
    for item in walk(node):
        if isinstance(item, Binary) and item.operator == "+" and id(item) not in inner:
            addends, stack, own = [], [item.left, item.right], set[int]()
            while stack:
                part = stack.pop()
                if isinstance(part, Binary) and part.operator == "+":
                    if id(part) in own:
                        continue
                    own.add(id(part))
                    stack += [part.left, part.right]
                else:
                    addends.append(part)
            inner |= own
            yield item, addends
