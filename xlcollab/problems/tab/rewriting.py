"""Formulas with some of their references replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xlcollab.formula.nodes import Axis, Binary, Call, Node, Reference, Unary


def rewritten(node: Node, change: Callable[[Reference], Node]) -> Node:
    """`node` with `change` applied to each of its references."""
    if isinstance(node, Reference):
        return change(node)
    if isinstance(node, Unary):
        return Unary(node.operator, rewritten(node.operand, change))
    if isinstance(node, Binary):
        left, right = (rewritten(part, change) for part in (node.left, node.right))
        return Binary(node.operator, left, right)
    if isinstance(node, Call):
        return Call(node.name, tuple(rewritten(one, change) for one in node.arguments))
    return node


def relocated(node: Node, columns: int) -> Node:
    """`node` as a formula that stands `columns` further left must say it."""

    def change(reference: Reference) -> Node:
        left, right = (_moved(axis, columns) for axis in (reference.left, reference.right))
        return replace(reference, left=left, right=right)

    return rewritten(node, change)


def _moved(axis: Axis, by: int) -> Axis:
    return axis if axis.absolute else Axis(axis.value + by, False)
