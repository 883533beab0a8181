"""Cutting the kinks out of a program.

Every operation with a kink or a step (MAX, IF, a comparison, …) is replaced by new inputs that
stand for its result, and its arguments become outputs. Whether what is left is affine, sampling
tells; the rows that tie the new inputs to the arguments are for the optimiser to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind
from xlcollab.kernels.pieces.kinks import CannotCutError, Kink, Operand, Term
from xlcollab.kernels.values.block import Block, Context, spread_shape
from xlcollab.kernels.values.tape import Program, Value


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A program of n variables and, behind them, the results of `kinks`, in the order in which
    they were recorded: `columns` in all. It returns the outputs, and behind them the rows that the
    terms of the kinks speak of."""

    program: Program
    kinks: tuple[Kink, ...]
    columns: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Entries `position …` of the vector of inputs as a block."""

    position: int
    shape: tuple[int, ...]
    kind: Kind
    cells: bool

    def __call__(self, context: Context, vector: Block) -> Block:
        del context
        size = int(np.prod(self.shape))
        part = vector.number[0, 0, 0, self.position : self.position + size]
        return Block(part.reshape(self.shape), self.kind, cells=self.cells)


class Cutter:
    """Collects kinks while a program is gone through."""

    def __init__(
        self, program: Program, values: Mapping[int, Value], n: int, context: Context
    ) -> None:
        self.context = context
        self.kinks: list[Kink] = []
        self.columns = n
        self._values = values
        self._asked: dict[int, int] = {}
        outputs = (values[out].block if isinstance(out, int) else out for out in program.outputs)
        self._rows = sum(block.shape.numel() for block in outputs)

    def operand(self, argument: int | Block) -> Operand:
        """An argument of an instruction. One that varies is a number wherever the model holds: what
        makes it anything else is either a kink, which is seen, or an error."""
        if isinstance(argument, Block):
            return self._constant(argument)
        block = self._values[argument].block
        if argument not in self._asked:
            self._asked[argument] = self._rows
            self._rows += block.shape.numel()
        first = self._asked[argument]
        rows = np.arange(first, first + block.shape.numel()).reshape(block.shape)
        kinds = block.kinds().expand(block.shape).cpu().numpy()
        kinds = np.where(kinds == Kind.ERROR, int(Kind.NUMBER), kinds).astype(np.uint8)
        return Operand(rows, np.zeros(block.shape), kinds, not block.lone)

    def _constant(self, block: Block) -> Operand:
        kinds = block.kinds().expand(block.shape).cpu().numpy()
        numbers = block.number.expand(block.shape).cpu().numpy()
        return Operand(np.full(block.shape, -1), numbers, kinds, not block.lone)

    def inputs(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """New columns, one for each value of a block. Their numbers have its shape."""
        size = int(np.prod(shape))
        self.columns += size
        return np.arange(self.columns - size, self.columns).reshape(shape)

    def add(self, form: str, terms: Sequence[Term], name: str, number: int = 0) -> Term:
        """A kink with a column of its own, as a term."""
        out = int(self.inputs(())[()])
        self.kinks.append(Kink(form, out, tuple(terms), name, number))
        return Term(column=out)

    def asked(self) -> tuple[int, ...]:
        """The slots whose values the terms speak of, in the order of their rows."""
        return tuple(self._asked)


def terms_at(
    operands: Sequence[Operand], shape: tuple[int, ...]
) -> list[tuple[tuple[int, ...], tuple[Term, ...]]]:
    """(place, the operands' terms there) for every place of a shape they broadcast to."""
    spread = [operand.spread(shape) for operand in operands]
    return [(place, tuple(one.term(place) for one in spread)) for place in np.ndindex(*shape)]


def shape_of(operands: Sequence[Operand]) -> tuple[int, ...]:
    """What the operands broadcast to. Raises CannotCutError."""
    try:
        return tuple(spread_shape(*(operand.shape for operand in operands)))
    except ValueError:
        raise CannotCutError from None
