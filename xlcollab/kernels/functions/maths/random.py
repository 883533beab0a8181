"""Random functions: `forms.draws` draws once per copy, the draw is then a constant."""

from __future__ import annotations

from xlcollab.grid import ErrorCode
from xlcollab.kernels.numbers.later import torch
from xlcollab.kernels.values.block import Block, Context, first_code


def uniform(context: Context, draw: Block) -> Block:
    """RAND(): the draw itself, in [0, 1)."""
    del context
    return draw


def between(context: Context, draw: Block, low: Block, high: Block) -> Block:
    """RANDBETWEEN(low, high): whole numbers, both ends included; the next one above where none lies
    between."""
    bottom, bottom_codes = context.numbers(low)
    top, top_codes = context.numbers(high)
    empty = torch.where(bottom > top, float(ErrorCode.NUM), 0.0)
    bottom = torch.ceil(bottom)
    top = torch.maximum(torch.floor(top), bottom)
    number = bottom + torch.floor(draw.number * (top - bottom + 1))
    return context.result(number, first_code(bottom_codes, top_codes, empty))


def array_between(context: Context, draw: Block, low: Block, high: Block, as_whole: Block) -> Block:
    """RANDARRAY between `low` and `high`; whole numbers include both ends."""
    bottom, bottom_codes = context.numbers(low)
    top, top_codes = context.numbers(high)
    asked, asked_codes = context.truths(as_whole)
    broken = asked & ((bottom != torch.floor(bottom)) | (top != torch.floor(top)))
    bad = torch.where((bottom > top) | broken, float(ErrorCode.VALUE), 0.0)
    steps = bottom + torch.floor(draw.number * (top - bottom + 1))
    number = torch.where(asked, steps, bottom + draw.number * (top - bottom))
    codes = first_code(bottom_codes, top_codes, asked_codes, bad)
    return context.result(number, None if codes is None else codes.expand(number.shape))
