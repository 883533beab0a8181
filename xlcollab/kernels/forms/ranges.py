"""Functions of areas whose constant part is worked out once.

VLOOKUP searches its first column and gathers from another, SUMIFS selects by its criteria and adds
up its values: only the second half depends on the variables, as a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call, Node, is_plain, parts_of_union
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.forms.references import index_place, index_reference, places_found
from xlcollab.kernels.functions.conditional.conditional import (
    Fold,
    Tried,
    average,
    conditional,
    count,
    extreme,
    folded,
    one_range,
    total,
)
from xlcollab.kernels.functions.conditional.selection import Selection, select
from xlcollab.kernels.functions.lookup.lookup import (
    at_key,
    horizontal,
    index,
    key_place,
    match,
    vertical,
)
from xlcollab.kernels.functions.lookup.xlookup import lookup_anywhere, match_anywhere, results_at
from xlcollab.kernels.functions.statistics.reduce import count_blank
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import Area
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Beyond, Facts, Shape
from xlcollab.kernels.values.frame import Evaluator, Form, Frame
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function, LinesBeyondError, Operation, Tail, Value

_MOST_PAIRS = 1 << 26
"""Pairs of a cell and a condition that a program may keep."""


def _plain_lookup(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """A look-up in an array, all in one."""
    arguments = tracer.all_arguments(node, frame)
    return tracer.tape.emit(varying(tracer.operation(node.name), *arguments), arguments)


def match_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """MATCH: what it searches is an area or an array."""
    wrong = _no_table(tracer, node, frame)
    return _plain_lookup(tracer, node, frame) if wrong is None else wrong


def _no_table(tracer: Evaluator, node: Call, frame: Frame) -> Value | None:
    """The error of MATCH, VLOOKUP and HLOOKUP where they shall search no table but a plain value or
    a union: #N/A, of a text #VALUE!. None where it is a table."""
    wanted, table = node.arguments[:2]
    if len(parts_of_union(table)) > 1:
        code = ErrorCode.NA
    elif is_plain(table):
        found = tracer.tape.exact.values(tracer.value(table, frame).block)[0]
        code = found if isinstance(found, ErrorCode) else ErrorCode.NA
        code = ErrorCode.VALUE if isinstance(found, str) else code
    else:
        return None
    asked = [tracer.value(wanted, frame), Value(tracer.tape.exact.error(code))]
    return tracer.tape.emit(Operation(node.name, _first_error), asked)


def _first_error(context: Context, wanted: Block, wrong: Block) -> Block:
    """The error of the first argument, or the second one."""
    return context.with_errors(wrong, context.codes(wanted))


def _table_lookup(axis: int) -> Form:
    """VLOOKUP (0) and HLOOKUP (1)."""

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        wrong = _no_table(tracer, node, frame)
        if wrong is not None:
            return wrong
        wanted, table, line, *approximate = node.arguments
        area = tracer.reference(table, frame)
        if area is None or area.broken is not None:
            return _plain_lookup(tracer, node, frame)
        first = replace(area, width=1) if axis == 0 else replace(area, height=1)
        asked = [tracer.value(wanted, frame), tracer.fetch(first)]
        asked += [tracer.value(argument, frame) for argument in approximate]
        search = replace(tracer.operation("MATCH"), function=key_place)
        place = tracer.tape.emit(search, asked)
        number = tracer.value(line, frame)
        lines, number = _only_line(tracer, area, number, axis)
        facts = replace(tracer.operation(node.name).facts, by_line=frozenset((1,)))
        gather = Operation(node.name, at_key(axis), facts)
        arguments = [tracer.fetch(lines, loose=True), place, number]
        return tracer.tape.emit(varying(gather, place, number), arguments)

    return form


def varying(operation: Operation, *settings: Value) -> Operation:
    """An operation; as another one where variables decide what is picked."""
    if all(value.constant for value in settings):
        return operation
    return operation.by_variables()


def _only_line(tracer: Evaluator, area: Area, number: Value, axis: int) -> tuple[Area, Value]:
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


def index_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """INDEX that is no reference: an array, or places that the variables decide."""
    table, *places = node.arguments
    found = [tracer.value(argument, frame) for argument in places]
    values = tracer.argument(table, Param.TABLE, frame)
    operation = varying(tracer.operation(node.name), *found)
    if values.tail is None or values.block.cells:
        return tracer.tape.emit(operation, [values, *found])
    return _index_of_lines(tracer, operation, values, found)


