"""Questions about sheets and cells as such: SHEET, SHEETS, FORMULATEXT, CELL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from xlcollab.errors import UnsupportedError
from xlcollab.formula import parse, to_text
from xlcollab.formula.nodes import Call, parts_of_union
from xlcollab.formula.spelling import FUTURE_PREFIX
from xlcollab.grid import ErrorCode, Kind, Scalar, Sheet
from xlcollab.kernels.values.area import Area, RaggedError
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Facts, Shape
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.record import EXACT, Record, function
from xlcollab.kernels.values.tape import Operation, Value
from xlcollab.ref import column_letters


def sheet_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """SHEET([reference or name]): the place of a sheet among the tabs, from 1. Raises
    UnsupportedError where that depends on the variable cells."""
    names = [sheet.name.casefold() for sheet in tracer.store.workbook]
    exact = tracer.tape.exact
    if not node.arguments:
        return Value(exact.scalar(names.index(frame.family.sheet.casefold()) + 1.0))
    area = tracer.reference(parts_of_union(node.arguments[0])[0], frame)
    if area is not None:
        return Value(exact.scalar(names.index(area.sheet.casefold()) + 1.0))
    value = tracer.value(node.arguments[0], frame)
    if value.slot is not None:
        raise UnsupportedError("SHEET depends on the variable cells")
    found = [_number(names, one) for one in exact.values(value.block)]
    return Value(exact.block(found, value.block.shape))


def _number(names: list[str], value: Scalar) -> Scalar:
    if isinstance(value, ErrorCode):
        return value
    if isinstance(value, str) and value.casefold() in names:
        return names.index(value.casefold()) + 1.0
    return ErrorCode.NA


def sheets_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """SHEETS([reference]): how many sheets the book has, or a reference spans."""
    exact = tracer.tape.exact
    if not node.arguments:
        return Value(exact.scalar(float(len(tracer.store.workbook.sheets))))
    areas = [tracer.reference(part, frame) for part in parts_of_union(node.arguments[0])]
    known = {area.sheet for area in areas if area is not None}
    if not known:
        value = tracer.value(node.arguments[0], frame)
        codes = [v for v in exact.values(value.block) if isinstance(v, ErrorCode)]
        return Value(exact.error(codes[0] if codes else ErrorCode.NA))
    return Value(exact.scalar(float(len(known))))


def formula_text_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """FORMULATEXT(reference): the formula of its first cell; #N/A where there is none. Raises
    UnsupportedError for what is no reference."""
    area = tracer.reference(node.arguments[0], frame)
    if area is None:
        raise UnsupportedError("FORMULATEXT needs a reference")
    sheet = tracer.store.workbook.sheet(area.sheet)
    wanted = area if frame.array else _first(area)
    return _per_cell(tracer, wanted, lambda row, column: _formula(sheet, row, column))


def _first(area: Area) -> Area:
    return replace(area, height=1, width=1)


def _per_cell(tracer: Evaluator, area: Area, ask: Callable[[int, int], Scalar]) -> Value:
    """What is asked of each cell of an area, for each copy."""
    exact = tracer.tape.exact
    if area.broken is not None:
        if area.broken.all():
            return Value(exact.error(area.code))
        raise RaggedError
    top, left = np.broadcast_arrays(area.top, area.left)
    found = [
        ask(row + down, column + across)
        for row, column in zip(top.flat, left.flat, strict=True)
        for down in range(area.height)
        for across in range(area.width)
    ]
    return Value(exact.block(found, (*top.shape, area.height, area.width)))


def _formula(sheet: Sheet, row: int, column: int) -> Scalar:
    """The formula of a cell as its sheet shows it, with the equals sign."""
    for array in sheet.arrays:
        if array.rect.contains(row, column):
            first = (row, column) == (array.rect.top, array.rect.left)
            if array.dynamic:
                return f"={array.text}" if first else ErrorCode.NA
            return f"{{={array.text}}}"
    formulas = sheet.formulas
    (places,) = np.nonzero((formulas.rows == row) & (formulas.columns == column))
    if not len(places):
        return ErrorCode.NA
    place = int(places[0])
    text = formulas.texts[formulas.text_ids[place]]
    anchor = (int(formulas.anchor_rows[place]), int(formulas.anchor_columns[place]))
    if anchor == (row, column):
        return f"={FUTURE_PREFIX.sub('', text)}"
    return f"={to_text(parse(text, *anchor), row, column)}"


def cell_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """CELL(what, reference): address, column, row, contents or type of its first cell. Raises
    UnsupportedError for other questions."""
    exact = tracer.tape.exact
    asked = tracer.value(node.arguments[0], frame)
    kinds = exact.values(asked.block)
    what = kinds[0].casefold() if isinstance(kinds[0], str) else ""
    area = tracer.place(node.arguments[1], frame) if len(node.arguments) > 1 else None
    if len(kinds) > 1 or asked.slot is not None or what not in _ASKED or area is None:
        raise UnsupportedError(
            f"CELL is computed for {', '.join(_ASKED)} of a cell that is named, and nothing else"
        )
    here = _first(area)
    if what == "address" and area.sheet != frame.family.sheet:
        raise UnsupportedError("CELL writes the file's name before the address in another sheet")
    if what == "contents":
        return tracer.fetch(here)
    if what == "type":
        return tracer.tape.emit(_TYPE, [tracer.fetch(here)])
    return _per_cell(tracer, here, _PLACES[what])


_PLACES: dict[str, Callable[[int, int], Scalar]] = {
    "address": lambda row, column: f"${column_letters(column)}${row + 1}",
    "col": lambda row, column: column + 1.0,
    "row": lambda row, column: row + 1.0,
}
_ASKED = (*_PLACES, "contents", "type")


def _type(context: Context, block: Block) -> Block:
    """b for a blank cell, l for a text, v for anything else."""
    names = {Kind.BLANK: "b", Kind.TEXT: "l"}
    kinds = block.kinds().reshape(-1).tolist()
    return context.block([names.get(Kind(kind), "v") for kind in kinds], block.shape)


_TYPE = Operation("type of a cell", _type, Facts(fails=False, shape=Shape.STEPS))
_row = partial(function, shape=Shape.STEPS, category="information")

FUNCTIONS: tuple[Record, ...] = (
    _row("SHEET", "|P", form=sheet_form),
    _row("SHEETS", "|P", form=sheets_form),
    _row("FORMULATEXT", "P", form=formula_text_form, category="lookup"),
    _row("CELL", "VR", form=cell_form, shape=Shape.KINKS, derivative=EXACT),
)
