"""What a formula mentions."""

from __future__ import annotations

from xlcollab.formula.nodes import Call, Node, Reference, walk


def references(node: Node) -> list[Reference]:
    """Every static reference at or below `node`, in the order of the text."""
    return [item for item in walk(node) if isinstance(item, Reference)]


def functions(node: Node) -> set[str]:
    """The upper-case names of all functions called at or below `node`."""
    return {item.name for item in walk(node) if isinstance(item, Call)}