def _index_of_lines(
    tracer: Evaluator, operation: Operation, values: Value, found: list[Value]
) -> Value:
    """INDEX of an array with lines beyond: one of the lines that are there, or all of them."""
    assert values.tail is not None
    known, axes, line = replace(values, tail=None), values.tail.axes, values.tail.value
    axis = min(axes)
    asked = found[axis - 2] if len(found) > axis - 2 else None
    if len(axes) > 1 or (len(found) == 1 and axis == 3) or (asked and not asked.constant):
        raise LinesBeyondError(axes)
    number = tracer.tape.exact.numbers(asked.block)[0] if asked else torch.zeros(1)
    if bool(((number >= 1) & (number < values.block.shape[axis] + 1)).all()):
        return tracer.tape.emit(operation, [known, *found])
    if not bool((number.trunc() == 0).all()):
        raise LinesBeyondError(axes)
    beyond = line and tracer.tape.emit(operation, [line, *found])
    return replace(tracer.tape.emit(operation, [known, *found]), tail=Tail(axes, beyond))


def place_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """XMATCH: of a whole column the first blank behind its end is searched, too."""
    wanted, keys, *settings = node.arguments
    area = tracer.reference(keys, frame)
    if area is None:
        return _plain_lookup(tracer, node, frame)
    (table,) = fetch_alike(tracer, [area], behind=1)
    asked = [tracer.value(wanted, frame), table]
    asked += [tracer.value(argument, frame) for argument in settings]
    found = tracer.tape.emit(tracer.operation(node.name), asked)
    size, searched = max(area.height, area.width), table.block.shape[2:].numel()
    if searched == size or len(settings) < 2:
        return found
    last = Operation("the last of a column", partial(_last_behind, searched, size), _COUNTED)
    return tracer.tape.emit(last, [found, asked[3]])


_COUNTED = Facts(fails=False, shape=Shape.STEPS)


def _last_behind(searched: int, size: int, context: Context, place: Block, order: Block) -> Block:
    """The place of the last cell of a column of `size` for that of the blank behind its used part,
    where the search goes from the end."""
    numbers, codes = context.numbers(place)
    backwards, _ = context.numbers(order)
    moved = torch.where((numbers == searched) & (backwards < 0), float(size), numbers)
    return context.result(moved, codes)


def lookup_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """XLOOKUP: keys and results may lie on different sheets, as whole columns too."""
    wanted, keys, results, *rest = node.arguments
    found = [tracer.reference(argument, frame) for argument in (keys, results)]
    areas = [area for area in found if area is not None]
    if len(areas) < 2:
        return _plain_lookup(tracer, node, frame)
    values, table = fetch_alike(tracer, areas[::-1], behind=1)
    settings = [tracer.value(argument, frame) for argument in rest]
    asked = [tracer.value(wanted, frame), table, *settings[1:]]
    place = tracer.tape.emit(tracer.operation("XMATCH"), asked)
    facts = replace(tracer.operation(node.name).facts, by_line=frozenset((0,)))
    gather = varying(Operation(node.name, results_at, facts), place)
    return tracer.tape.emit(gather, [place, table, values, *settings[:1]])


