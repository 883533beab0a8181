"""A pass as an operation of the tape: blocks from outside in, the cells of the chain out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.routine import Routine, as_it_is, worked_out
from xlcollab.kernels.scan.layout import Layout
from xlcollab.kernels.scan.machine import CURVED, EXACT, SETTLED, Values, forward
from xlcollab.kernels.scan.reverse import Slopes, backward, tangents_forward
from xlcollab.kernels.text.texts import number_from_text
from xlcollab.kernels.values.autograd import Context as Saved
from xlcollab.kernels.values.block import Block, Context
from xlcollab.ref import Rect

Numbers = NDArray[np.float64]
Kinds = NDArray[np.uint8]
_NUMBER, _TEXT, _ERROR = int(Kind.NUMBER), int(Kind.TEXT), int(Kind.ERROR)


@dataclass(frozen=True, slots=True, eq=False)
class ScanFunction:
    """The cells of a chain, flat, as a function of what stands outside.

    `shapes` are those in which the blocks given are laid out. It works out texts and errors as the
    tape does; in fast evaluation errors are not-a-number.
    """

    layout: Layout
    shapes: tuple[tuple[int, ...], ...]

    def __call__(self, context: Context, *blocks: Block) -> Block:
        numbers, kinds = self._outside(blocks)
        sloped = torch.is_grad_enabled() and numbers.requires_grad
        flags = self.layout.flags
        if context.exact:
            flags |= EXACT if sloped else EXACT | SETTLED
        run = _Run(self.layout, kinds, _texts(context, numbers, kinds), flags)
        found = worked_out(numbers.cpu().double(), run)
        result = run.shown
        if not context.exact:
            bad = torch.from_numpy(result == _ERROR)
            found = torch.where(bad, torch.nan, found)
            result = np.where(result == _ERROR, np.uint8(_NUMBER), result)
        number = found.to(dtype=context.dtype, device=context.device)[None, None, None]
        if (result == result[0]).all():
            return Block(number, Kind(int(result[0])), cells=True)
        kind = torch.from_numpy(result.copy()).to(context.device)[None, None, None]
        return Block(number, kind, cells=True)

    def _outside(self, blocks: tuple[Block, ...]) -> tuple[Tensor, Kinds]:
        """What is given, (outside,): numbers and kinds; not-a-number is an error."""
        parts = [b.number.expand(s).reshape(-1) for b, s in zip(blocks, self.shapes, strict=True)]
        numbers = torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)
        kinds = np.empty(numbers.numel(), np.uint8)
        start = 0
        for block, part, shape in zip(blocks, parts, self.shapes, strict=True):
            stop = start + part.numel()
            if isinstance(block.kind, Tensor):
                known = as_it_is(block.kind)
                kinds[start:stop] = np.broadcast_to(known, shape).reshape(-1)
            else:
                kinds[start:stop] = int(block.kind)
            start = stop
        return numbers, kinds


@dataclass(slots=True)
class _Run:
    """One evaluation: the kinds and texts that it was given, and all values once it is done."""

    layout: Layout
    given: Kinds
    texts: Numbers
    flags: int
    numbers: Numbers = field(default_factory=lambda: np.zeros(0))
    kinds: Kinds = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def values(self) -> Values:
        return Values(self.numbers, self.kinds, self.texts)

    @property
    def shown(self) -> Kinds:
        """The kinds of the cells, (cells,)."""
        start, stop = self.layout.outside, self.layout.outside + self.layout.cells
        return self.kinds[start:stop]

    def results(self, source: Tensor) -> Tensor:
        """See `Running`."""
        found: Tensor = _Scanned.apply(source, self)  # type: ignore[no-untyped-call]
        return found

    def routine(self) -> Routine:
        """See `Running`; an error is not-a-number."""
        from xlcollab.kernels.scan.routine import Forwards, table_of

        expected = np.where(self.shown == _ERROR, np.uint8(_NUMBER), self.shown)
        return Forwards(table_of(self.layout, self.flags, self.given, expected, self.texts))

    def forward(self, outside: Numbers) -> Numbers:
        """The numbers of the chain's cells, (cells,); where there is an error, its code."""
        layout, count = self.layout, self.layout.outside
        self.numbers = np.zeros(layout.size)
        self.kinds = np.zeros(layout.size, np.uint8)
        self.numbers[:count], self.kinds[:count] = outside, self.given
        broken = np.flatnonzero((self.given == _NUMBER) & ~np.isfinite(outside))
        self.numbers[broken], self.kinds[broken] = float(ErrorCode.NUM), _ERROR
        states = np.zeros((layout.states, 6))
        forward(layout.tables, self.values, states, layout.first, layout.last, self.flags)
        return self._cells(self.numbers)

    def backward(self, bars: Numbers) -> Numbers:
        """The derivatives by what stands outside, (outside,), of those by the cells."""
        return self._back(bars, np.zeros(self.layout.size), self.flags).bars[: self.layout.outside]

    def along(self, bars: Numbers, direction: Numbers) -> tuple[Numbers, Numbers]:
        """How `backward` changes where what stands outside moves along a direction, (outside,), and
        how the cells move, (cells,)."""
        layout, flags = self.layout, self.flags | CURVED
        tangents, held = np.zeros(layout.size), np.zeros(layout.states)
        tangents[: layout.outside] = direction
        tangents_forward(
            layout.tables, self.values, tangents, held, layout.first, layout.last, flags
        )
        cells = self._cells(tangents)
        return self._back(bars, tangents, flags).moved[: layout.outside], cells

    def _back(self, given: Numbers, tangents: Numbers, flags: int) -> Slopes:
        layout = self.layout
        slopes = Slopes(tangents, np.zeros(layout.size), np.zeros(layout.size))
        slopes.bars[layout.outside : layout.outside + layout.cells] = given
        held = np.zeros((2, layout.states))
        backward(layout.tables, self.values, slopes, held, layout.first, layout.last, flags)
        return slopes

    def _cells(self, values: Numbers) -> Numbers:
        start = self.layout.outside
        return values[start : start + self.layout.cells].copy()


