"""Formulas evaluated by the whole engine on small workbooks that live in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from xlcollab.grid import ArrayFormula, Formulas, Kind, Scalar, Sheet, TextPool, Workbook, encode
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Block, Context
from xlcollab.plan import build_plan
from xlcollab.ref import parse_rect

Cells = Mapping[str, Scalar]
"""{"A1": 1.5, "B1": "text", "C1": True, "D1": "=A1*2", "E1": ErrorCode.NA, "F1": None}."""
HOME = "Z1"
"""Where the formula under test stands unless a test says otherwise."""


class RefusedError(Exception):
    """The engine refused the formula; the message is its sentence."""


def workbook(cells: Cells, arrays: Mapping[str, str] | None = None) -> Workbook:
    """One sheet "Sheet1" of values and plain formulas, and array formulas {area: "=text"}."""
    texts = TextPool()
    blocks = {parse_rect(area): text for area, text in (arrays or {}).items()}
    places = [parse_rect(address) for address in cells]
    height = max((rect.bottom for rect in [*places, *blocks]), default=1)
    width = max((rect.right for rect in [*places, *blocks]), default=1)
    kinds = np.full((height, width), Kind.BLANK, np.uint8)
    numbers = np.zeros((height, width))
    formulas: dict[tuple[int, int], str] = {}
    for rect, value in zip(places, cells.values(), strict=True):
        if isinstance(value, str) and value.startswith("="):
            formulas[rect.top, rect.left] = value[1:]
        else:
            kinds[rect.top, rect.left], numbers[rect.top, rect.left] = encode(value, texts)
    sheet = Sheet("Sheet1", kinds, numbers, texts, Formulas.from_cells(formulas))
    sheet.arrays = [ArrayFormula(rect, text[1:], True) for rect, text in blocks.items()]
    return Workbook([sheet], texts)


def spilled(formula: str, cells: Cells, area: str) -> list[list[Scalar]]:
    """The values of a dynamic array formula that fills `area`. Raises RefusedError."""
    rect = parse_rect(area)
    book = workbook(cells, {area: formula})
    done = recalculate(build_plan(book))
    for refused in done.unsupported:
        if refused.area.rect.intersection(rect):
            raise RefusedError(refused.reason)
    for family, block in done.results:
        if family.rect == rect:
            values = Context(book.texts).values(block)
            return [values[i : i + rect.width] for i in range(0, len(values), rect.width)]
    raise AssertionError(f"{formula} has no result")


def value(formula: str, cells: Cells | None = None, at: str = HOME) -> Scalar:
    """The value that a dynamic array formula shows in its own cell. Raises RefusedError."""
    return spilled(formula, cells or {}, at)[0][0]


def plain_value(formula: str, cells: Cells | None = None, at: str = HOME) -> Scalar:
    """The value of a formula stored as a plain one. Raises RefusedError."""
    rect = parse_rect(at)
    book = workbook({**(cells or {}), at: f"={formula.removeprefix('=')}"})
    done = recalculate(build_plan(book))
    for refused in done.unsupported:
        if refused.area.rect.intersection(rect):
            raise RefusedError(refused.reason)
    for family, block in done.results:
        if (family.rect.top, family.rect.left) == (rect.top, rect.left):
            return Context(book.texts).values(block)[0]
    raise AssertionError(f"{formula} has no result")


def call(name: str, *arguments: object) -> NDArray[np.float64]:
    """A function of the table on arrays of numbers, evaluated exactly; errors are NaN.

    Arguments are numbers or arrays of one or two axes (rows, columns); so is the result.
    """
    context = Context(TextPool())
    block = FUNCTIONS[name](context, *(_block(context, argument) for argument in arguments))
    number = torch.where(context.errors(block), torch.nan, block.number).expand(block.shape)
    return np.asarray(number[0, 0].numpy())


def _block(context: Context, argument: object) -> Block:
    if isinstance(argument, bool):
        return context.scalar(argument)
    number = context.tensor(np.atleast_2d(np.asarray(argument, np.float64)))
    return Block(number[None, None], Kind.NUMBER)
