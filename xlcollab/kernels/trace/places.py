"""Programs of a sheet whose look-ups move with the variables, one for each set of places.

As long as OFFSET and INDIRECT look where they did, the sheet is one program, which also works out
what says where they look: a program is right wherever that is what it was made for. Sheets are
mostly asked at the same places again and again, by whole numbers above all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from xlcollab.errors import XlcollabError
from xlcollab.formula.nodes import Node
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.trace.compiler import Compiler, flat
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.tape import Program, Value, program
from xlcollab.plan import Family, Plan
from xlcollab.ref import AreaRef

Asked = AreaRef | tuple[Node, Family]
"""Cells, or a formula that stands in none, as seen from somewhere."""

_Key = bytes
_MOST = 500
"""Programs that are kept: some megabytes of them."""
_OFTEN = 2
"""Times that places are met before a program is made for them: it takes as long as to recalculate
a few times."""


class _Made(NamedTuple):
    """What says where formulas look, and what is asked for where it says the same as `places`."""

    places: _Key
    says: Program
    exactly: tuple[bool, ...]
    asked: Program

    def said(self, context: Context, x: Tensor) -> _Key:
        """Where formulas look at x, as far as this program knows."""
        blocks = self.says.run(context, x)
        return b"".join(map(_said, blocks, self.exactly))


class _AtPlaces(Compiler):
    takes_places_for_granted = True

    def made(self, asked: Sequence[Asked]) -> _Made:
        """The programs of what is asked."""
        values = [self._value(one) for one in asked]
        tape = self._evaluation.tape
        granted = {(one.value.slot, one.exactly): one for one in tape.granted or ()}.values()
        says = program(tape, [one.value for one in granted])
        exactly = tuple(one.exactly for one in granted)
        made = _Made(b"", says, exactly, program(tape, values))
        return made._replace(places=made.said(self._evaluation.fast, self.start))

    def _value(self, asked: Asked) -> Value:
        if isinstance(asked, AreaRef):
            return self.cells(asked)
        return self._evaluation.expression(*asked)


class Places:
    """What is asked of a sheet at a point, wherever there is a program for it."""

    def __init__(
        self, plan: Plan, variables: Sequence[AreaRef], asked: Sequence[Asked], seed: int
    ) -> None:
        self._plan, self._variables = plan, tuple(variables)
        self._asked, self._seed = tuple(asked), seed
        self._known: dict[_Key, _Made] = {}
        """By where formulas look, or are thought to look by the program for other places."""
        self._met: Counter[_Key] = Counter()
        self._last: _Key = b""

    def values(self, context: Context, x: Tensor) -> list[Tensor] | None:
        """What is asked for at x, each of shape (cells,); None where it must be recalculated."""
        try:
            made = self._made(context, x)
            if made is None:
                return None
            return [flat(context, block) for block in made.asked.run(context, x)]
        except XlcollabError:
            return None

    def _made(self, context: Context, x: Tensor) -> _Made | None:
        key, tried = self._last, set[_Key]()
        while key not in tried:
            tried.add(key)
            if key not in self._known:
                return self._new(x, key)
            made = self._known[key]
            key = made.said(context, x)
            if key == made.places:
                self._last = key
                return made
        return None

    def _new(self, x: Tensor, guess: _Key) -> _Made | None:
        """A program for where x looks, unless that is rarely met."""
        self._met[guess] += 1
        often = self._met[guess] if self._known else 2 * self._met[guess]
        if often < _OFTEN or often & (often - 1) or len(self._known) >= _MOST:
            return None  # where no program came of it, it is tried ever more rarely
        start = x.detach().cpu().double().numpy().copy()
        made = _AtPlaces(self._plan, self._variables, start, seed=self._seed).made(self._asked)
        self._known[made.places] = self._known[guess] = made
        self._last = made.places
        return made


def _said(block: Block, exactly: bool) -> _Key:
    number = block.number.expand(block.shape)
    if not exactly:  # a size that is but a fraction is 1, no fraction is 0
        number = torch.stack([torch.trunc(number) + 0.0, torch.sign(number)])
    told = number.detach().contiguous().numpy().tobytes()
    return told + block.kinds().contiguous().numpy().tobytes()
