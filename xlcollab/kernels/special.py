"""Functions that need more than the values of their arguments.

References (OFFSET, INDEX, INDIRECT …), choices that leave a branch alone, places (ROW, COLUMNS …),
names bound by LET. Each form is given the tracer, its node and its frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from xlcollab.errors import FormulaSyntaxError, UnsupportedError
from xlcollab.formula import parse
from xlcollab.formula.nodes import Binary, Call, Missing, Name, Node, Number, Reference
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode
from xlcollab.kernels.area import Area, Ragged, area_of, copies
from xlcollab.kernels.block import Block, Context
from xlcollab.kernels.conditional import SAME_SHAPE
from xlcollab.kernels.logic import choose_between, if_error, if_na
from xlcollab.kernels.nested import subtotal_form
from xlcollab.kernels.operators import BINARY
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.tape import Value
from xlcollab.plan.resolve import resolve

if TYPE_CHECKING:
    from xlcollab.kernels.trace import Frame, Tracer

Form = Callable[["Tracer", Call, "Frame"], Value]
ReferenceForm = Callable[["Tracer", Call, "Frame"], Area | None]


def _integers(tracer: Tracer, node: Node, frame: Frame, what: str) -> NDArray[np.int64]:
    """A constant argument as whole numbers per copy, shape (R or 1, C or 1)."""
    value = tracer.value(node, frame)
    if value.slot is not None:
        raise UnsupportedError(
            f"{what} depends on the variable cells: where a formula looks must not change while "
            "it is optimised"
        )
    number, codes = tracer.tape.exact.numbers(value.block)
    if codes is not None and bool((codes > 0).any()):
        if codes.numel() > 1:
            raise Ragged
        raise _ErrorArgument(ErrorCode(int(codes.reshape(-1)[0])))
    if number.shape[2] * number.shape[3] > 1:
        raise UnsupportedError(f"{what} is an array; only one value per cell can be followed")
    return np.asarray(torch.trunc(number[:, :, 0, 0]).to(torch.int64).cpu().numpy())


class _ErrorArgument(Exception):
    """The argument of a reference function is an error value, which is then the result."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


def _nowhere(area: Area, code: ErrorCode) -> Area:
    return Area(area.sheet, np.full((1, 1), -1, np.int64), np.zeros((1, 1), np.int64), 1, 1, code)


def _same(sizes: NDArray[np.int64]) -> int:
    if (sizes != sizes.flat[0]).any():
        raise Ragged
    return int(sizes.flat[0])


def offset(tracer: Tracer, node: Call, frame: Frame) -> Area | None:
    """OFFSET(reference, rows, columns, [height], [width]): the index is constant, so it is a gather."""
    base = tracer.reference(node.arguments[0], frame)
    if base is None:
        raise UnsupportedError("OFFSET needs a reference as its first argument")
    try:
        rows, columns, *sizes = (
            None if isinstance(argument, Missing) else _integers(tracer, argument, frame, "OFFSET")
            for argument in node.arguments[1:]
        )
    except _ErrorArgument as error:
        return _nowhere(base, error.code)
    top = base.top + (0 if rows is None else rows)
    left = base.left + (0 if columns is None else columns)
    extents = [base.height, base.width]
    for axis, size in enumerate(sizes):
        if size is not None:
            extents[axis] = _same(size)
    if 0 in extents:
        return _nowhere(base, ErrorCode.REF)
    if extents[0] < 0:
        top = top + extents[0] + 1
    if extents[1] < 0:
        left = left + extents[1] + 1
    return Area(base.sheet, top, left, abs(extents[0]), abs(extents[1]))


def index_reference(tracer: Tracer, node: Call, frame: Frame) -> Area | None:
    """INDEX of a reference with constant indices is a reference; None leaves it to values."""
    area = tracer.reference(node.arguments[0], frame)
    if area is None or len(node.arguments) > 3:
        return None
    values = [tracer.value(argument, frame) for argument in node.arguments[1:]]
    if any(
        value.slot is not None
        or value.block.shape[2:].numel() > 1
        or tracer.tape.exact.errors(value.block).any()
        for value in values
    ):
        return None
    first, *more = (_integers(tracer, argument, frame, "INDEX") for argument in node.arguments[1:])
    if more:
        row, column = first, more[0]
    elif area.height == 1:
        row, column = np.ones((1, 1), np.int64), first
    else:
        row, column = first, np.zeros((1, 1), np.int64)
        if area.width == 1:
            column = np.ones((1, 1), np.int64)
    top, height = _indexed(area.top, area.height, row)
    left, width = _indexed(area.left, area.width, column)
    return Area(area.sheet, top, left, height, width)


