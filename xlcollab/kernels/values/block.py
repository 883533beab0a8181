"""A block of values: what every node of a formula becomes.

All copies of a formula are evaluated at once. A block has four axes: family rows R, family columns
C, and the rows h and columns w of the operand as one copy sees it. An axis along which nothing
changes has length 1 and broadcasts.

Values keep Excel's types: `kind` is one `Kind` for the whole block (the usual case, and free), or a
uint8 tensor. `number` holds the number, and for texts, booleans and errors what `grid.values` says.

There are two ways of evaluating. *Exactly* (constants, results to be stored): an error is
Kind.ERROR with its code. *Fast* (in an optimiser's loop, where values carry gradients): an error
that arises from numbers is NaN of Kind.NUMBER, so that no kinds need be tracked. Every function
works both ways through the helpers of `Context`.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool, decode, encode
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.text.order import TextOrder
from xlcollab.kernels.text.texts import number_from_text

_NUMERIC_KINDS = (Kind.NUMBER, Kind.BOOLEAN, Kind.BLANK)

_SMALLEST = sys.float_info.min

_T = TypeVar("_T")


def spread_shape(*shapes: Sequence[int]) -> torch.Size:
    """The shape of what broadcasts these together. Raises ValueError where they do not.

    `torch.broadcast_shapes` loads its symbolic shapes and SymPy behind them when it is first
    called, which takes as long as reading and solving a small workbook.
    """
    length = max(map(len, shapes), default=0)
    found = [1] * length
    for shape in shapes:
        for axis, size in enumerate(shape, length - len(shape)):
            if size != 1:
                if found[axis] not in (1, size):
                    raise ValueError(f"these shapes do not go together: {[*map(tuple, shapes)]}")
                found[axis] = size
    return torch.Size(found)


class Block:
    """Values of shape (R, C, h, w); see the module. Immutable.

    What is derived from a block (masks, numbers, truths) is kept with it: constants are asked for
    the same things in every iteration.
    """

    __slots__ = ("_derived", "array", "cells", "kind", "number")

    def __init__(
        self, number: Tensor, kind: int | Tensor, *, cells: bool = False, array: bool = False
    ) -> None:
        self.number = number
        self.kind: Kind | Tensor
        if isinstance(kind, Kind):
            self.kind = kind
        else:
            self.kind = Kind(kind) if isinstance(kind, int) else kind
        self.cells = cells
        """Read straight from cells: there aggregates skip texts, booleans and blanks."""
        self.array = array
        """An array even if it holds one value: there aggregates skip texts and booleans."""
        self._derived: dict[Hashable, object] = {}

    @property
    def shape(self) -> torch.Size:
        if isinstance(self.kind, Kind) or self.kind.shape == self.number.shape:
            return self.number.shape
        return spread_shape(self.number.shape, self.kind.shape)

    @property
    def lone(self) -> bool:
        """Whether it is one value given directly: no cell, and no array of one."""
        return not self.cells and not self.array and self.shape[2:].numel() == 1

    def is_kind(self, kind: Kind) -> bool | Tensor:
        """Which values are of `kind`: a bool for all of them, or a mask. A mask has the block's
        shape."""
        return self.kind == kind

    def derived(self, key: Hashable, make: Callable[[Block], _T]) -> _T:
        """`make(self)`, computed once."""
        if key not in self._derived:
            self._derived[key] = make(self)
        return cast(_T, self._derived[key])

    def mask(self, kind: Kind) -> Tensor:
        """Which values are of `kind`, as a boolean tensor, of the block's shape."""
        kinds = self.kind
        if isinstance(kinds, torch.Tensor):
            return self.derived(("mask", kind), lambda _: kinds == kind)
        fill = torch.tensor(self.kind == kind, device=self.number.device)
        return fill.expand(self.number.shape)

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """The kinds and numbers of a block of one copy, of shape (h, w)."""
        kinds: NDArray[np.uint8] = self.kinds()[0, 0].cpu().numpy().astype(np.uint8)
        numbers: NDArray[np.float64] = self.number.expand(self.shape)[0, 0].cpu().numpy()
        return kinds, numbers.astype(np.float64)

    def kinds(self) -> Tensor:
        """The kinds as a uint8 tensor of the block's shape."""
        if isinstance(self.kind, torch.Tensor):
            return self.kind.expand(self.shape)
        return torch.full_like(self.number, int(self.kind), dtype=torch.uint8)


