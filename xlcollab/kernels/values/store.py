"""The cells as the compiler sees them: constants, variables, and families already evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from xlcollab.grid import ErrorCode, Kind, Workbook
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import MOVEMENT
from xlcollab.kernels.values.tape import Operation, Tape, Value
from xlcollab.plan import Plan
from xlcollab.ref import AreaRef, Rect


class NotReadyError(Exception):
    """Families that must be evaluated first, by number. Never seen by a user."""

    def __init__(self, families: Sequence[int]) -> None:
        super().__init__(families)
        self.families = families


class Store:
    """Finds the values of any rectangle.

    A rectangle is put together from the constants of the sheet, the variable areas and the results
    of families. Families in `stored` are taken at the values in the file.
    """

    def __init__(self, plan: Plan, context: Context, stored: set[int]) -> None:
        self.plan = plan
        self.stored = stored
        self.results: dict[int, Value] = {}
        self._context = context
        self._variables: list[tuple[AreaRef, Value]] = []
        self._regions: dict[tuple[str, Rect], Value] = {}
        self.busy: list[int] = []
        """Families that are being evaluated, each for the one before it."""
        self.met: set[int] = set()
        """Those of them that were read loosely since this was last emptied."""

    @property
    def workbook(self) -> Workbook:
        return self.plan.workbook

    @property
    def context(self) -> Context:
        """How constants are evaluated."""
        return self._context

    def is_variable(self, sheet: str, rect: Rect) -> bool:
        """Whether a variable lies in an area."""
        return any(
            area.sheet == sheet and area.rect.intersection(rect) is not None
            for area, _ in self._variables
        )

    def add_variables(self, areas: Sequence[AreaRef], tape: Tape, start: Tensor) -> None:
        """Cut the vector of variables (slot 0, shape (n,)) into the areas, in order."""
        vector = Value(Block(start.reshape(1, 1, 1, -1), Kind.NUMBER), 0)
        position = 0
        for area in areas:
            cut = Operation("variables", CutVariables(area.rect, position), MOVEMENT)
            value = tape.emit(cut, [vector])
            self._variables.append((area, value))
            position += area.rect.size

    def region(self, tape: Tape, sheet: str, rect: Rect, *, loose: bool = False) -> Value:
        """The values of `rect`, shape (1, 1, height, width). Raises NotReadyError.

        `loose`: not all of them will be used; in the place of a cell that is being evaluated stands
        the error CIRCULAR.
        """
        known = self._regions.get((sheet, rect))
        if known is None:
            pieces = self._pieces(sheet, rect, loose=loose)
            known = self._assembled(tape, sheet, rect, pieces)
            if all(piece is not _circular() for _, piece in pieces):
                self._regions[sheet, rect] = known
        return known

    def _assembled(
        self, tape: Tape, sheet: str, rect: Rect, pieces: list[tuple[Rect, Value]]
    ) -> Value:
        pieces = [(piece, _spread(value, piece)) for piece, value in pieces]
        if len(pieces) == 1 and pieces[0][0].covers(rect):
            piece, value = pieces[0]
            if piece == rect:
                return value
            return tape.emit(_slice(rect.shifted(-piece.top, -piece.left)), [value])
        base = Value(self._constants(sheet, rect))
        if not pieces:
            return base
        inside = [(piece.intersection(rect), piece, value) for piece, value in pieces]
        parts = []
        index = []
        for shared, piece, value in inside:
            assert shared is not None
            cut = _slice(shared.shifted(-piece.top, -piece.left))
            parts.append(value if shared == piece else tape.emit(cut, [value]))
            index.append(_flat_index(shared.shifted(-rect.top, -rect.left), rect.width))
        order = torch.from_numpy(np.concatenate(index))
        complete = len(order) == rect.size
        return tape.emit(
            Operation("assemble", Scatter(complete), MOVEMENT), [base, *parts], (order,)
        )

    def forget(self) -> None:
        """Stored values have changed."""
        self._regions.clear()

    def constants(self, area: AreaRef) -> Block:
        """The values of an area in the file, shape (1, 1, height, width)."""
        return self._constants(area.sheet, area.rect)

    def put_together(self, tape: Tape, number: int, parts: list[tuple[Rect, Value]]) -> None:
        """The result of a family of which only some parts could be evaluated."""
        family = self.plan.families[number]
        self.results[number] = self._assembled(tape, family.sheet, family.rect, parts)

    def _pieces(self, sheet: str, rect: Rect, *, loose: bool) -> list[tuple[Rect, Value]]:
        families = [
            number
            for number in self.plan.index.overlapping(sheet, rect)
            if number not in self.stored
        ]
        open_ = [number for number in families if number not in self.results]
        busy = {*open_}.intersection(self.busy) if loose and open_ else set[int]()
        missing = [number for number in open_ if number not in busy]
        if missing:
            raise NotReadyError(missing)
        self.met |= busy
        pieces = [(self.plan.families[n].rect, self.results.get(n, _circular())) for n in families]
        pieces += [
            (area.rect, value)
            for area, value in self._variables
            if area.sheet == sheet and area.rect.intersection(rect)
        ]
        return pieces

    def _constants(self, sheet: str, rect: Rect) -> Block:
        kinds, numbers = self.workbook.sheet(sheet).block(rect)
        number = self._context.tensor(numbers)[None, None]
        first = int(kinds[0, 0])
        if (kinds == first).all():
            return Block(number, Kind(first), cells=True)
        return Block(number, torch.from_numpy(kinds)[None, None], cells=True)


@cache
def _circular() -> Value:
    """What stands in the place of a cell that is being evaluated."""
    number = torch.full((1, 1, 1, 1), float(ErrorCode.CIRCULAR), dtype=torch.float64)
    return Value(Block(number, Kind.ERROR, cells=True))


def _spread(value: Value, rect: Rect) -> Value:
    if value is not _circular():
        return value
    number = value.block.number.expand(1, 1, rect.height, rect.width)
    return Value(Block(number, Kind.ERROR, cells=True))


def _slice(rect: Rect) -> Operation:
    return Operation("slice", Slice(rect), MOVEMENT)


def _flat_index(rect: Rect, width: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rows = np.arange(rect.top, rect.bottom, dtype=np.int64)[:, None] * width
    return (rows + np.arange(rect.left, rect.right, dtype=np.int64)).reshape(-1)


@dataclass(frozen=True, slots=True)
class CutVariables:
    """Variables `position …` as an area."""

    rect: Rect
    position: int

    def __call__(self, context: Context, vector: Block) -> Block:
        del context
        part = vector.number[0, 0, 0, self.position : self.position + self.rect.size]
        shape = (1, 1, self.rect.height, self.rect.width)
        return Block(part.reshape(shape), Kind.NUMBER, cells=True)


@dataclass(frozen=True, slots=True)
class Slice:
    """A rectangle of a region."""

    rect: Rect

    def __call__(self, context: Context, block: Block) -> Block:
        del context
        where = (..., self.rect.rows, self.rect.columns)
        kind = block.kind[where] if isinstance(block.kind, torch.Tensor) else block.kind
        return Block(block.number[where], kind, cells=True)


@dataclass(frozen=True, slots=True)
class Scatter:
    """Pieces put into a base region at their places."""

    complete: bool
    """The pieces cover the whole region."""

    def __call__(self, context: Context, base: Block, *rest: Block | Tensor) -> Block:
        del context
        *pieces, order = rest
        blocks = [piece for piece in pieces if isinstance(piece, Block)]
        assert isinstance(order, torch.Tensor)
        flat = torch.cat([block.number.reshape(-1) for block in blocks])
        number = base.number.reshape(-1).scatter(0, order, flat).reshape(base.shape)
        kinds = {block.kind if isinstance(block.kind, Kind) else None for block in blocks}
        if not self.complete:
            kinds.add(base.kind if isinstance(base.kind, Kind) else None)
        kind = kinds.pop()
        if kinds or kind is None:
            every = torch.cat([block.kinds().reshape(-1) for block in blocks])
            merged = base.kinds().reshape(-1).scatter(0, order, every).reshape(base.shape)
            return Block(number, merged, cells=True)
        return Block(number, kind, cells=True)
