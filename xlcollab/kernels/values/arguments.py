"""Reading the arguments that decide on shapes and modes: one plain number or truth each."""

from __future__ import annotations

from typing import TypeGuard

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.block import Block, Context


class ArgumentIsError(Exception):
    """An argument is an error value, which is then the result. Never seen by a user."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


def several_cells(block: Block) -> bool:
    """Whether an argument is an area of several cells, and no array of values."""
    return block.cells and block.shape[2:].numel() > 1


def given(block: Block | None) -> TypeGuard[Block]:
    """Whether an optional argument is there; `F(x,,y)` leaves out the second one."""
    return block is not None and (block.cells or block.array or block.kind is not Kind.BLANK)


def _single(number: Tensor, codes: Tensor | None) -> float:
    """The value that all copies share. Raises RaggedError where they differ, ArgumentIsError."""
    for values in (codes, number) if codes is not None else (number,):
        if values.numel() > 1 and bool((values != values.reshape(-1)[0]).any()):
            raise RaggedError
    if codes is not None and float(codes.reshape(-1)[0]) > 0:
        raise ArgumentIsError(ErrorCode(int(codes.reshape(-1)[0])))
    value = float(number.detach().reshape(-1)[0])
    if value != value:
        raise ArgumentIsError(ErrorCode.NUM)
    return value


def whole(context: Context, block: Block | None, default: int) -> int:
    """A whole number. Raises RaggedError, ArgumentIsError."""
    if not given(block):
        return default
    return int(_single(*context.numbers(block)))


def wholes(context: Context, block: Block) -> list[int]:
    """The whole numbers of an array, in reading order. Raises RaggedError, ArgumentIsError."""
    number, codes = context.numbers(block)
    numbers = number.expand(block.shape).flatten(2).unbind(-1)
    if codes is None:
        return [int(_single(one, None)) for one in numbers]
    each = codes.expand(block.shape).flatten(2).unbind(-1)
    return [int(_single(one, code)) for one, code in zip(numbers, each, strict=True)]


def flag(context: Context, block: Block | None, default: bool = False) -> bool:
    """A condition. Raises RaggedError, ArgumentIsError."""
    if not given(block):
        return default
    truth, codes = context.truths(block)
    return bool(_single(truth.to(context.dtype), codes))