class LateBlock(Block):
    """The values of a few cells, in reading order: tensors only for those who ask for them."""

    __slots__ = ("_height", "_kinds", "_numbers", "_width")

    def __init__(self, values: Sequence[Scalar], height: int, width: int, texts: TextPool) -> None:
        encoded = [encode(value, texts) for value in values]
        self._kinds = [kind for kind, _ in encoded]
        self._numbers = [number for _, number in encoded]
        self._height, self._width = height, width
        self.cells, self.array = True, False
        self._derived = {}

    def __getattr__(self, name: str) -> object:
        """`number` and `kind`, made when one of them is first asked for."""
        if name not in ("number", "kind"):
            raise AttributeError(name)
        shape = (1, 1, self._height, self._width)
        self.number = torch.tensor(self._numbers, dtype=torch.float64).reshape(shape)
        alike = self._kinds.count(self._kinds[0]) == len(self._kinds)
        kinds = self._kinds[0] if alike else torch.tensor(self._kinds, dtype=torch.uint8)
        self.kind = kinds.reshape(shape) if isinstance(kinds, torch.Tensor) else kinds
        return getattr(self, name)

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """As those of any block, of shape (h, w)."""
        shape = (self._height, self._width)
        return (
            np.array(self._kinds, np.uint8).reshape(shape),
            np.array(self._numbers).reshape(shape),
        )


