"""What each function takes: known without knowing how it is computed, and without loading torch.

The records beside the implementations say it (`kernels.table`); `formula.listing` is copied from
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from xlcollab.formula.listing import APPLYING, ARRAY_ROLES, BRANCHES, SPECS
from xlcollab.formula.nodes import Call, Node, walk


class Param(Enum):
    """How an argument is handed over."""

    VALUE = "V"
    """One value per copy. A plain formula intersects an area, in an array formula it spreads."""
    RANGE = "R"
    """An area whole; any other expression as a value."""
    TABLE = "T"
    """An area whole; any other expression as in an array formula."""
    ARRAY = "A"
    """Evaluated as in an array formula, areas whole."""
    PLACE = "P"
    """A reference whose values are not read: only where it lies counts."""


MOST_ARGUMENTS = 255
"""Excel's limit ("Excel specifications and limits", Microsoft's page): no program writes more."""

ArrayRole = Literal["", "product", "transpose", "beside", "below"]
"""What a function does with arrays, for those who read formulas: it sums products of its arguments,
has the rows of its argument as columns, or puts its arguments beside or below one another; "" for
anything else."""


class Use(Enum):
    """What becomes of an argument, for those who ask what an empty one means."""

    ANY = "-"
    NUMBER = "n"
    """Nothing but its number is asked for: a blank is 0."""
    BRANCH = "b"
    """It may be the result, and an empty one is a blank."""
    RESULT = "r"
    """It is the result, and is never left empty."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order. From `minimum` on they are optional; the last `repeat` go on.

    `scalar` is the name of the form in which the scalar machine computes the function, or "".
    `branches` has a letter of `Use` for each parameter, and behind a stroke that of the last
    argument, where that one is special: "--b-b/b" of SWITCH. `applies`: a function may be handed
    over, by its bare name, too.
    """

    parameters: tuple[Param, ...]
    minimum: int
    repeat: int = 0
    scalar: str = ""
    array_role: ArrayRole = ""
    branches: str = ""
    applies: bool = False

    @property
    def spec(self) -> str:
        """The short form, as `signature` reads it."""
        letters = "".join(param.value for param in self.parameters)
        required, optional = letters[: self.minimum], letters[self.minimum :]
        tail = f"*{self.repeat}" if self.repeat else ""
        return required + (f"|{optional}" if optional else "") + tail

    def param(self, position: int) -> Param:
        """The parameter of the argument at `position`."""
        return self.parameters[self._place(position)]

    def use(self, position: int, count: int) -> Use:
        """What becomes of the argument at `position` among `count`."""
        each, _, last = self.branches.partition("/")
        if last and position == count - 1:
            return Use(last)
        return Use(each[self._place(position)]) if each else Use.ANY

    def _place(self, position: int) -> int:
        start = len(self.parameters) - self.repeat
        return position if position < start else start + (position - start) % self.repeat

    @property
    def repeats(self) -> bool:
        """Whether there may be as many arguments as a call can have."""
        return self.repeat > 0

    def accepts(self, count: int) -> bool:
        return self.minimum <= count <= self._most

    @property
    def count(self) -> str:
        """How many arguments there may be, in words."""
        most = self._most
        if self.minimum == most:
            return f"{most} argument{'' if most == 1 else 's'}"
        return f"{self.minimum} to {most} arguments"

    @property
    def _most(self) -> int:
        return MOST_ARGUMENTS if self.repeat else len(self.parameters)


def signature(spec: str) -> Signature:
    """ "R V|V*" in short form: required letters, `|`, optional letters, `*n` for the repeated tail.
    `R|R*1` is one range and any number more."""
    body, _, repeat = spec.partition("*")
    required, _, optional = body.partition("|")
    parameters = tuple(Param(letter) for letter in required + optional)
    return Signature(parameters, len(required), int(repeat or 0))


def wrong_count(node: Node) -> str | None:
    """What is wrong with the number of arguments of a call in a formula; None for nothing."""
    for one in walk(node):
        known = SIGNATURES.get(one.name) if isinstance(one, Call) else None
        if isinstance(one, Call) and known and not known.accepts(len(one.arguments)):
            return f"{one.name} takes {known.count}, not {len(one.arguments)}"
    return None


def array_role(node: Node) -> ArrayRole:
    """What the function that a node calls does with arrays."""
    known = SIGNATURES.get(node.name) if isinstance(node, Call) else None
    return known.array_role if known else ""


SIGNATURES: dict[str, Signature] = {
    name: replace(
        signature(spec),
        scalar=scalar,
        array_role=ARRAY_ROLES.get(name, ""),
        branches=BRANCHES.get(name, ""),
        applies=name in APPLYING,
    )
    for name, (spec, scalar) in SPECS.items()
}
"""Every function that can be computed."""
