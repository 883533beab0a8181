"""Formulas that differ in addresses and numbers alone: parsed once, and filled in for each.

A workbook of thousands of different formulas mostly has a few dozen shapes, such as `#+#*#`. The
shape is the text with its addresses and numbers left out; what stands for a shape is taken only if
it gives the nodes of the first formula anew when it is filled with that one's leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from xlcollab.formula.addresses import read_reference
from xlcollab.formula.digits import first_digits
from xlcollab.formula.nodes import (
    ArrayLiteral,
    Binary,
    Call,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Structured,
    Unary,
    walk,
)
from xlcollab.formula.relative import AREA, TOKEN
from xlcollab.formula.signatures import SIGNATURES

_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)")
_POWER = re.compile(r"[\d.]+[Ee]")
"""The start of `1E+5`, whose parts are no numbers."""
_MOST_DIGITS = 300
"""Of a number that is surely finite."""
_ADDRESS, _DIGITS = "\x00", "\x01"
"""What stands for a leaf in the text of a shape: no formula has these characters."""
_MOST_NODES = 200
"""Of a shape: each is a call of Python's inside the one around it."""

Fill = Callable[[Sequence[Node]], Node]
"""(the leaves, from the first to the last) → a node"""
Called = Callable[[str | None], str | None]
"""(a sheet as a formula names it, or None) → what it is called; None for one there is none of"""


class Shape:
    """How the nodes of all formulas of a shape are put together of their leaves."""

    __slots__ = ("_fill", "_sheets")

    def __init__(self, fill: Fill, sheets: tuple[str | None, ...]) -> None:
        self._fill, self._sheets = fill, sheets

    def node(self, leaves: Sequence[str], row: int, column: int, called: Called) -> Node | None:
        """The nodes of a formula typed in a zero-based cell, each reference with its sheet; None
        where there is none of that name."""
        filled: list[Node] = []
        for leaf, sheet in zip(leaves, self._sheets, strict=True):
            if _NUMBER.fullmatch(leaf):
                filled.append(Number(first_digits(leaf)))
                continue
            name = called(sheet)
            if name is None:
                return None
            at = read_reference(leaf, row, column)
            filled.append(Reference(at.top, at.left, at.bottom, at.right, name))
        return self._fill(filled)


def leaves_of(text: str) -> tuple[str, list[str]] | None:
    """(the text of the shape, the addresses and numbers in order); None for what is not looked at
    so."""
    if _ADDRESS in text or _DIGITS in text:
        return None
    parts, leaves = TOKEN.split(text), list[str]()
    for index in range(1, len(parts), 2):
        token = parts[index]
        if AREA.fullmatch(token):
            leaves.append(token)
            parts[index] = _ADDRESS
        elif _NUMBER.fullmatch(token):
            if len(token) > _MOST_DIGITS:
                return None
            leaves.append(token)
            parts[index] = _DIGITS
        elif _POWER.fullmatch(token):
            return None
    return "".join(parts), leaves


def shape_of(node: Node, leaves: Sequence[str], row: int, column: int) -> Shape | None:
    """The shape of a formula that was parsed in a cell and found without fault; None where leaves
    are not all there is to tell it from others, or where a workbook must explain it."""
    every = list(walk(node))
    if len(every) > _MOST_NODES or any(_needs_explaining(one) for one in every):
        return None
    found = [one for one in every if isinstance(one, Reference | Number)]
    if len(found) != len(leaves):
        return None
    sheets = tuple(one.sheet if isinstance(one, Reference) else None for one in found)
    shape = Shape(_filling(node, iter(range(len(leaves)))), sheets)
    same = shape.node(leaves, row, column, lambda sheet: sheet or "") == _on_own_sheet(node)
    return shape if same else None


def _needs_explaining(node: Node) -> bool:
    """Whether what a node means does not follow from its leaves and the names of sheets."""
    if isinstance(node, Call):
        known = SIGNATURES.get(node.name)
        left_out = any(isinstance(one, Missing) for one in node.arguments)
        return known is None or known.applies or left_out or node.name in ("LET", "LAMBDA")
    if isinstance(node, Reference):
        return bool(node.last_sheet or node.book)
    return isinstance(node, Name | Structured | ArrayLiteral)


def _filling(node: Node, places: Iterator[int]) -> Fill:
    if isinstance(node, Reference | Number):
        place = next(places)
        return lambda leaves: leaves[place]
    if isinstance(node, Binary):
        operator, left = node.operator, _filling(node.left, places)
        right = _filling(node.right, places)
        return lambda leaves: Binary(operator, left(leaves), right(leaves))
    if isinstance(node, Unary):
        sign, operand = node.operator, _filling(node.operand, places)
        return lambda leaves: Unary(sign, operand(leaves))
    if isinstance(node, Call):
        name, parts = node.name, [_filling(one, places) for one in node.arguments]
        return lambda leaves: Call(name, tuple([part(leaves) for part in parts]))
    return lambda leaves: node


def _on_own_sheet(node: Node) -> Node:
    """The nodes with "" as the sheet of references that name none."""
    if isinstance(node, Reference) and node.sheet is None:
        return Reference(node.top, node.left, node.bottom, node.right, "")
    if isinstance(node, Binary):
        return Binary(node.operator, _on_own_sheet(node.left), _on_own_sheet(node.right))
    if isinstance(node, Unary):
        return Unary(node.operator, _on_own_sheet(node.operand))
    if isinstance(node, Call):
        return Call(node.name, tuple(_on_own_sheet(one) for one in node.arguments))
    return node