class Context:
    """What functions need besides their arguments.

    `exact` chooses between the two ways of evaluating. `generator` draws what volatile functions
    return inside a formula that is being optimised. Tensors are of float64 and on the CPU where
    nothing else is said.
    """

    __slots__ = ("_device", "_dtype", "_order", "date1904", "exact", "texts", "whole_pairs")

    def __init__(
        self,
        texts: TextPool,
        *,
        exact: bool = True,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        date1904: bool = False,
        whole_pairs: bool | None = False,
    ) -> None:
        self.texts, self.exact = texts, exact
        self.date1904, self.whole_pairs = date1904, whole_pairs
        self._device, self._dtype = device, dtype
        self._order = TextOrder()

    @property
    def device(self) -> torch.device:
        if self._device is None:
            self._device = torch.device("cpu")
        return self._device

    @property
    def dtype(self) -> torch.dtype:
        if self._dtype is None:
            self._dtype = torch.float64
        return self._dtype

    def exactly(self) -> Context:
        """The same for exact evaluation."""
        other = copy.copy(self)
        other.exact = True
        return other

    def tensor(self, values: object) -> Tensor:
        """Values as a tensor of the working type on the working device. The shape stays."""
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def scalar(self, value: Scalar) -> Block:
        """One value as a block of shape (1, 1, 1, 1)."""
        kind, number = encode(value, self.texts)
        return Block(self.tensor(number).reshape(1, 1, 1, 1), kind)

    def error(self, code: ErrorCode) -> Block:
        return self.scalar(code)

    def numbers(self, block: Block) -> tuple[Tensor, Tensor | None]:
        """The values as numbers and the error codes among them (0 for none; None: no errors).

        Blanks are 0, booleans 0 or 1, texts that read as numbers are those, others are #VALUE!.
        Both have the block's shape.
        """
        if block.kind is Kind.NUMBER:
            return block.number, None
        return block.derived("numbers", self._numbers)

    def _numbers(self, block: Block) -> tuple[Tensor, Tensor | None]:
        if not isinstance(block.kind, torch.Tensor):
            if block.kind in _NUMERIC_KINDS:
                return block.number, None
            if block.kind == Kind.ERROR:
                return torch.zeros_like(block.number), block.number
        texts, errors = block.mask(Kind.TEXT), block.mask(Kind.ERROR)
        number = block.number
        codes: Tensor | None = None
        if bool(errors.any()):
            codes = torch.where(errors, number, 0.0)
            number = torch.where(errors, 0.0, number)
        if bool(texts.any()):
            number, unread = self._read_texts(number, texts)
            if unread is not None:
                bad = torch.where(unread, float(ErrorCode.VALUE), 0.0)
                codes = bad if codes is None else torch.where(codes > 0, codes, bad)
        return number, codes

    def _read_texts(self, number: Tensor, texts: Tensor) -> tuple[Tensor, Tensor | None]:
        """Replace text numbers by what they read as; and the mask of those that do not."""
        number, texts = torch.broadcast_tensors(number, texts)
        distinct, inverse = torch.unique(number[texts].long(), return_inverse=True)
        values = [number_from_text(self.texts[i], self.date1904) for i in distinct.tolist()]
        table = self.tensor([0.0 if v is None else v for v in values])
        failed = torch.tensor([v is None for v in values], device=self.device)
        number = number.masked_scatter(texts, table[inverse])
        if not bool(failed.any()):
            return number, None
        return number, torch.zeros_like(texts).masked_scatter(texts, failed[inverse])

    def result(self, number: Tensor, codes: Tensor | None = None) -> Block:
        """Numbers and error codes as a block. Exactly: what is not finite is #NUM!, and what is too
        small for a normal number is 0."""
        if not self.exact:
            if codes is not None:
                number = torch.where(codes > 0, torch.nan, number)
            return Block(number, Kind.NUMBER)
        bad = ~torch.isfinite(number)
        denormal = (number.abs() < _SMALLEST) & (number != 0.0)  # a true 0 keeps its slope
        number = torch.where(denormal, 0.0, number)
        if bool(bad.any()):
            num = torch.where(bad, float(ErrorCode.NUM), 0.0)
            codes = num if codes is None else torch.where(codes > 0, codes, num)
        return self.with_errors(Block(number, Kind.NUMBER), codes)

    def with_errors(self, block: Block, codes: Tensor | None) -> Block:
        """`block` where `codes` is 0, the errors elsewhere; codes are kept also when fast."""
        if codes is None or not bool((codes > 0).any()):
            return block
        bad = codes > 0
        kind = torch.where(bad, int(Kind.ERROR), block.kinds()).to(torch.uint8)
        number = torch.where(bad, codes.to(block.number.dtype), block.number)
        return Block(number, kind, cells=block.cells, array=block.array)

    def booleans(self, mask: Tensor, codes: Tensor | None = None) -> Block:
        """A mask as TRUE and FALSE values."""
        return self.with_errors(Block(mask.to(self.dtype), Kind.BOOLEAN), codes)

    def errors(self, block: Block) -> Tensor:
        """The mask of errors; in fast evaluation NaN counts as one, and so does infinity. It has
        the block's shape."""
        if isinstance(block.kind, torch.Tensor) or block.kind == Kind.ERROR:
            mask = block.mask(Kind.ERROR)
            return mask if self.exact else mask | ~torch.isfinite(block.number)
        if self.exact or block.kind not in (Kind.NUMBER, Kind.BOOLEAN):
            return torch.zeros(block.number.shape, dtype=torch.bool, device=self.device)
        return ~torch.isfinite(block.number)

    def codes(self, block: Block) -> Tensor | None:
        """The error codes of a block as they stand, 0 elsewhere; None without errors. They have the
        block's shape."""
        if not isinstance(block.kind, torch.Tensor):
            return block.number if block.kind == Kind.ERROR else None
        return block.derived("codes", _codes)

    def truths(self, block: Block) -> tuple[Tensor, Tensor | None]:
        """The values as conditions and the error codes; texts other than TRUE/FALSE are #VALUE!.
        Both have the block's shape."""
        return block.derived(("truths", self.exact), self._truths)

    def _truths(self, block: Block) -> tuple[Tensor, Tensor | None]:
        if not isinstance(block.kind, torch.Tensor) and block.kind in _NUMERIC_KINDS:
            return block.number != 0, self._nan_codes(block.number)
        texts = block.mask(Kind.TEXT)
        if not bool(texts.any()):
            number, codes = self.numbers(block)
            return number != 0, codes
        return self._truths_of_texts(block, texts)

    def _nan_codes(self, number: Tensor) -> Tensor | None:
        if self.exact or not bool(torch.isnan(number).any()):
            return None
        return torch.where(torch.isnan(number), float(ErrorCode.NUM), 0.0)

    def _truths_of_texts(self, block: Block, texts: Tensor) -> tuple[Tensor, Tensor | None]:
        number = block.number.expand(block.shape).clone()
        codes = torch.where(block.mask(Kind.ERROR), number, 0.0)
        for index in torch.unique(number[texts.expand(block.shape)].long()).tolist():
            here = texts & (block.number == index)
            word = self.texts[index].upper()
            number = torch.where(here, float(word == "TRUE"), number)
            if word not in ("TRUE", "FALSE"):
                codes = torch.where(here, float(ErrorCode.VALUE), codes)
        return number != 0, codes

    def values(self, block: Block) -> list[Scalar]:
        """The values in reading order, as Python values: for functions that work one by one."""
        numbers = block.number.detach().expand(block.shape).reshape(-1).tolist()
        if not isinstance(block.kind, torch.Tensor):
            return [self._decode(int(block.kind), number) for number in numbers]
        kinds = block.kind.expand(block.shape).reshape(-1).tolist()
        return [self._decode(k, n) for k, n in zip(kinds, numbers, strict=True)]

    def _decode(self, kind: int, number: float) -> Scalar:
        if number != number:
            return ErrorCode.NUM
        return decode(kind, number, self.texts)

    def block(self, values: list[Scalar], shape: torch.Size | tuple[int, ...]) -> Block:
        """A block from Python values in reading order."""
        encoded = [encode(value, self.texts) for value in values]
        number = self.tensor([n for _, n in encoded]).reshape(shape)
        kinds = {kind for kind, _ in encoded}
        if len(kinds) == 1:
            return Block(number, kinds.pop())
        kind = torch.tensor([int(k) for k, _ in encoded], dtype=torch.uint8, device=self.device)
        return Block(number, kind.reshape(shape))

    def text_ranks(self) -> Tensor:
        """Per text of the pool its place in Excel's order; texts equal but for case share one.
        Shape (n_texts,)."""
        if not len(self.texts):
            return self.tensor([0.0])
        return self.tensor(self._order.ranks(self.texts))


