"""The nodes of a parsed formula, in relative form.

A reference is stored the way R1C1 notation spells it: each of its four edges is an `Axis`, absolute
or an offset from the cell that holds the formula. Two cells whose formulas were copied from one
another therefore have equal nodes, and equality is by the full form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Axis:
    """A row or column: the zero-based index itself if `absolute`, else an offset."""

    value: int
    absolute: bool

    def at(self, position: int) -> int:
        """The index as seen from a formula in row (or column) `position`."""
        return self.value if self.absolute else position + self.value


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An error literal such as #N/A, or what is left of a deleted reference."""

    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument left out between two commas."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A cell (`top` = `bottom`, `left` = `right`) or an area.

    `sheet` is None for the formula's own sheet; `last_sheet` is set in a 3-D reference
    `first:last!A1`. `book` is the text of an external workbook index, such as "[1]", or "".
    Whole columns have rows 0 … 1048575 (absolute), whole rows have columns 0 … 16383 (absolute).
    """

    top: Axis
    left: Axis
    bottom: Axis
    right: Axis
    sheet: str | None = None
    last_sheet: str | None = None
    book: str = ""

    @property
    def is_cell(self) -> bool:
        return self.top == self.bottom and self.left == self.right


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name, or a name bound by LET. `sheet` is set in `Sheet1!name`."""

    name: str
    sheet: str | None = None
    book: str = ""


@dataclass(frozen=True, slots=True)
class Structured:
    """A structured reference `table[[items],[first]:[last]]` (ECMA-376 Part 1, 18.17.2.5).

    `table` is "" for a reference inside its own table. `items` are lower-case: "all", "data",
    "headers", "totals", "this row". No columns: `first_column` is None.
    """

    table: str
    items: tuple[str, ...] = ()
    first_column: str | None = None
    last_column: str | None = None


@dataclass(frozen=True, slots=True)
class ArrayLiteral:
    """`{1,2;3,4}`: rows of Number, Text, Boolean and ErrorValue nodes."""

    rows: tuple[tuple[Node, ...], ...]


APPLIED = "()"
"""The name of a call of something that is no name."""
OPTIONAL = "_xlop."
"""What files put before a parameter of LAMBDA that may be left out."""
AS_LAMBDA = "_xleta."
"""What files put before a function's name that stands for a lambda: `BYROW(A1:B2,SUM)`."""

UnaryOperator = Literal["-", "+", "%", "@", "#"]
BinaryOperator = Literal[
    "+", "-", "*", "/", "^", "&", "=", "<>", "<", "<=", ">", ">=", ":", " ", ","
]


@dataclass(frozen=True, slots=True)
class Unary:
    """Prefix -, + and @ (implicit intersection); postfix % and # (spill range)."""

    operator: UnaryOperator
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """An infix operator; ":", " " (intersection) and "," (union) join references."""

    operator: BinaryOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. `name` is upper-case and bare: `_xlfn.`, `_xlws.` are taken off.

    `_xlfn.SINGLE(x)` is read as Unary("@", x), `_xlfn.ANCHORARRAY(x)` as Unary("#", x). What is
    called need not be a name: `LAMBDA(x,x+1)(5)` is a call of APPLIED, whose first argument it is.
    """

    name: str
    arguments: tuple[Node, ...]


Node = (
    Number
    | Text
    | Boolean
    | ErrorValue
    | Missing
    | Reference
    | Name
    | Structured
    | ArrayLiteral
    | Unary
    | Binary
    | Call
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Unary):
        return (node.operand,)
    return ()


def depth(node: Node) -> int:
    """The levels of nodes below and with `node`, where a chain of terms, `A1+A2+…`, is one; of
    references joined by operators each is one. Iterative."""
    deepest, pending = 0, [(node, 1)]
    while pending:
        at, level = pending.pop()
        deepest = max(deepest, level)
        chain = isinstance(at, Binary) and at.operator not in _OF_REFERENCES
        for number, child in enumerate(children(at)):
            pending.append((child, level if chain and number == 0 else level + 1))
    return deepest


_OF_REFERENCES = frozenset((":", " ", ","))


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, parents first, what is shared once; iterative."""
    pending, seen = [node], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        yield node
        below = children(node)
        if below:
            seen.add(id(node))
            pending.extend(reversed(below))


def shared(node: Node) -> frozenset[int]:
    """The identities of nodes with something below them that stand at several places: the texts
    of defined names, which are put in once."""
    pending, seen, twice = [node], set[int](), set[int]()
    while pending:
        node = pending.pop()
        below = children(node)
        if not below:
            continue
        if id(node) in seen:
            twice.add(id(node))
            continue
        seen.add(id(node))
        pending.extend(below)
    return frozenset(twice)


def parameter(node: Node) -> str | None:
    """The name of a parameter of LAMBDA, `_xlop.` before one that may be left out; None for what
    can be none. Typed in brackets, `[y]`, it reads as a column of a table."""
    if isinstance(node, Name) and node.sheet is None and not node.book:
        return node.name
    if isinstance(node, Structured) and not node.table and not node.items and node.first_column:
        return None if node.last_column else f"{OPTIONAL}{node.first_column}"
    return None


def parts_of_union(node: Node) -> list[Node]:
    """The areas that a union `(A1:A3,C1)` joins; any other node alone."""
    if isinstance(node, Binary) and node.operator == ",":
        return [*parts_of_union(node.left), *parts_of_union(node.right)]
    return [node]


def is_plain(node: Node) -> bool:
    """Whether a node is made of constants by operators and IF: one value, no array and no area."""
    if isinstance(node, Call):
        return node.name == "IF" and all(is_plain(one) for one in node.arguments)
    if isinstance(node, Binary | Unary):
        return all(is_plain(one) for one in children(node))
    return isinstance(node, Number | Text | Boolean | ErrorValue)
