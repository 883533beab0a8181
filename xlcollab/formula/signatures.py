"""What each function takes: known without knowing how it is computed, and without loading torch.

The records beside the implementations say it (`kernels.table`); `formula.listing` is copied from
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from xlcollab.formula.listing import ARRAY_ROLES, SPECS
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


ArrayRole = Literal["", "product", "transpose"]
"""What a function does with arrays, for those who read formulas: it sums products of its arguments,
or has the rows of its argument as columns; "" for anything else."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order. From `minimum` on they are optional; the last `repeat` go on.

    `scalar` is the name of the form in which the scalar machine computes the function, or "".
    """

    parameters: tuple[Param, ...]
    minimum: int
    repeat: int = 0
    scalar: str = ""
    array_role: ArrayRole = ""

    @property
    def spec(self) -> str:
        """The short form, as `signature` reads it."""
        letters = "".join(param.value for param in self.parameters)
        required, optional = letters[: self.minimum], letters[self.minimum :]
        tail = f"*{self.repeat}" if self.repeat else ""
        return required + (f"|{optional}" if optional else "") + tail

    def param(self, position: int) -> Param:
        """The parameter of the argument at `position`."""
        if position < len(self.parameters):
            return self.parameters[position]
        start = len(self.parameters) - self.repeat
        return self.parameters[start + (position - start) % self.repeat]

    @property
    def repeats(self) -> bool:
        """Whether there may be any number of arguments."""
        return self.repeat > 0

    def accepts(self, count: int) -> bool:
        most = len(self.parameters)
        return self.minimum <= count and (self.repeat > 0 or count <= most)

    @property
    def count(self) -> str:
        """How many arguments there may be, in words."""
        most = len(self.parameters)
        if self.repeat:
            return f"{self.minimum} or more arguments"
        if self.minimum == most:
            return f"{most} argument{'' if most == 1 else 's'}"
        return f"{self.minimum} to {most} arguments"


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


SIGNATURES: dict[str, Signature] = {
    name: replace(signature(spec), scalar=scalar, array_role=ARRAY_ROLES.get(name, ""))
    for name, (spec, scalar) in SPECS.items()
}
"""Every function that can be computed."""
