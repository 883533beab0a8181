"""Conditions and choices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code, refuse_hidden_errors, select
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function


def choose_between(context: Context, condition: Block, yes: Block, no: Block) -> Block:
    """IF: an error in the condition is the result; one in the branch not taken is not seen."""
    refuse_hidden_errors(context, yes, no)
    condition, yes, no = aligned(context, condition, yes, no)
    truth, codes = context.truths(condition)
    return context.with_errors(select(truth, yes, no), codes)


def if_error(context: Context, value: Block, other: Block) -> Block:
    refuse_hidden_errors(context, value, other)
    value, other = aligned(context, value, other)
    return select(context.errors(value), other, value)


def if_na(context: Context, value: Block, other: Block) -> Block:
    refuse_hidden_errors(context, value, other)
    value, other = aligned(context, value, other)
    missing = value.mask(Kind.ERROR) & (value.number == ErrorCode.NA)
    return select(missing, other, value)


def negation(context: Context, value: Block) -> Block:
    truth, codes = context.truths(value)
    return context.booleans(~truth, codes)


def _joined(combine: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """AND, OR, XOR: texts and blanks in areas and arrays are left out, and so is an empty text; no
    condition is #VALUE!."""

    def run(context: Context, *blocks: Block) -> Block:
        total: Tensor | None = None
        counted: Tensor | None = None
        codes: Tensor | None = None
        for block in blocks:
            truth, used, bad = _conditions(context, block)
            codes = first_code(codes, bad)
            some = _over_cells(used.to(torch.int64))
            held = _over_cells((truth & used).to(torch.int64))
            total = held if total is None else total + held
            counted = some if counted is None else counted + some
        assert total is not None
        assert counted is not None
        none = torch.where(counted == 0, float(ErrorCode.VALUE), 0.0)
        return context.booleans(combine(total, counted), first_code(codes, none))

    return run


def _conditions(context: Context, block: Block) -> tuple[Tensor, Tensor, Tensor | None]:
    """(truth, which values count, error codes per copy)."""
    errors = context.codes(block)
    codes = None if errors is None else _first_in_cells(errors, block.shape)
    skipped = block.mask(Kind.ERROR)
    if not block.lone:
        skipped = skipped | block.mask(Kind.TEXT) | block.mask(Kind.BLANK)
        quiet = Block(torch.where(skipped, 0.0, block.number), Kind.NUMBER)
        truth, _ = context.truths(quiet)
    else:
        skipped = skipped | (block.mask(Kind.TEXT) & (block.number == context.texts.add("")))
        quiet = Block(torch.where(skipped, 0.0, block.number), _numbered(block, skipped))
        truth, bad = context.truths(_trimmed(context, quiet))
        codes = first_code(codes, bad)
    return truth.expand(block.shape), ~skipped.expand(block.shape), codes


def _numbered(block: Block, skipped: Tensor) -> Tensor:
    """The kinds of a block, numbers in the place of what is left out."""
    kinds = torch.where(skipped, int(Kind.NUMBER), block.kinds().to(torch.int64))
    return kinds.to(torch.uint8)


def _trimmed(context: Context, block: Block) -> Block:
    """Texts without the spaces around them, which AND, OR and XOR overlook (IF does not)."""
    if not bool(block.mask(Kind.TEXT).any()):
        return block
    values = [v.strip() if isinstance(v, str) else v for v in context.values(block)]
    return context.block(values, block.shape)


def _over_cells(values: Tensor) -> Tensor:
    return values.sum(dim=(2, 3), keepdim=True)


def _first_in_cells(codes: Tensor, shape: torch.Size) -> Tensor:
    """The first error of each copy's operand, shape (R, C, 1, 1)."""
    flat = codes.expand(shape).flatten(2)
    where = (flat > 0).to(torch.uint8).argmax(dim=2, keepdim=True)
    return flat.gather(2, where)[..., None]


def constant_truth(value: bool) -> Function:
    def run(context: Context) -> Block:
        return context.scalar(value)

    return run


_row = partial(function, category="logic", shape=Shape.STEPS, fails=False)

FUNCTIONS: tuple[Record, ...] = (
    _row("NOT", "V", negation, elementwise=True, scalar="NOT"),
    _row(
        "AND",
        "R|R*1",
        _joined(lambda held, counted: held == counted),
        scalar="AND",
        beyond=Beyond.ONCE,
    ),
    _row("OR", "R|R*1", _joined(lambda held, counted: held > 0), scalar="OR", beyond=Beyond.ONCE),
    _row("XOR", "R|R*1", _joined(lambda held, counted: held % 2 == 1)),
    _row("TRUE", "", constant_truth(True)),
    _row("FALSE", "", constant_truth(False)),
)
