"""Questions about the type of a value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import several_cells
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function

_TYPE_NUMBERS = {Kind.BLANK: 1, Kind.NUMBER: 1, Kind.TEXT: 2, Kind.BOOLEAN: 4, Kind.ERROR: 16}
_ARRAY_TYPE = 64.0
"""As Excel documents it for TYPE."""


def _asks(question: Callable[[Context, Block], Tensor]) -> Function:
    """A question that an error answers too; in fast evaluation NaN is an error."""

    def run(context: Context, block: Block) -> Block:
        return context.booleans(question(context, block).expand(block.shape))

    return run


def _is_not_available(context: Context, block: Block) -> Tensor:
    del context
    return block.mask(Kind.ERROR) & (block.number == ErrorCode.NA)


def _is_other_error(context: Context, block: Block) -> Tensor:
    return context.errors(block) & ~_is_not_available(context, block)


def _is_number(context: Context, block: Block) -> Tensor:
    return block.mask(Kind.NUMBER) & ~context.errors(block)


def _parity(rest: float) -> Function:
    """ISEVEN and ISODD: booleans and areas of several cells are #VALUE! here."""

    def run(context: Context, block: Block) -> Block:
        if several_cells(block):
            return context.error(ErrorCode.VALUE)
        number, codes = context.numbers(block)
        boolean = torch.where(block.mask(Kind.BOOLEAN), float(ErrorCode.VALUE), 0.0)
        truth = torch.trunc(number.abs()) % 2 == rest
        return context.booleans(truth, first_code(codes, boolean))

    return run


def as_number(context: Context, block: Block) -> Block:
    """N: texts and blanks are 0, errors stay."""
    del context
    texts = block.mask(Kind.TEXT)
    number = torch.where(texts, 0.0, block.number)
    if not isinstance(block.kind, torch.Tensor):
        return Block(number, Kind.ERROR if block.kind == Kind.ERROR else Kind.NUMBER)
    kind = torch.where(block.kind == Kind.ERROR, int(Kind.ERROR), int(Kind.NUMBER))
    return Block(number, kind.to(torch.uint8))


def as_text(context: Context, block: Block) -> Block:
    """T: what is no text is empty, errors stay."""
    kept = block.mask(Kind.TEXT) | block.mask(Kind.ERROR)
    number = torch.where(kept, block.number, float(context.texts.add("")))
    kind = torch.where(block.mask(Kind.ERROR), int(Kind.ERROR), int(Kind.TEXT))
    return Block(number, kind.to(torch.uint8))


def type_number(context: Context, block: Block) -> Block:
    """TYPE: 1 number, 2 text, 4 boolean, 16 error, 64 array."""
    if block.shape[2:].numel() > 1:
        return context.scalar(_ARRAY_TYPE)
    table = context.tensor([_TYPE_NUMBERS[kind] for kind in Kind])
    return context.result(table[block.kinds().long()])


def error_type(context: Context, block: Block) -> Block:
    """ERROR.TYPE: the code of an error, #N/A for anything else."""
    errors = block.mask(Kind.ERROR)
    missing = torch.where(errors, 0.0, float(ErrorCode.NA))
    return context.with_errors(Block(block.number, Kind.NUMBER), missing)


def not_available(context: Context) -> Block:
    return context.error(ErrorCode.NA)


_row = partial(function, category="information", shape=Shape.STEPS, elementwise=True, fails=False)

FUNCTIONS: tuple[Record, ...] = (
    _row("ISNUMBER", "V", _asks(_is_number), counts=True),
    _row("ISBLANK", "V", _asks(lambda context, block: block.mask(Kind.BLANK)), counts=True),
    _row("ISTEXT", "V", _asks(lambda context, block: block.mask(Kind.TEXT)), counts=True),
    _row("ISNONTEXT", "V", _asks(lambda context, block: ~block.mask(Kind.TEXT)), counts=True),
    _row("ISLOGICAL", "V", _asks(lambda context, block: block.mask(Kind.BOOLEAN)), counts=True),
    _row(
        "ISERROR",
        "V",
        _asks(lambda context, block: context.errors(block)),
        counts=True,
        scalar="ISERROR",
    ),
    _row("ISERR", "V", _asks(_is_other_error)),
    _row("ISNA", "V", _asks(_is_not_available)),
    _row("ISEVEN", "V", _parity(0.0), fails=True),
    _row("ISODD", "V", _parity(1.0), fails=True),
    _row("TYPE", "V", type_number, elementwise=False),
    _row("ERROR.TYPE", "V", error_type, fails=True),
    _row("NA", "", not_available, elementwise=False),
)
