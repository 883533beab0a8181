"""What random functions draw: constants of one evaluation, or the variables of a program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.grid import Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import MOVEMENT
from xlcollab.kernels.values.tape import VARIABLES, Operation, Tape, Value


def is_random(node: Node) -> bool:
    """Whether a formula itself calls a function that gives another value each time."""
    calls = (one for one in walk(node) if isinstance(one, Call))
    return any(call.name in RECORDS and RECORDS[call.name].random for call in calls)


class Draws:
    """Uniform numbers of a seed, in the order in which they are asked for.

    `varied`: they are the variables of the tape, one after the other in its vector, so that the
    program that is recorded can be run for those of other seeds.
    """

    def __init__(self, seed: int = 0, *, varied: bool = False) -> None:
        self._seed, self._varied = seed, varied
        self.shapes: list[tuple[int, ...]] = []
        """What was asked for."""

    @cached_property
    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self._seed)

    def value(self, tape: Tape, shape: tuple[int, ...]) -> Value:
        """Numbers in [0, 1) of this shape."""
        drawn, first = _uniform(shape, self._generator), sum(map(prod, self.shapes))
        self.shapes.append(shape)
        if not self._varied:
            return Value(Block(tape.exact.tensor(drawn), Kind.NUMBER))
        vector = torch.cat([torch.zeros(first, dtype=torch.float64), drawn.reshape(-1)])
        given = Value(Block(vector.reshape(1, 1, 1, -1), Kind.NUMBER), VARIABLES)
        return tape.emit(Operation("draw", _Part(first, shape), MOVEMENT), [given])

    def of_seed(self, seed: int) -> Tensor:
        """All that was asked for as another seed gives it, one after the other, shape (n,)."""
        generator = torch.Generator().manual_seed(seed)
        return torch.cat([_uniform(shape, generator).reshape(-1) for shape in self.shapes])


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, dtype=torch.float64)


@dataclass(frozen=True, slots=True)
class _Part:
    """The numbers from `first` on, of this shape."""

    first: int
    shape: tuple[int, ...]

    def __call__(self, context: Context, vector: Block) -> Block:
        del context
        part = vector.number[0, 0, 0, self.first : self.first + prod(self.shape)]
        return Block(part.reshape(self.shape), Kind.NUMBER)
