"""How a function may ask for its arguments itself: the frame it stands in, and whom it asks.

Most functions are handed their arguments as values. A *form* is given the node instead: a choice
that leaves a branch alone, a question about places, a look-up whose constant part is worked out
once. A *reference form* tells which area a call means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from xlcollab.formula.nodes import Call, Node
from xlcollab.formula.signatures import Param, Signature
from xlcollab.kernels.values.area import Area
from xlcollab.kernels.values.store import Store
from xlcollab.kernels.values.tape import Operation, Tape, Value
from xlcollab.plan.families import Family
from xlcollab.ref import CellRef, Rect

Source = Callable[[str, Rect], Value]
"""(sheet, rectangle) → something per cell, shape (1, 1, H, W)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a node is evaluated: its family, whether ranges are used whole, what LET has bound."""

    family: Family
    array: bool
    bound: Bound = field(default_factory=dict)
    omitted: frozenset[str] = frozenset()
    """Parameters of the lambda around it for which its call gave nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A lambda and the frame in which it stands.

    `names` are its parameters, with `_xlop.` before those that may be left out; `own` is the name
    by which it calls itself. With `function` it is that function of the table instead.
    """

    names: tuple[str, ...]
    body: Node
    frame: Frame
    own: str = ""
    function: str = ""


Bound = Mapping[str, Value | Area | Closure]


class Evaluator(Protocol):
    """Who evaluates nodes: the tracer, as the forms of functions see it."""

    tape: Tape
    store: Store

    def drawn(self, shape: tuple[int, ...]) -> Value:
        """Random numbers in [0, 1)."""
        ...

    frozen: set[CellRef]
    """Cells in which a random function was drawn once and is kept."""
    extent: tuple[int, int]
    """(rows, columns) at which whole columns and rows end in the formula; 0 where it reads none."""
    calls: int
    """Calls of lambdas in the formula that is being evaluated."""
    repeatable: bool
    """Whether the same again gives the same: no number is drawn in the formula."""
    nesting: int
    """How many of them are inside one another now."""
    answers: dict[tuple[object, ...], tuple[Closure, Value]]
    """What calls with constant arguments gave."""

    def value(self, node: Node, frame: Frame) -> Value:
        """A node as a value: one per copy, or an array where the frame says so."""

    def argument(self, node: Node, param: Param, frame: Frame) -> Value:
        """A function's argument, handed over as its parameter wants."""

    def place(self, node: Node, frame: Frame) -> Area | None:
        """A node as a reference where nothing else will do: a look-up is where it finds."""

    def all_arguments(self, node: Call, frame: Frame) -> list[Value]:
        """The arguments of a function that is handed values."""

    def arguments(
        self, node: Node, signature: Signature, position: int, frame: Frame
    ) -> list[Value]:
        """The argument at a position; a union of areas may count as several arguments."""

    def reference(self, node: Node, frame: Frame) -> Area | None:
        """A node as a reference; None when it is none."""

    def refers(self, name: str) -> bool:
        """Whether a call of the function `name` can be a reference."""

    def operation(self, name: str) -> Operation:
        """What is recorded of a call of `name` whose arguments are values."""

    def signature(self, name: str) -> Signature:
        """The parameters of the function `name`."""

    def chooses_areas(self, node: Node) -> bool:
        """Whether a call is one of several references where an area is wanted."""

    def fetch(self, area: Area, source: Source | None = None, *, loose: bool = False) -> Value:
        """What `source` (by default the values) holds in an area, shape (R, C, h, w).

        `loose`: only some of the cells will be used, and one that is being evaluated may be there.
        """


Form = Callable[[Evaluator, Call, Frame], Value]
ReferenceForm = Callable[[Evaluator, Call, Frame], Area | None]
AreasForm = Callable[[Evaluator, Call, Frame], Value | None]
"""What the areas hold between which a call chooses; None where it chooses between values."""