def lookup_place(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """Where XLOOKUP finds; None where it finds nothing or brings no reference.

    Raises MovingReferenceError where the variables decide, RaggedError where copies differ.
    """
    wanted, keys, results, *rest = node.arguments
    table, area = tracer.reference(keys, frame), tracer.reference(results, frame)
    if table is None or area is None:
        return None
    upright = table.width == 1 and (table.height > 1 or area.height == 1)
    alike = table.height == area.height if upright else table.width == area.width
    places = places_found(tracer, Call("XMATCH", (wanted, keys, *rest[1:])), frame)
    if places is None or not alike:
        return None
    if upright:
        return replace(area, top=area.top + places, height=1)
    return replace(area, left=area.left + places, width=1)


def fetch_alike(tracer: Evaluator, areas: Sequence[Area], *, behind: int = 0) -> list[Value]:
    """The values of areas; whole columns (rows) are cut `behind` cells after the end of the longest
    of them.

    Of the first area only those cells are used that the others select.
    """
    clipped = []
    for area in areas:
        sheet = tracer.store.workbook.sheet(area.sheet)
        clipped.append(area.clipped(sheet.height, sheet.width))
    height = max(area.height for area in clipped) + behind
    width = max(area.width for area in clipped) + behind
    return [
        tracer.fetch(
            replace(area, height=min(area.height, height), width=min(area.width, width)),
            loose=place == 0,
        )
        for place, area in enumerate(areas)
    ]


def _area(tracer: Evaluator, node: Node, frame: Frame, name: str) -> Area:
    area = tracer.reference(node, frame)
    if area is None:
        raise UnsupportedError(f"{name} needs references as its ranges")
    return area


Layout = Callable[[Sequence[Node]], tuple[Node, Sequence[Node], Sequence[Node]]]
"""Arguments → (range to aggregate, ranges under criteria, criteria)"""


def _one_range(arguments: Sequence[Node]) -> tuple[Node, Sequence[Node], Sequence[Node]]:
    """(range, criterion, [range to aggregate])"""
    return arguments[-1 if len(arguments) > 2 else 0], arguments[:1], arguments[1:2]


def _ranges(arguments: Sequence[Node]) -> tuple[Node, Sequence[Node], Sequence[Node]]:
    """(range to aggregate, range, criterion, …)"""
    return arguments[0], arguments[1::2], arguments[2::2]


def _pairs(arguments: Sequence[Node]) -> tuple[Node, Sequence[Node], Sequence[Node]]:
    """(range, criterion, …): nothing is aggregated, cells are counted."""
    return arguments[0], arguments[::2], arguments[1::2]


def _conditional(layout: Layout, fold: Fold | None) -> Form:
    """SUMIF, COUNTIFS and their kin: constant criteria are worked out while compiling.

    With `_one_range` the range to aggregate takes the size of the other.
    """

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        aggregated, ranges, criteria = layout(node.arguments)
        if len(ranges) != len(criteria):
            raise UnsupportedError(f"{node.name} needs a criterion for each range")
        values = _area(tracer, aggregated, frame, node.name)
        tested = [_area(tracer, argument, frame, node.name) for argument in ranges]
        if layout is _one_range:
            values = replace(values, height=tested[0].height, width=tested[0].width)
        if any((area.height, area.width) != (values.height, values.width) for area in tested):
            return Value(tracer.tape.exact.error(ErrorCode.VALUE))
        areas = fetch_alike(tracer, [values, *tested])
        fetched, *blocks = (replace(one, tail=None) for one in areas)
        asked = [tracer.argument(argument, Param.VALUE, frame) for argument in criteria]
        operation = tracer.operation(node.name)
        beyond = values.size - fetched.block.shape[2:].numel()

        def conditioned(criteria: list[Value]) -> Value:
            pairs = [value for pair in zip(blocks, criteria, strict=True) for value in pair]
            if fold is not None:
                return _aggregate(tracer, operation, fold, fetched, pairs)
            counted = tracer.tape.emit(operation, pairs)
            return _with_cells_beyond(tracer, counted, beyond, criteria)

        return _line_by_line(asked, conditioned)

    return form


def _line_by_line(asked: list[Value], ask: Callable[[list[Value]], Value]) -> Value:
    """What is asked for every value of criteria, and for the lines beyond whole columns."""
    tails = [value.tail for value in asked if value.tail is not None]
    if not tails:
        return ask(asked)
    axes = frozenset[int]().union(*(tail.axes for tail in tails))
    lines = [value if value.tail is None else value.tail.value for value in asked]
    known = [line for line in lines if line is not None]
    found = ask([replace(value, tail=None) for value in asked])
    alike = len(known) == len(lines) and len(axes) == 1
    alike &= all(one.tail or one.block.shape[max(axes)] == 1 for one in asked)
    return replace(found, tail=Tail(axes, ask(known) if alike else None))


def _with_cells_beyond(tracer: Evaluator, counted: Value, beyond: int, asked: list[Value]) -> Value:
    """A count, and that of the blank cells beyond the used part of the sheet."""
    if beyond == 0:
        return counted
    blank = Value(Block(tracer.tape.exact.tensor([[[[0.0]]]]), Kind.BLANK, cells=True))
    pairs = [value for criterion in asked for value in (blank, criterion)]
    fitting = tracer.tape.emit(tracer.operation("COUNTIFS"), pairs)
    times = Value(tracer.tape.exact.scalar(float(beyond)))
    more = tracer.tape.emit(BINARY["*"], [fitting, times])
    return tracer.tape.emit(BINARY["+"], [counted, more])


def _aggregate(
    tracer: Evaluator, operation: Operation, fold: Fold, values: Value, pairs: list[Value]
) -> Value:
    whole = replace(operation, function=conditional(fold))
    if values.constant or any(not value.constant for value in pairs):
        return tracer.tape.emit(varying(whole, *pairs), [values, *pairs])
    tested = [(a.block, b.block) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
    selection = select(tracer.tape.exact, tested, values.block)
    if selection.small:
        mask = selection.tried(tracer.tape.exact)
        selected = replace(operation, function=_known_selection(fold, _alone(selection)))
        return tracer.tape.emit(selected, [values], (mask, selection.place))
    pieces = []
    for piece in selection.pairs(tracer.tape.exact):
        pieces.append(piece)
        if sum(len(cell) for _, cell in pieces) > _MOST_PAIRS:
            return tracer.tape.emit(whole, [values, *pairs])
    condition, cell = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    selected = replace(operation, function=_known_selection(fold, _alone(selection)))
    return tracer.tape.emit(selected, [values], (condition, cell, selection.place))


def _alone(selection: Selection) -> Selection:
    return replace(selection, conditions=())


def _known_selection(fold: Fold, selection: Selection) -> Function:
    def run(context: Context, block: Block, *known: Tensor) -> Block:
        *pairs, place = known
        here = replace(selection, place=place)
        if len(pairs) == 1:
            return folded(context, fold, block, here, Tried(pairs[0], in_order=context.exact))
        return folded(context, fold, block, here, [(pairs[0], pairs[1])])

    return run


def count_blank_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """COUNTBLANK, which counts the cells beyond the used part of the sheet too."""
    area = _area(tracer, node.arguments[0], frame, "COUNTBLANK")
    found = tracer.fetch(area)
    beyond = area.size - found.block.shape[2:].numel()
    counted = tracer.tape.emit(tracer.operation("COUNTBLANK"), [found])
    extra = Value(tracer.tape.exact.scalar(float(beyond)))
    return tracer.tape.emit(BINARY["+"], [counted, extra])


_row = partial(function, category="lookup", shape=Shape.AFFINE, fails=False)
_conditioned = partial(function, category="conditional", fails=False)
_one, _several = partial(_conditional, _one_range), partial(_conditional, _ranges)
_largest, _smallest = extreme(1.0), extreme(-1.0)

# That they fail where variables decide what is picked, `varying` says.
FUNCTIONS: tuple[Record, ...] = (
    _row(
        "MATCH",
        "VT|V",
        match,
        form=match_form,
        shape=Shape.STEPS,
        picks=True,
        beyond=Beyond.SEARCHED,
        by_line=(0,),
    ),
    _row("VLOOKUP", "VTV|V", vertical, form=_table_lookup(0), by_line=(0,)),
    _row("HLOOKUP", "VTV|V", horizontal, form=_table_lookup(1), by_line=(0,)),
    _row("INDEX", "TV|VV", index, form=index_form, refers=index_reference, points=index_place),
    _row(
        "XMATCH",
        "VT|VV",
        match_anywhere,
        form=place_form,
        shape=Shape.STEPS,
        picks=True,
        beyond=Beyond.SEARCHED,
        by_line=(0,),
    ),
    _row("XLOOKUP", "VTT|VVV", lookup_anywhere, form=lookup_form, points=lookup_place),
    _row(
        "COUNTBLANK",
        "R",
        count_blank,
        form=count_blank_form,
        category="statistics",
        shape=Shape.STEPS,
    ),
    _conditioned("SUMIF", "RV|R", one_range(total), form=_one(total), shape=Shape.AFFINE),
    _conditioned(
        "SUMIFS", "RRV|RV*2", conditional(total), form=_several(total), shape=Shape.AFFINE
    ),
    _conditioned("AVERAGEIF", "RV|R", one_range(average), form=_one(average), shape=Shape.AFFINE),
    _conditioned(
        "AVERAGEIFS", "RRV|RV*2", conditional(average), form=_several(average), shape=Shape.AFFINE
    ),
    _conditioned("MAXIFS", "RRV|RV*2", conditional(_largest), form=_several(_largest)),
    _conditioned("MINIFS", "RRV|RV*2", conditional(_smallest), form=_several(_smallest)),
    _conditioned("COUNTIF", "RV", count, form=_conditional(_pairs, None), shape=Shape.STEPS),
    _conditioned("COUNTIFS", "RV|RV*2", count, form=_conditional(_pairs, None), shape=Shape.STEPS),
)