def _indexed(
    start: NDArray[np.int64], size: int, index: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """One axis of INDEX: 0 means all of it; beyond it lies nothing."""
    whole = index == 0
    if whole.any() and not whole.all():
        raise Ragged
    if whole.all():
        return start, size
    inside = (index > 0) & (index <= size)
    return np.where(inside, start + index - 1, -1), 1


def indirect(tracer: Tracer, node: Call, frame: Frame) -> Area | None:
    """INDIRECT(text): the text is constant and reads as an address or a defined name."""
    if len(node.arguments) > 1:
        style = tracer.value(node.arguments[1], frame)
        if not bool(tracer.tape.exact.truths(style.block)[0].all()):
            raise UnsupportedError("INDIRECT with R1C1 addresses is not supported")
    value = tracer.value(node.arguments[0], frame)
    if value.slot is not None:
        raise UnsupportedError("INDIRECT depends on the variable cells")
    if value.block.shape.numel() > 1:
        raise Ragged
    text = tracer.tape.exact.values(value.block)[0]
    home = frame.family
    nowhere = Area(home.sheet, np.full((1, 1), -1, np.int64), np.zeros((1, 1), np.int64), 1, 1)
    if isinstance(text, ErrorCode):
        return replace(nowhere, code=text)
    if not isinstance(text, str):
        return nowhere
    try:
        parsed = parse(text, home.rect.top, home.rect.left)
    except FormulaSyntaxError:
        return nowhere
    found = resolve(parsed, tracer.store.workbook, home.sheet, home.rect)
    return area_of(found, home) if isinstance(found, Reference) and not found.book else nowhere


def if_reference(tracer: Tracer, node: Call, frame: Frame) -> Area | None:
    """IF whose condition is the same constant everywhere is its branch, reference or not."""
    if not any(_may_refer(argument) for argument in node.arguments[1:]):
        return None
    branch = _constant_branch(tracer, node, frame)
    return tracer.reference(branch, frame) if branch is not None else None


def choose_reference(tracer: Tracer, node: Call, frame: Frame) -> Area | None:
    branch = _chosen(tracer, node, frame)
    return tracer.reference(branch, frame) if branch is not None else None


def _may_refer(node: Node) -> bool:
    if isinstance(node, Call):
        return node.name in REFERENCE_FUNCTIONS
    return isinstance(node, Reference | Name) or (
        isinstance(node, Binary) and node.operator in (":", " ")
    )


def _constant_branch(tracer: Tracer, node: Call, frame: Frame) -> Node | None:
    condition = tracer.value(node.arguments[0], frame)
    if condition.slot is not None:
        return None
    truth, codes = tracer.tape.exact.truths(condition.block)
    if codes is not None and bool((codes > 0).any()):
        return None
    if bool(truth.all()):
        return node.arguments[1]
    if not bool(truth.any()) and len(node.arguments) > 2:
        return node.arguments[2]
    return None


def _chosen(tracer: Tracer, node: Call, frame: Frame) -> Node | None:
    index = tracer.value(node.arguments[0], frame)
    number, codes = tracer.tape.exact.numbers(index.block)
    if index.slot is not None or codes is not None or bool((number != number[0, 0, 0, 0]).any()):
        return None
    position = int(number[0, 0, 0, 0])
    return node.arguments[position] if 0 < position < len(node.arguments) else None


def _branch(tracer: Tracer, node: Node, frame: Frame) -> Value:
    """A branch as a value; one left empty is 0."""
    return tracer.value(Number(0.0) if isinstance(node, Missing) else node, frame)


def if_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """IF(condition, yes, [no]): a branch that no copy takes is not evaluated."""
    branch = _constant_branch(tracer, node, frame)
    if branch is not None:
        chosen = _branch(tracer, branch, frame)
        condition = tracer.value(node.arguments[0], frame)
        if condition.block.shape[2:].numel() == 1:
            return chosen
    condition = tracer.value(node.arguments[0], frame)
    yes = _branch(tracer, node.arguments[1], frame)
    if len(node.arguments) > 2:
        no = _branch(tracer, node.arguments[2], frame)
    else:
        no = Value(tracer.tape.exact.scalar(False))
    return tracer.tape.emit("IF", choose_between, [condition, yes, no])


def ifs_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """IFS(condition, value, …): #N/A where none holds."""
    if len(node.arguments) % 2:
        raise UnsupportedError("IFS needs a value for each condition")
    result = Value(tracer.tape.exact.error(ErrorCode.NA))
    pairs = list(zip(node.arguments[::2], node.arguments[1::2], strict=True))
    for condition, value in reversed(pairs):
        asked = tracer.value(condition, frame)
        result = tracer.tape.emit(
            "IF", choose_between, [asked, _branch(tracer, value, frame), result]
        )
    return result


def switch_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """SWITCH(value, case, result, …, [default]): #N/A without a default."""
    subject, *rest = node.arguments
    asked = tracer.value(subject, frame)
    if len(rest) % 2:
        result = _branch(tracer, rest.pop(), frame)
    else:
        result = Value(tracer.tape.exact.error(ErrorCode.NA))
    for case, value in reversed(list(zip(rest[::2], rest[1::2], strict=True))):
        same = tracer.tape.emit("=", BINARY["="], [asked, tracer.value(case, frame)])
        result = tracer.tape.emit(
            "IF", choose_between, [same, _branch(tracer, value, frame), result]
        )
    return result


def choose_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """CHOOSE(index, value, …): #VALUE! beyond the last."""
    branch = _chosen(tracer, node, frame)
    if branch is not None:
        return tracer.argument(branch, Param.RANGE, frame)
    index = tracer.tape.emit("TRUNC", FUNCTIONS["TRUNC"], [tracer.value(node.arguments[0], frame)])
    result = Value(tracer.tape.exact.error(ErrorCode.VALUE))
    for position, argument in enumerate(node.arguments[1:], 1):
        here = Value(tracer.tape.exact.scalar(float(position)))
        same = tracer.tape.emit("=", BINARY["="], [index, here])
        result = tracer.tape.emit(
            "IF", choose_between, [same, _branch(tracer, argument, frame), result]
        )
    return result


def _rescue(name: str, function: Callable[[Context, Block, Block], Block]) -> Form:
    def form(tracer: Tracer, node: Call, frame: Frame) -> Value:
        value, other = node.arguments
        tried = tracer.value(value, frame)
        if tried.slot is None and not bool(tracer.tape.exact.errors(tried.block).any()):
            return tried
        return tracer.tape.emit(name, function, [tried, _branch(tracer, other, frame)])

    return form


def let_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """LET(name, value, …, result)."""
    *pairs, result = node.arguments
    if len(pairs) % 2:
        raise UnsupportedError("LET needs a value for each name and a result at the end")
    for name, argument in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(name, Name):
            raise UnsupportedError("LET needs a name as every other argument")
        bound = tracer.reference(argument, frame) or tracer.value(argument, frame)
        frame = replace(frame, bound={**frame.bound, name.name.lower(): bound})
    return tracer.value(result, frame)


def _place(axis: int) -> Form:
    """ROW and COLUMN: one-based, of the formula's own cell without an argument."""

    def form(tracer: Tracer, node: Call, frame: Frame) -> Value:
        if not node.arguments:
            start, size = copies(frame.family)[axis], 1
        else:
            area = tracer.reference(node.arguments[0], frame)
            if area is None:
                raise UnsupportedError(f"{node.name} needs a reference")
            start = (area.top, area.left)[axis]
            size = (area.height, area.width)[axis] if frame.array else 1
        steps = np.arange(size).reshape((-1, 1) if axis == 0 else (1, -1))
        number = tracer.tape.exact.tensor(start[:, :, None, None] + steps + 1)
        return Value(tracer.tape.exact.result(number))

    return form


def _extent(axis: int) -> Form:
    """ROWS and COLUMNS."""

    def form(tracer: Tracer, node: Call, frame: Frame) -> Value:
        area = tracer.reference(node.arguments[0], frame)
        if area is not None:
            size = (area.height, area.width)[axis]
        else:
            size = tracer.argument(node.arguments[0], Param.ARRAY, frame).block.shape[2 + axis]
        return Value(tracer.tape.exact.scalar(float(size)))

    return form


def is_reference_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    known = tracer.reference(node.arguments[0], frame) is not None
    return Value(tracer.tape.exact.scalar(known))


def areas_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    del frame
    count, part = 1, node.arguments[0]
    while isinstance(part, Binary) and part.operator == ",":
        count, part = count + 1, part.left
    return Value(tracer.tape.exact.scalar(float(count)))


def is_formula_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    area = tracer.reference(node.arguments[0], frame)
    if area is None:
        raise UnsupportedError("ISFORMULA needs a reference")
    mask = tracer.store.workbook.sheet(area.sheet).formula_mask()
    rows, columns = np.broadcast_arrays(area.top, area.left)
    inside = (rows < mask.shape[0]) & (columns < mask.shape[1])
    found = inside & mask[np.where(inside, rows, 0), np.where(inside, columns, 0)]
    truth = torch.from_numpy(found[:, :, None, None].copy())
    return Value(tracer.tape.exact.booleans(truth))


def count_blank_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """COUNTBLANK, which counts the cells beyond the used part of the sheet too."""
    area = tracer.reference(node.arguments[0], frame)
    if area is None:
        raise UnsupportedError("COUNTBLANK needs a reference")
    found = tracer.fetch(area)
    beyond = area.size - found.block.shape[2:].numel()
    counted = tracer.tape.emit("COUNTBLANK", FUNCTIONS["COUNTBLANK"], [found])
    extra = Value(tracer.tape.exact.scalar(float(beyond)))
    return tracer.tape.emit("+", BINARY["+"], [counted, extra])


def same_shape_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """SUMIF and AVERAGEIF: the third range takes the size of the first, from its own corner."""
    arguments = [
        tracer.argument(argument, param, frame)
        for argument, param in zip(node.arguments, (Param.RANGE, Param.VALUE), strict=False)
    ]
    if len(node.arguments) == 3:
        tested = tracer.reference(node.arguments[0], frame)
        summed = tracer.reference(node.arguments[2], frame)
        if tested is None or summed is None:
            raise UnsupportedError(f"{node.name} needs references as its ranges")
        summed = replace(summed, height=tested.height, width=tested.width)
        arguments.append(tracer.fetch(summed))
    return tracer.tape.emit(node.name, FUNCTIONS[node.name], arguments)


def random_form(tracer: Tracer, node: Call, frame: Frame) -> Value:
    """RAND and its kin: drawn once from the seeded generator, then frozen."""
    tracer.frozen.add(frame.family.first)
    arguments = [tracer.value(argument, frame) for argument in node.arguments]
    shape = (frame.family.rows, frame.family.columns, 1, 1)
    draw = torch.rand(shape, generator=tracer.generator, dtype=torch.float64)
    uniform = Value(Block(tracer.tape.exact.tensor(draw), 1))
    return tracer.tape.emit(node.name, FUNCTIONS[node.name], [uniform, *arguments])


REFERENCE_FUNCTIONS: dict[str, ReferenceForm] = {
    "OFFSET": offset,
    "INDEX": index_reference,
    "INDIRECT": indirect,
    "IF": if_reference,
    "CHOOSE": choose_reference,
}
"""Functions that may return a reference."""

SPECIAL_FORMS: dict[str, Form] = {
    "IF": if_form,
    "IFS": ifs_form,
    "SWITCH": switch_form,
    "CHOOSE": choose_form,
    "IFERROR": _rescue("IFERROR", if_error),
    "IFNA": _rescue("IFNA", if_na),
    "LET": let_form,
    "ROW": _place(0),
    "COLUMN": _place(1),
    "ROWS": _extent(0),
    "COLUMNS": _extent(1),
    "ISREF": is_reference_form,
    "AREAS": areas_form,
    "ISFORMULA": is_formula_form,
    "COUNTBLANK": count_blank_form,
    "RAND": random_form,
    "RANDBETWEEN": random_form,
    "SUBTOTAL": subtotal_form,
    "AGGREGATE": subtotal_form,
    **dict.fromkeys(SAME_SHAPE, same_shape_form),
}
"""Functions whose arguments are not simply evaluated."""