def _codes(block: Block) -> Tensor | None:
    errors = block.mask(Kind.ERROR)
    return torch.where(errors, block.number, 0.0) if bool(errors.any()) else None


def first_code(*codes: Tensor | None) -> Tensor | None:
    """The error of the first argument that has one, place by place. The result has their common
    shape."""
    result: Tensor | None = None
    for code in codes:
        if code is None:
            continue
        result = code if result is None else torch.where(result > 0, result, code)
    return result


class HiddenError(Exception):
    """Fast evaluation met an error that is chosen away, whose NaN would spoil the gradient.

    Never seen by a user: the program is run exactly instead, where errors are no NaN.
    """


def refuse_hidden_errors(context: Context, *branches: Block) -> None:
    """Raises HiddenError if a branch carries a gradient and an error in fast evaluation."""
    if context.exact:
        return
    for block in branches:
        if block.number.requires_grad and not bool(torch.isfinite(block.number).all()):
            raise HiddenError


def select(mask: Tensor, yes: Block, no: Block) -> Block:
    """`yes` where the mask holds, `no` elsewhere."""
    number = torch.where(mask, yes.number, no.number)
    if isinstance(yes.kind, int) and isinstance(no.kind, int) and yes.kind == no.kind:
        return Block(number, yes.kind)
    kind = torch.where(mask, _kind_tensor(yes), _kind_tensor(no))
    return Block(number, kind)


def _kind_tensor(block: Block) -> Tensor:
    if isinstance(block.kind, torch.Tensor):
        return block.kind
    return torch.tensor(int(block.kind), dtype=torch.uint8, device=block.number.device)
