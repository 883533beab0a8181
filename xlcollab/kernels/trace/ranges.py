"""Functions of areas whose constant part is worked out once.

VLOOKUP searches its first column and gathers from another, SUMIFS selects by its criteria and adds
up its values: only the second half depends on the variables, as a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call, Node
from xlcollab.formula.signatures import SIGNATURES, Param
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.conditional.conditional import FOLDS, SAME_SHAPE, count, folded
from xlcollab.kernels.functions.conditional.selection import Selection, select
from xlcollab.kernels.functions.lookup.lookup import at_key, index, key_place
from xlcollab.kernels.functions.lookup.xlookup import match_anywhere, results_at
from xlcollab.kernels.functions.table import FUNCTIONS
from xlcollab.kernels.trace.choices import Form
from xlcollab.kernels.values.area import Area
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.tape import BY_VARIABLES, Function, Value

if TYPE_CHECKING:
    from xlcollab.kernels.trace.tracer import Frame, Tracer

_MOST_PAIRS = 1 << 26
"""Pairs of a cell and a condition that a program may keep."""


def _plain_lookup(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """A look-up in an array, all in one."""
    signature = SIGNATURES[node.name]
    arguments = [
        value
        for position, argument in enumerate(node.arguments)
        for value in tracer.arguments(argument, signature, position, frame)
    ]
    name = varying(node.name, *arguments)
    return tracer.tape.emit(name, FUNCTIONS[node.name], arguments)


def _table_lookup(axis: int) -> Form:
    """VLOOKUP (0) and HLOOKUP (1)."""

    def form(tracer: Tracer, node: Call, frame: Frame) -> Value:
        wanted, table, line, *approximate = node.arguments
        area = tracer.reference(table, frame)
        if area is None or area.broken is not None:
            return _plain_lookup(tracer, node, frame)
        first = replace(area, width=1) if axis == 0 else replace(area, height=1)
        asked = [tracer.value(wanted, frame), tracer.fetch(first)]
        asked += [tracer.value(argument, frame) for argument in approximate]
        place = tracer.tape.emit("MATCH", key_place, asked)
        number = tracer.value(line, frame)
        lines, number = _only_line(tracer, area, number, axis)
        name = varying(node.name, place, number)
        return tracer.tape.emit(name, at_key(axis), [tracer.fetch(lines), place, number])

    return form


def varying(name: str, *settings: Value) -> str:
    """The name of an operation; another one where variables decide what is picked."""
    return name if all(value.slot is None for value in settings) else f"{name}{BY_VARIABLES}"


def _only_line(tracer: Tracer, area: Area, number: Value, axis: int) -> tuple[Area, Value]:
    """The one column (row) that is asked for and its number in there, if it is the same for all."""
    size = area.width if axis == 0 else area.height
    block = number.block
    if number.slot is not None or block.kind is not Kind.NUMBER or block.shape.numel() > 1:
        return area, number
    line = int(block.number.reshape(-1)[0]) - 1
    if not 0 <= line < size:
        return area, number
    one = Value(tracer.tape.exact.scalar(1.0))
    if axis == 0:
        return replace(area, left=area.left + line, width=1), one
    return replace(area, top=area.top + line, height=1), one


def index_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """INDEX that is no reference: an array, or places that the variables decide."""
    table, *places = node.arguments
    found = [tracer.value(argument, frame) for argument in places]
    name = varying("INDEX", *found)
    return tracer.tape.emit(name, index, [tracer.argument(table, Param.TABLE, frame), *found])


def lookup_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """XLOOKUP: keys and results may lie on different sheets, as whole columns too."""
    wanted, keys, results, *rest = node.arguments
    found = [tracer.reference(argument, frame) for argument in (keys, results)]
    areas = [area for area in found if area is not None]
    if len(areas) < 2:
        return _plain_lookup(tracer, node, frame)
    table, values = fetch_alike(tracer, areas)
    settings = [tracer.value(argument, frame) for argument in rest]
    asked = [tracer.value(wanted, frame), table, *settings[1:]]
    place = tracer.tape.emit("XMATCH", match_anywhere, asked)
    return tracer.tape.emit("XLOOKUP", results_at, [place, table, values, *settings[:1]])


def fetch_alike(tracer: Tracer, areas: Sequence[Area]) -> list[Value]:
    """The values of areas; whole columns (rows) are cut where the longest of them ends."""
    clipped = []
    for area in areas:
        sheet = tracer.store.workbook.sheet(area.sheet)
        clipped.append(area.clipped(sheet.height, sheet.width))
    height = max(area.height for area in clipped)
    width = max(area.width for area in clipped)
    return [
        tracer.fetch(replace(area, height=min(area.height, height), width=min(area.width, width)))
        for area in areas
    ]


def _area(tracer: Tracer, node: Node, frame: Frame, name: str) -> Area:
    area = tracer.reference(node, frame)
    if area is None:
        raise UnsupportedError(f"{name} needs references as its ranges")
    return area


def _layout(node: Call) -> tuple[Node, Sequence[Node], Sequence[Node]]:
    """(range to aggregate, ranges under criteria, criteria) of a conditional aggregate."""
    arguments = node.arguments
    if node.name in SAME_SHAPE:
        return arguments[-1 if len(arguments) > 2 else 0], arguments[:1], arguments[1:2]
    if node.name.startswith("COUNT"):
        return arguments[0], arguments[::2], arguments[1::2]
    return arguments[0], arguments[1::2], arguments[2::2]


def conditional_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """SUMIF, COUNTIFS and their kin: constant criteria are worked out while compiling."""
    aggregated, ranges, criteria = _layout(node)
    if len(ranges) != len(criteria):
        raise UnsupportedError(f"{node.name} needs a criterion for each range")
    values = _area(tracer, aggregated, frame, node.name)
    tested = [_area(tracer, argument, frame, node.name) for argument in ranges]
    if node.name in SAME_SHAPE:
        values = replace(values, height=tested[0].height, width=tested[0].width)
    if any((area.height, area.width) != (values.height, values.width) for area in tested):
        return Value(tracer.tape.exact.error(ErrorCode.VALUE))
    fetched, *blocks = fetch_alike(tracer, [values, *tested])
    asked = [tracer.argument(argument, Param.VALUE, frame) for argument in criteria]
    pairs = [value for pair in zip(blocks, asked, strict=True) for value in pair]
    if node.name.startswith("COUNT"):
        counted = tracer.tape.emit(node.name, count, pairs)
        return _with_cells_beyond(
            tracer, counted, values.size - fetched.block.shape[2:].numel(), asked
        )
    return _aggregate(tracer, node.name, fetched, pairs)


def _with_cells_beyond(tracer: Tracer, counted: Value, beyond: int, asked: list[Value]) -> Value:
    """A count, and that of the blank cells beyond the used part of the sheet."""
    if beyond == 0:
        return counted
    blank = Value(Block(tracer.tape.exact.tensor([[[[0.0]]]]), Kind.BLANK, cells=True))
    pairs = [value for criterion in asked for value in (blank, criterion)]
    fitting = tracer.tape.emit("COUNTIFS", count, pairs)
    times = Value(tracer.tape.exact.scalar(float(beyond)))
    more = tracer.tape.emit("*", BINARY["*"], [fitting, times])
    return tracer.tape.emit("+", BINARY["+"], [counted, more])


def _aggregate(tracer: Tracer, name: str, values: Value, pairs: list[Value]) -> Value:
    if values.slot is None or any(value.slot is not None for value in pairs):
        return tracer.tape.emit(varying(name, *pairs), FOLDS[name][1], [values, *pairs])
    tested = [(a.block, b.block) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
    selection = select(tracer.tape.exact, tested, values.block)
    pieces = []
    for piece in selection.pairs(tracer.tape.exact):
        pieces.append(piece)
        if sum(len(cell) for _, cell in pieces) > _MOST_PAIRS:
            return tracer.tape.emit(name, FOLDS[name][1], [values, *pairs])
    condition, cell = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    known = replace(selection, conditions=())
    return tracer.tape.emit(
        name, _known_selection(name, known), [values], (condition, cell, selection.place)
    )


def _known_selection(name: str, selection: Selection) -> Function:
    fold = FOLDS[name][0]

    def run(
        context: Context, block: Block, condition: Tensor, cell: Tensor, place: Tensor
    ) -> Block:
        here = replace(selection, place=place)
        return folded(context, fold, block, here, [(condition, cell)])

    return run


def count_blank_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """COUNTBLANK, which counts the cells beyond the used part of the sheet too."""
    area = _area(tracer, node.arguments[0], frame, "COUNTBLANK")
    found = tracer.fetch(area)
    beyond = area.size - found.block.shape[2:].numel()
    counted = tracer.tape.emit("COUNTBLANK", FUNCTIONS["COUNTBLANK"], [found])
    extra = Value(tracer.tape.exact.scalar(float(beyond)))
    return tracer.tape.emit("+", BINARY["+"], [counted, extra])


FORMS: dict[str, Form] = {
    "VLOOKUP": _table_lookup(0),
    "HLOOKUP": _table_lookup(1),
    "INDEX": index_form,
    "XLOOKUP": lookup_form,
    "COUNTBLANK": count_blank_form,
    **dict.fromkeys([*FOLDS, "COUNTIF", "COUNTIFS"], conditional_form),
}
