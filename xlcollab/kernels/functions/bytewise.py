"""LENB and its kin: a character is a byte, as in the editions of Excel whose letters have one.

East Asian characters have two bytes in East Asian editions and one in others, so texts that hold
them are refused: no file says in which edition it is opened.
"""

from __future__ import annotations

from functools import partial
from unicodedata import east_asian_width

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.functions import textual
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, by_name, function
from xlcollab.kernels.values.tape import Function

_KNOWN = by_name(textual.FUNCTIONS)
_WIDE = ("W", "F")


def _in_bytes(name: str) -> Function:
    """What the function that counts characters gives, where each of them is one byte."""
    counted = _KNOWN[name].operation.function

    def run(context: Context, *blocks: Block) -> Block:
        for block in blocks:
            for value in context.values(block):
                wide = _wide(value) if isinstance(value, str) else ""
                if wide:
                    raise UnsupportedError(
                        f"{name}B counts bytes, and how many {wide!r} has depends on the edition "
                        f"of Excel; count characters with {name}"
                    )
        return counted(context, *blocks)

    return run


def _wide(source: str) -> str:
    """The first East Asian character of a text; "" if there is none."""
    if source.isascii():
        return ""
    return next((char for char in source if east_asian_width(char) in _WIDE), "")


_row = partial(function, category="text", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = tuple(
    _row(f"{name}B", _KNOWN[name].signature.spec, _in_bytes(name))
    for name in ("LEN", "LEFT", "RIGHT", "MID", "FIND", "SEARCH", "REPLACE")
)