def _texts(context: Context, numbers: Tensor, kinds: Kinds) -> Numbers:
    """What the texts among the values mean; see `machine`. The last column is the empty text."""
    if not (kinds == _TEXT).any():
        return np.zeros((4, 1))
    empty = context.texts.add("")
    ranks = context.text_ranks().cpu().double().numpy()
    table = np.full((4, len(ranks) + 1), np.nan)
    table[3, :-1], table[3, -1] = ranks, ranks[empty]
    for index in np.unique(numbers.detach().cpu().numpy()[kinds == _TEXT]).astype(int):
        text = context.texts[index]
        number = number_from_text(text, context.date1904)
        table[0, index] = np.nan if number is None else number
        table[1, index] = _TRUTHS.get(text.upper(), np.nan)
        table[2, index] = _TRUTHS.get(text.strip().upper(), np.nan)
    return table


_TRUTHS = {"TRUE": 1.0, "FALSE": 0.0}


class _Forward(Saved, Protocol):
    run: _Run


class _Scanned(torch.autograd.Function):
    """outside ↦ cells; its derivative is a pass as well, and so is the derivative of that."""

    @staticmethod
    def forward(ctx: _Forward, outside: Tensor, run: _Run) -> Tensor:
        ctx.run = run
        ctx.save_for_backward(outside)
        return torch.from_numpy(run.forward(outside.detach().numpy()))

    @staticmethod
    def backward(ctx: _Forward, *bars: Tensor) -> tuple[Tensor, None]:
        (outside,) = ctx.saved_tensors
        found: Tensor = _Reversed.apply(outside, bars[0], ctx.run)  # type: ignore[no-untyped-call]
        return found, None


class _Reversed(torch.autograd.Function):
    """(outside, derivatives by the cells) ↦ derivatives by what stands outside."""

    @staticmethod
    def forward(ctx: _Forward, outside: Tensor, bars: Tensor, run: _Run) -> Tensor:
        ctx.run = run
        ctx.save_for_backward(outside, bars)
        return torch.from_numpy(run.backward(bars.detach().numpy()))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Forward, *given: Tensor) -> tuple[Tensor, Tensor, None]:
        _, bars = ctx.saved_tensors
        moved, cells = ctx.run.along(bars.detach().numpy(), given[0].detach().numpy())
        return torch.from_numpy(moved), torch.from_numpy(cells), None


@dataclass(frozen=True, slots=True)
class Taken:
    """The cells of one family out of those of its chain."""

    start: int
    rect: Rect

    def __call__(self, context: Context, block: Block) -> Block:
        del context
        stop, shape = self.start + self.rect.size, (1, 1, self.rect.height, self.rect.width)
        number = block.number[..., self.start : stop].reshape(shape)
        if not isinstance(block.kind, Tensor):
            return Block(number, block.kind, cells=True)
        return _uniform(number, block.kind[..., self.start : stop].reshape(shape))


def _uniform(number: Tensor, kind: Tensor) -> Block:
    first = kind.reshape(-1)[0]
    if bool((kind == first).all()):
        return Block(number, Kind(int(first)), cells=True)
    return Block(number, kind, cells=True)
