"""Functions that return references: OFFSET, INDEX, INDIRECT, and IF and CHOOSE between areas.

Where a formula looks is settled while it is compiled, so the look-up becomes a gather.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from xlcollab.errors import FormulaSyntaxError, UnsupportedError
from xlcollab.formula import parse
from xlcollab.formula.nodes import (
    Binary,
    Boolean,
    Call,
    Missing,
    Name,
    Node,
    Reference,
    parts_of_union,
)
from xlcollab.formula.row_column import around_the_edge, read_row_column
from xlcollab.grid import ErrorCode
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import Area, Places, RaggedError, area_of
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Value
from xlcollab.plan.resolve import resolve
from xlcollab.ref import Rect

_ORIGIN = np.zeros((1, 1), np.int64)


@dataclass(frozen=True, slots=True)
class _Integers:
    """A constant argument per copy: whole numbers and error codes (0 for none)."""

    number: Places
    codes: Places


def _integers(
    tracer: Evaluator, node: Node, frame: Frame, what: str, *, is_size: bool = False
) -> _Integers:
    """A constant argument per copy, shape (R or 1, C or 1). A size that is but a fraction is 1."""
    value = tracer.tape.settled(
        tracer.value(node, frame),
        f"{what} depends on the variable cells: where a formula looks must not change while it is"
        " optimised",
    )
    number, codes = tracer.tape.exact.numbers(value.block)
    if number.shape[2] * number.shape[3] > 1:
        raise UnsupportedError(f"{what} is an array; only one value per cell can be followed")
    whole = torch.trunc(number)
    if is_size:
        whole = torch.where(whole == 0, torch.sign(number), whole)
    return _Integers(
        _per_copy(whole), _per_copy(torch.zeros_like(whole) if codes is None else codes)
    )


def _per_copy(values: Tensor) -> Places:
    return np.asarray(values[:, :, 0, 0].to(torch.int64).cpu().numpy())


def places_found(tracer: Evaluator, node: Node, frame: Frame) -> Places | None:
    """What a search finds, as a zero-based place per copy; None where it finds nothing or several.

    Raises MovingReferenceError where the variables decide, RaggedError where copies differ.
    """
    value = tracer.tape.settled(
        tracer.value(node, frame), "where a look-up finds depends on the variable cells"
    )
    number, codes = tracer.tape.exact.numbers(value.block)
    if number.shape[2:].numel() > 1:
        return None
    if codes is None:
        return _per_copy(number) - 1
    if bool((codes > 0).any()) and not bool((codes > 0).all()):
        raise RaggedError
    return None if bool((codes > 0).any()) else _per_copy(number) - 1


def _failing(area: Area, arguments: Sequence[_Integers]) -> Area:
    """The area, nowhere for copies with an error among the arguments.

    Raises RaggedError where copies fail for different reasons.
    """
    codes = np.zeros((1, 1), np.int64)
    for argument in arguments:
        codes = np.where(codes > 0, codes, argument.codes)
    if not codes.any():
        return area
    reasons = np.unique(codes[codes > 0])
    broken = area.broken
    elsewhere = broken is not None and bool((broken & (codes == 0)).any())
    if len(reasons) > 1 or elsewhere:
        raise RaggedError
    top = np.where(codes > 0, -1, area.top)
    return replace(area, top=top, code=ErrorCode(int(reasons[0])))


_NOTHING = _Integers(_ORIGIN, _ORIGIN)
"""An argument left out."""


def nowhere(sheet: str, code: ErrorCode = ErrorCode.REF) -> Area:
    """No area at all: the error `code`."""
    return Area(sheet, _ORIGIN - 1, _ORIGIN, 1, 1, code)


def _same(sizes: Places) -> int:
    if (sizes != sizes.flat[0]).any():
        raise RaggedError
    return int(sizes.flat[0])


def offset(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """OFFSET(reference, rows, columns, [height], [width]). Raises UnsupportedError where the first
    is no reference."""
    base = tracer.place(node.arguments[0], frame)
    if base is None:
        raise UnsupportedError("OFFSET needs a reference as its first argument")
    if base.broken is not None and bool(base.broken.all()):
        return base
    given = [
        _NOTHING
        if isinstance(argument, Missing)
        else _integers(tracer, argument, frame, "OFFSET", is_size=place > 1)
        for place, argument in enumerate(node.arguments[1:])
    ]
    rows, columns, *sizes = given
    top, left = base.top + rows.number, base.left + columns.number
    extents = [base.height, base.width]
    for axis, size in enumerate(sizes):
        if size is not _NOTHING:
            extents[axis] = _same(size.number)
    if extents[0] < 0:
        top = top + extents[0] + 1
    if extents[1] < 0:
        left = left + extents[1] + 1
    if 0 in extents:
        top, extents = np.full_like(top, -1), [1, 1]
    area = Area(base.sheet, top, left, abs(extents[0]), abs(extents[1]))
    return _failing(area, given)


def index_reference(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """INDEX of a reference with constant indices is a reference; None leaves it to values."""
    area, places = _table(tracer, node, frame)
    if area is None or not places:
        return area
    values = [tracer.value(argument, frame) for argument in places]
    if not all(_is_plain_index(tracer, value) for value in values):
        return None
    return _part(area, [_integers(tracer, argument, frame, "INDEX") for argument in places])


def index_place(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """INDEX of a reference where nothing but a reference will do, such as beside a colon.

    Raises MovingReferenceError where the variables decide, RaggedError where copies differ.
    """
    area, places = _table(tracer, node, frame)
    if area is None or not places:
        return area
    given = [_integers(tracer, argument, frame, "INDEX") for argument in places]
    return _failing(_part(area, given), given)


def _table(tracer: Evaluator, node: Call, frame: Frame) -> tuple[Area | None, Sequence[Node]]:
    """The area that INDEX looks into, None where it is no reference, and the indices there. Of a
    union it is the area that the fourth argument says; without indices it is nowhere."""
    table, *places = node.arguments
    parts = parts_of_union(table)
    if len(places) > 2 or len(parts) > 1:
        number = _area_number(tracer, places[2:], frame)
        if number is None or tracer.reference(parts[0], frame) is None:
            return None, ()
        if not 1 <= number <= len(parts):
            code = ErrorCode.VALUE if number < 1 else ErrorCode.REF
            return nowhere(frame.family.sheet, code), ()
        table, places = parts[number - 1], places[:2]
    return tracer.reference(table, frame), places


def _part(area: Area, given: Sequence[_Integers]) -> Area:
    """The cell, the line or all of an area, as one or two indices say."""
    first, *more = (index.number for index in given)
    one, every = np.ones((1, 1), np.int64), np.zeros((1, 1), np.int64)
    if more:
        row, column = first, more[0]
    elif area.height == 1:
        row, column = one, first
    else:
        row, column = first, one if area.width == 1 else every
    top, height = _indexed(area.top, area.height, row)
    left, width = _indexed(area.left, area.width, column)
    return Area(area.sheet, top, left, height, width)


def _area_number(tracer: Evaluator, given: Sequence[Node], frame: Frame) -> int | None:
    """Which area of a union is asked for, the first if none is named; None where that is no
    constant, alike for all copies."""
    if not given or isinstance(given[0], Missing):
        return 1
    value = tracer.value(given[0], frame)
    if value.slot is not None or value.block.shape[2:].numel() > 1:
        return None
    number, codes = tracer.tape.exact.numbers(value.block)
    distinct = torch.unique(torch.trunc(number)).tolist()
    if len(distinct) > 1 or (codes is not None and bool((codes > 0).any())):
        return None
    return int(distinct[0])


def _is_plain_index(tracer: Evaluator, value: Value) -> bool:
    """A constant of one value per copy that is neither an error nor negative.

    Raises RaggedError where only some copies are so.
    """
    if value.slot is not None or value.block.shape[2:].numel() > 1:
        return False
    number, codes = tracer.tape.exact.numbers(value.block)
    wrong = number < 0 if codes is None else (number < 0) | (codes > 0)
    if bool(wrong.any()) and not bool(wrong.all()):
        raise RaggedError
    return not bool(wrong.any())


def _indexed(start: Places, size: int, index: Places) -> tuple[Places, int]:
    """One axis of INDEX: 0 means all of it; beyond it lies nothing."""
    whole = index == 0
    if whole.any() and not whole.all():
        raise RaggedError
    if whole.all():
        return start, size
    inside = (index > 0) & (index <= size)
    return np.where(inside, start + index - 1, -1), 1


def indirect(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """INDIRECT(text, whether in A1 form): the text is constant and reads as an address or a defined
    name. Raises UnsupportedError on another form, RaggedError where copies differ in the form."""
    typed = len(node.arguments) < 2 or _is_a1(tracer, node.arguments[1], frame)
    value = tracer.tape.settled(
        tracer.value(node.arguments[0], frame),
        "INDIRECT depends on the variable cells",
        exactly=True,
    )
    if value.block.shape[2:].numel() > 1:
        raise UnsupportedError("INDIRECT of an array is not supported")
    texts = tracer.tape.exact.values(value.block)
    if not typed:
        found = [_by_row_and_column(tracer, text, frame) for text in dict.fromkeys(texts)]
        if len(found) == 1 and found[0] is not None:
            return area_of(found[0], frame.family)
        if any(one is not None and _is_relative(one) for one in found):
            raise RaggedError
    known = {text: _named_area(tracer, text, frame, typed) for text in dict.fromkeys(texts)}
    return _side_by_side([known[text] for text in texts], value.block.shape)


def _is_a1(tracer: Evaluator, node: Node, frame: Frame) -> bool:
    """Whether a style is TRUE, for all copies alike. Raises RaggedError."""
    value = tracer.tape.settled(
        tracer.value(node, frame),
        "the style of INDIRECT depends on the variable cells",
        exactly=True,
    )
    truths, codes = tracer.tape.exact.truths(value.block)
    if codes is not None and bool((codes > 0).any()):
        raise UnsupportedError("an error as the style of INDIRECT is not supported")
    if bool(truths.any()) and not bool(truths.all()):
        raise RaggedError
    return bool(truths.all())


def _by_row_and_column(tracer: Evaluator, text: object, frame: Frame) -> Reference | None:
    """A text in R1C1 form as a reference to a cell that there is; None for anything else.

    Raises RaggedError where it goes around the sheet's edge in some copies only.
    """
    found = read_row_column(text) if isinstance(text, str) else None
    if found is None or found.book:
        return None
    home = frame.family
    found = around_the_edge(found, home.rect)
    if found is None:
        raise RaggedError
    known = resolve(found, tracer.store.workbook, home.sheet, home.rect)
    return known if isinstance(known, Reference) else None


def _is_relative(reference: Reference) -> bool:
    edges = (reference.top, reference.left, reference.bottom, reference.right)
    return not all(edge.absolute for edge in edges)


def _named_area(tracer: Evaluator, text: object, frame: Frame, typed: bool) -> Area:
    """The area that a text names, as seen from the first copy. `typed`: in A1 form."""
    home = frame.family
    if isinstance(text, ErrorCode):
        return nowhere(home.sheet, text)
    if not isinstance(text, str):
        return nowhere(home.sheet)
    first = home.part(Rect(home.rect.top, home.rect.left, *home.step))
    found = _named(tracer, text, frame) if typed else _by_row_and_column(tracer, text, frame)
    if found is None and not typed:
        found = _named(tracer, text, frame, names_only=True)
    return nowhere(home.sheet) if found is None else area_of(found, first)


def _named(
    tracer: Evaluator, text: str, frame: Frame, names_only: bool = False
) -> Reference | None:
    """The reference that a text means: an address in A1 form, or a defined name."""
    home = frame.family
    try:
        parsed = parse(_without_zeros(text), home.rect.top, home.rect.left)
    except FormulaSyntaxError:
        return None
    if names_only and not isinstance(parsed, Name):
        return None
    found = resolve(parsed, tracer.store.workbook, home.sheet, home.rect)
    return found if isinstance(found, Reference) and not found.book else None


_ADDRESS = re.compile(r"\$?[A-Za-z]{0,3}\$?\d+(?::\$?[A-Za-z]{0,3}\$?\d+)?")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def _without_zeros(text: str) -> str:
    """A01 is A1 where INDIRECT reads it."""
    sheet, mark, address = text.rpartition("!")
    if not _ADDRESS.fullmatch(address.strip()):
        return text
    return sheet + mark + _ZEROS.sub("", address)


def _side_by_side(areas: list[Area], shape: torch.Size) -> Area:
    """One area per copy as one. Raises RaggedError where they differ in more than their place."""
    first = areas[0]
    if len(areas) == 1:
        return first
    if len({(a.sheet, a.height, a.width, a.code) for a in areas}) > 1:
        raise RaggedError
    top = np.concatenate([area.top for area in areas]).reshape(shape[:2])
    left = np.concatenate([area.left for area in areas]).reshape(shape[:2])
    return replace(first, top=top, left=left)


def if_reference(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """IF whose condition is the same constant everywhere is its branch, reference or not."""
    if not any(_may_refer(tracer, argument) for argument in node.arguments[1:]):
        return None
    branch = constant_branch(tracer, node, frame)
    return tracer.reference(branch, frame) if branch is not None else None


def choose_reference(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    branch = chosen(tracer, node, frame)
    return tracer.reference(branch, frame) if branch is not None else None


def ifs_reference(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """IFS whose conditions, up to the first that holds, are the same constants everywhere."""
    return _first_that_holds(tracer, node.arguments, frame, lambda condition: condition)


def switch_reference(tracer: Evaluator, node: Call, frame: Frame) -> Area | None:
    """SWITCH whose value and cases, up to the one that is equal, are constants everywhere."""
    subject, *rest = node.arguments
    otherwise = (Boolean(True), rest.pop()) if len(rest) % 2 else ()
    return _first_that_holds(
        tracer, (*rest, *otherwise), frame, lambda case: _case(subject, case, otherwise)
    )


def _case(subject: Node, case: Node, otherwise: Sequence[Node]) -> Node:
    """The condition of a case."""
    return case if otherwise and case is otherwise[0] else Binary("=", subject, case)


def _first_that_holds(
    tracer: Evaluator, pairs: Sequence[Node], frame: Frame, condition: Callable[[Node], Node]
) -> Area | None:
    """The reference behind the first condition that holds in all copies; None where there is none,
    or where a condition is no constant, the same for all."""
    if not any(_may_refer(tracer, value) for value in pairs[1::2]):
        return None
    for asked, value in zip(pairs[::2], pairs[1::2], strict=False):
        holds = _is_constantly(tracer, condition(asked), frame)
        if holds is None:
            return None
        if holds:
            return tracer.reference(value, frame)
    return None


def _is_constantly(tracer: Evaluator, condition: Node, frame: Frame) -> bool | None:
    """Whether a condition holds; None where it is no constant, alike for all copies."""
    return _holds(tracer, tracer.value(condition, frame))


def _holds(tracer: Evaluator, found: Value) -> bool | None:
    """The same of its value."""
    if found.slot is not None or found.block.shape[2:].numel() > 1:
        return None
    truth, codes = tracer.tape.exact.truths(found.block)
    if (codes is not None and bool((codes > 0).any())) or bool(truth.any()) != bool(truth.all()):
        return None
    return bool(truth.all())


def _may_refer(tracer: Evaluator, node: Node) -> bool:
    if isinstance(node, Call):
        return tracer.refers(node.name)
    return isinstance(node, Reference | Name) or (
        isinstance(node, Binary) and node.operator in (":", " ")
    )


def constant_branch(tracer: Evaluator, node: Call, frame: Frame) -> Node | None:
    """The branch of an IF whose condition is one constant; None if there is no such branch."""
    return branch_by(tracer, node, tracer.value(node.arguments[0], frame))


def branch_by(tracer: Evaluator, node: Call, condition: Value) -> Node | None:
    """The same, where the condition is known."""
    holds = _holds(tracer, condition)
    if holds:
        return node.arguments[1]
    return node.arguments[2] if holds is False and len(node.arguments) > 2 else None


def chosen(tracer: Evaluator, node: Call, frame: Frame) -> Node | None:
    """The argument of a CHOOSE whose index is one constant; None if there is no such argument."""
    index = tracer.value(node.arguments[0], frame)
    if index.slot is not None or index.block.shape[2:].numel() > 1:
        return None
    number, codes = tracer.tape.exact.numbers(index.block)
    if codes is not None or bool((number != number[0, 0, 0, 0]).any()):
        return None
    position = int(number[0, 0, 0, 0])
    return node.arguments[position] if 0 < position < len(node.arguments) else None


_row = partial(function, category="lookup", moving=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("OFFSET", "PVV|VV", refers=offset),
    _row("INDIRECT", "V|V", refers=indirect),
)
