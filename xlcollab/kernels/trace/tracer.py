"""Compiling families: from nodes to values on a tape.

`Tracer.value` is the whole of it: every node is evaluated at once for all copies of its family,
and recorded on the tape where it depends on a variable. The cells it reads come from
`store.Store`, references from `area`, functions from `kernels.table`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from xlcollab.errors import ModelError, UnsupportedError, XlcollabError
from xlcollab.formula import to_text
from xlcollab.formula.nodes import (
    APPLIED,
    ArrayLiteral,
    Binary,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Text,
    Unary,
    parts_of_union,
    shared,
)
from xlcollab.formula.signatures import Param, Signature
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.table import KEPT, RECORDS
from xlcollab.kernels.trace.beyond import SIZES
from xlcollab.kernels.trace.draws import Draws, is_random
from xlcollab.kernels.trace.whole import whole_extent
from xlcollab.kernels.values.area import (
    Area,
    RaggedError,
    apply,
    area_of,
    intersect,
    view,
    view_block,
)
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context, HiddenError, spread_shape
from xlcollab.kernels.values.calls import called_value
from xlcollab.kernels.values.facts import MOVEMENT, Facts
from xlcollab.kernels.values.frame import Closure, Frame, Source
from xlcollab.kernels.values.operators import BINARY, CLOSING, UNARY
from xlcollab.kernels.values.shapes import concatenated, full, moved, pad
from xlcollab.kernels.values.store import NotReadyError, Store
from xlcollab.kernels.values.tape import (
    LinesBeyondError,
    Operation,
    Tail,
    Tape,
    Value,
    internal_error,
)
from xlcollab.plan.families import Family, halves
from xlcollab.ref import CellRef, Rect

_Found = TypeVar("_Found")


CellByCell = Callable[[Family, Call], Value | None]
"""A call's values, worked out cell by cell for all copies of a family; None where it is none such.
"""
_MOST_LINES = 1 << 24
"""Lines of whole columns that several copies of a formula are given at once."""


class Tracer:
    """Evaluates families onto a tape."""

    def __init__(
        self, tape: Tape, store: Store, draws: Draws, alone: CellByCell = lambda *_: None
    ) -> None:
        self.tape, self.store, self.draws, self.alone = tape, store, draws, alone
        self._views: dict[tuple[object, ...], tuple[Value, Value]] = {}
        self.frozen: set[CellRef] = set()
        """Cells in which a random function was drawn once and is kept."""
        self.calls = self.nesting = 0
        self.extent = (0, 0)
        self.repeatable = True
        self.answers: dict[tuple[object, ...], tuple[Closure, Value]] = {}
        self._shared: frozenset[int] = frozenset()
        self._known: dict[tuple[int, bool], Value] = {}
        """The values of nodes that stand at several places of the formula."""

    def drawn(self, shape: tuple[int, ...]) -> Value:
        """Random numbers in [0, 1)."""
        return self.draws.value(self.tape, shape)

    def forget(self) -> None:
        """Stored values have changed: no view of them is known any more."""
        self.store.forget()
        self._views.clear()

    def family(self, family: Family) -> Value:
        """All values of a family, as a block of shape (1, 1, height, width).

        Raises UnsupportedError or ModelError naming the cell, NotReadyError when a family that is
        read has no values yet.
        """
        self.tape.origin = family.area
        try:
            return self._whole_family(family)
        except RaggedError:
            if family.rows * family.columns == 1:
                raise UnsupportedError(
                    f"{family.first}: an array stands where one value is expected"
                ) from None
            return self._by_parts(family)
        except ModelError as error:
            raise type(error)(f"{family.first}: {error}") from error
        finally:
            self.tape.origin = None

    def expression(self, node: Node, family: Family) -> Value:
        """A formula that stands in no cell (a constraint's right side), seen from `family`."""
        return self.value(node, Frame(family, array=True))

    def _whole_family(self, family: Family) -> Value:
        value = self._with_lines(family)
        rows, columns, (height, width) = family.rows, family.columns, family.step

        def layout(context: Context, block: Block) -> Block:
            return _layout(context, block, (rows, columns, height, width))

        return self.tape.emit(Operation("layout", layout, MOVEMENT), [value])

    def begin(self, family: Family) -> None:
        """Another formula is evaluated from here on: forget what was known of the last."""
        self.calls = self.nesting = 0
        self.extent = whole_extent(family.node, family.sheet, self.store.workbook)
        self._known.clear()
        self.answers.clear()
        self.repeatable = not is_random(family.node)
        self._shared = shared(family.node) if self.repeatable else frozenset()

    def _with_lines(self, family: Family) -> Value:
        """A formula, with every line of the sheet where one does not tell the others. Raises
        RaggedError where that are too many copies at once."""
        self.begin(family)
        try:
            return self._whole_formula(family)
        except LinesBeyondError as error:
            axes = error.axes
        if (
            family.rows * family.columns > 1
            and family.rows * family.columns * max(SIZES[axis] for axis in axes) > _MOST_LINES
        ):
            raise RaggedError
        self.begin(family)
        rows, columns = self.extent
        self.extent = (SIZES[2] if 2 in axes else rows, SIZES[3] if 3 in axes else columns)
        return self._whole_formula(family)

    def _whole_formula(self, family: Family) -> Value:
        frame = Frame(family, family.array)
        if family.closing and isinstance(family.node, Binary):
            found = self._binary(family.node, frame, closing=True)
        else:
            found = self.value(family.node, frame)
        if found.tail is not None and not found.block.cells:
            axes = {2: family.step[0], 3: family.step[1]}
            if any(found.block.shape[axis] < axes[axis] for axis in found.tail.axes):
                raise LinesBeyondError(found.tail.axes)
        return replace(found, tail=None)

    def _by_parts(self, family: Family) -> Value:
        """The copies in halves: their areas have different sizes."""
        first, second = halves(family)
        parts = [(self.family(part), part.rect) for part in (first, second)]
        across = first.rect.top == second.rect.top

        def join(context: Context, *blocks: Block) -> Block:
            del context
            return concatenated(list(blocks), 3 if across else 2)

        return self.tape.emit(Operation("join", join, MOVEMENT), [value for value, _ in parts])

    def value(self, node: Node, frame: Frame) -> Value:
        """A node as a value: one per copy, or an array where the frame says so."""
        if id(node) not in self._shared or frame.bound:
            return self._value(node, frame)
        key = (id(node), frame.array)
        if key not in self._known:
            self._known[key] = self._value(node, frame)
        return self._known[key]

    def _value(self, node: Node, frame: Frame) -> Value:
        area = self.reference(node, frame)
        if area is not None:
            if area.size > 1 and not frame.array:
                area = intersect(area, frame.family)
            return self.fetch(area)
        if isinstance(node, Binary):
            return self._binary(node, frame)
        if isinstance(node, Unary):
            return self._unary(node, frame)
        if isinstance(node, Call):
            return self._call(node, frame)
        return self._constant(node, frame)

    def argument(self, node: Node, param: Param, frame: Frame) -> Value:
        """A function's argument, handed over as its parameter wants."""
        if param is Param.ARRAY:
            return self.value(node, replace(frame, array=True))
        if param in (Param.RANGE, Param.TABLE):
            area = self.reference(node, frame)
            if area is not None:
                return self.fetch(area)
            chosen = self._one_of_areas(node, frame)
            if chosen is not None:
                return chosen
        if param is Param.TABLE:
            return self.value(node, replace(frame, array=True))
        return self.value(node, frame)

    def chooses_areas(self, node: Node) -> bool:
        """Whether a call is one of several references where an area is wanted."""
        record = RECORDS.get(node.name) if isinstance(node, Call) else None
        return record is not None and record.areas is not None

    def _one_of_areas(self, node: Node, frame: Frame) -> Value | None:
        record = RECORDS.get(node.name) if isinstance(node, Call) else None
        if record is None or record.areas is None or not isinstance(node, Call):
            return None
        return record.areas(self, node, frame)

    def reference(self, node: Node, frame: Frame) -> Area | None:
        """A node as a reference; None when it is none. Raises UnsupportedError for one into another
        workbook."""
        if isinstance(node, Reference):
            if node.book:
                text = to_text(node, frame.family.rect.top, frame.family.rect.left)
                raise UnsupportedError(
                    f"{text} lies in another workbook; copy its values into this one"
                )
            return area_of(node, frame.family)
        if isinstance(node, Name):
            bound = frame.bound.get(node.name.lower())
            return bound if isinstance(bound, Area) else None
        if isinstance(node, Binary) and node.operator in (":", " "):
            return self._joined(node, frame)
        if isinstance(node, Unary) and node.operator == "@":
            area = self.reference(node.operand, frame)
            return intersect(area, frame.family) if area is not None and area.size > 1 else area
        if isinstance(node, Unary) and node.operator == "#":
            return self._spilled(node, frame)
        if isinstance(node, Call):
            return self._referring(node, frame)
        return None

    def place(self, node: Node, frame: Frame) -> Area | None:
        """A node as a reference where nothing else will do: a look-up is where it finds."""
        area = self.reference(node, frame)
        if area is not None or not isinstance(node, Call):
            return area
        points = RECORDS[node.name].points if node.name in RECORDS else None
        return points and self._guarded(node.name, lambda: points(self, node, frame))

    def _referring(self, node: Call, frame: Frame) -> Area | None:
        """A call as a reference; None when it is none."""
        record = RECORDS.get(node.name)
        if record is None or record.refers is None:
            return None
        if not record.signature.accepts(len(node.arguments)):
            return None
        refers = record.refers
        return self._guarded(node.name, lambda: refers(self, node, frame))

    @staticmethod
    def _guarded(name: str, ask: Callable[[], _Found]) -> _Found:
        """What a form answers; a mistake inside it refuses the cell and no more."""
        try:
            return ask()
        except _ANSWERS:
            raise
        except Exception as error:
            raise internal_error(name, error) from error

    def refers(self, name: str) -> bool:
        """Whether a call of the function `name` can be a reference."""
        return name in RECORDS and RECORDS[name].refers is not None

    def operation(self, name: str) -> Operation:
        """What is recorded of a call of `name` whose arguments are values."""
        return RECORDS[name].operation

    def signature(self, name: str) -> Signature:
        """The parameters of the function `name`."""
        return RECORDS[name].signature

    def fetch(self, area: Area, source: Source | None = None, *, loose: bool = False) -> Value:
        """What `source` (by default the values) holds in an area, shape (R, C, h, w).

        `loose`: only some of the cells will be used, and one that is being evaluated may be there.
        """
        sheet = self.store.workbook.sheet(area.sheet)
        broken, place = area.broken, area
        if broken is not None and broken.all():
            return Value(self.tape.exact.error(area.code))
        if broken is not None:
            place = area.inside()
        rows, columns = self.extent
        place = place.clipped(max(sheet.height, rows), max(sheet.width, columns))
        rect = place.bounding()
        if source is None:
            region = self.store.region(self.tape, area.sheet, rect, loose=loose)
        else:
            region = source(area.sheet, rect)
        found = self._viewed(place, rect, region)
        if broken is None:
            return found if source is not None else self._with_tail(found, area, place)
        mask = torch.from_numpy(broken[:, :, None, None].copy())
        code = float(area.code)

        def off_sheet(context: Context, block: Block, mask: Tensor) -> Block:
            codes = torch.where(mask, code, 0.0).to(block.number.dtype)
            return context.with_errors(block, codes.expand(spread_shape(mask.shape, block.shape)))

        return self.tape.emit(
            Operation("off sheet", off_sheet, Facts(fails=False)), [found], (mask,)
        )

    def _with_tail(self, found: Value, area: Area, place: Area) -> Value:
        """The cells of an area, of which `place` was read, and blanks beyond it."""
        sizes = {2: (area.height, place.height), 3: (area.width, place.width)}
        axes = frozenset(axis for axis, (whole, read) in sizes.items() if read < whole)
        if not axes:
            return found
        shape = [1 if axis in axes else found.block.shape[axis] for axis in range(4)]
        blank = Block(self.tape.exact.tensor(np.zeros(shape)), Kind.BLANK, cells=True)
        return replace(found, tail=Tail(axes, Value(blank)))

    def _viewed(self, place: Area, rect: Rect, region: Value) -> Value:
        """A view of a region; the same view of the same region is recorded once."""
        key = (id(region), rect, place.height, place.width, *_shape_and_bytes(place))
        known = self._views.get(key)
        if known is None:
            op, index = view(place, rect)
            look = Operation("view", view_block(op), MOVEMENT)
            viewed = self.tape.emit(look, [region], index)
            known = self._views[key] = (region, viewed)
        return known[1]

    def _binary(self, node: Binary, frame: Frame, *, closing: bool = False) -> Value:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long. What stands elsewhere
        too is a value of its own, asked for by `value`.

        `closing`: the last operator is the last of the formula.
        """
        if node.operator in (":", " "):
            raise UnsupportedError("what stands beside a range operator is no reference")
        if node.operator not in BINARY:
            raise UnsupportedError("a union of areas can only be an argument of a function")
        spine, left = [node], node.left
        while isinstance(left, Binary) and left.operator in BINARY and id(left) not in self._shared:
            spine.append(left)
            left = left.left
        result = self.value(left, frame)
        for part in reversed(spine):
            right = self.value(part.right, frame)
            last = closing and part is node
            operation = (CLOSING if last else BINARY)[part.operator]
            result = self.tape.emit(operation, [result, right])
        return result

    def _unary(self, node: Unary, frame: Frame) -> Value:
        operand = self.value(node.operand, frame)
        return self.tape.emit(UNARY[node.operator], [operand])

    def _call(self, node: Call, frame: Frame) -> Value:
        try:
            return self._called(node, frame)
        except ArgumentIsError as error:
            return Value(self.tape.exact.error(error.code))

    def _called(self, node: Call, frame: Frame) -> Value:
        called = called_value(self, node, frame)
        if called is None and not (frame.array or frame.bound):
            called = self.alone(frame.family, node)
        if called is not None:
            return called
        if node.name == APPLIED:
            raise UnsupportedError("what stands before the brackets is no LAMBDA")
        record = RECORDS.get(node.name)
        if record is None:
            why = KEPT.get(node.name, f"the function {node.name} is not supported")
            raise UnsupportedError(why)
        signature = record.signature
        if not signature.accepts(len(node.arguments)):
            raise UnsupportedError(
                f"{node.name} does not take {len(node.arguments)} arguments; check the formula"
            )
        if record.form is not None:
            form = record.form
            return self._guarded(node.name, lambda: form(self, node, frame))
        return self.tape.emit(record.operation, self.all_arguments(node, frame))

    def all_arguments(self, node: Call, frame: Frame) -> list[Value]:
        """The arguments of a function that is handed values. Raises ArgumentIsError and
        UnsupportedError for areas that are joined where it takes none such."""
        _refuse_unions(node)
        signature = self.signature(node.name)
        return [
            value
            for position, argument in enumerate(node.arguments)
            for value in self.arguments(argument, signature, position, frame)
        ]

    def arguments(
        self, node: Node, signature: Signature, position: int, frame: Frame
    ) -> list[Value]:
        """A union `(A1:A3,C1)` counts as several arguments where there may be any number of them,
        as aggregates take it; elsewhere as one column of all its cells."""
        param = signature.param(position)
        parts = [self.argument(part, param, frame) for part in parts_of_union(node)]
        if len(parts) == 1 or signature.repeats:
            return parts
        return [self.tape.emit(Operation("union", _one_below_another, MOVEMENT), parts)]

    def _constant(self, node: Node, frame: Frame) -> Value:
        context = self.tape.exact
        if isinstance(node, Number | Text | Boolean):
            return Value(context.scalar(node.value))
        if isinstance(node, ErrorValue):
            return Value(context.error(ErrorCode.from_text(node.text)))
        if isinstance(node, Missing):
            return Value(context.scalar(None))
        if isinstance(node, ArrayLiteral):
            return Value(self._literal(node, frame))
        if isinstance(node, Name):
            return self._bound(node, frame)
        raise UnsupportedError(f"a {type(node).__name__} cannot be evaluated here")

    def _bound(self, node: Name, frame: Frame) -> Value:
        """The value of a name of LET. Raises UnsupportedError for a name that is left over."""
        bound = frame.bound.get(node.name.lower())
        if isinstance(bound, Value):
            return bound
        if node.name.endswith(APPLIED):
            raise UnsupportedError(f"the name {node.name.removesuffix(APPLIED)} means itself")
        if node.book:
            raise UnsupportedError(
                f"{node.book}!{node.name} is a name of another workbook; copy its values into this "
                "one"
            )
        raise UnsupportedError(f"the name {node.name} stands for something that cannot be read")

    def _literal(self, node: ArrayLiteral, frame: Frame) -> Block:
        rows = [[self._constant(item, frame).block for item in row] for row in node.rows]
        context = self.tape.exact
        values = [context.values(block)[0] for row in rows for block in row]
        block = context.block(values, (1, 1, len(rows), len(rows[0])))
        return Block(block.number, block.kind, array=True)

    def _joined(self, node: Binary, frame: Frame) -> Area | None:
        left, right = self.place(node.left, frame), self.place(node.right, frame)
        if left is None or right is None:
            return None
        return left.union(right) if node.operator == ":" else left.overlap(right)

    def _spilled(self, node: Unary, frame: Frame) -> Area:
        """`A1#`: the area that the array formula in A1 fills."""
        area = self.reference(node.operand, frame)
        if area is not None and area.top.size == area.left.size == 1:
            sheet = self.store.workbook.sheet(area.sheet)
            place = (int(area.top.flat[0]), int(area.left.flat[0]))
            for array in sheet.arrays:
                if (array.rect.top, array.rect.left) == place:
                    return replace(area, height=array.rect.height, width=array.rect.width)
        if area is not None and area.top.size * area.left.size > 1:
            raise RaggedError
        raise UnsupportedError("a spill reference (#) points at a cell without an array formula")


_ANSWERS = (
    XlcollabError,
    NotReadyError,
    RaggedError,
    HiddenError,
    ArgumentIsError,
    LinesBeyondError,
)
"""What a form may raise."""


def _refuse_unions(node: Call) -> None:
    """Raises #VALUE! for a union where a value or a text is wanted, UnsupportedError where nobody
    knows what Excel makes of it. An area of several sheets is taken everywhere."""
    record = RECORDS[node.name]
    for position, argument in enumerate(node.arguments):
        parts = parts_of_union(argument)
        if len(parts) == 1:
            continue
        sheets = {part.sheet for part in parts if isinstance(part, Reference)}
        if record.signature.param(position) is Param.VALUE:
            raise ArgumentIsError(ErrorCode.VALUE)
        if record.unions or len(sheets) == len(parts):
            continue
        if record.category == "text":
            raise ArgumentIsError(ErrorCode.VALUE)
        raise UnsupportedError(f"{node.name} of a union of areas is not known")


def _one_below_another(context: Context, *blocks: Block) -> Block:
    """The cells of several areas as one column, in reading order."""
    del context
    columns = [moved(block, lambda values: values.flatten(2)[..., None]) for block in blocks]
    return concatenated(columns, 2)


def _shape_and_bytes(place: Area) -> tuple[object, ...]:
    return place.top.shape, place.top.tobytes(), place.left.shape, place.left.tobytes()


def _layout(context: Context, block: Block, shape: tuple[int, int, int, int]) -> Block:
    """(R or 1, C or 1, h, w) as the cells of the family: shape (1, 1, R·height, C·width).

    A single row or column fills an array formula's block; what is missing is #N/A, what is too much
    is cut off (18.3.1.40). A formula whose result is a blank cell shows 0.
    """
    rows, columns, height, width = shape
    if isinstance(block.kind, torch.Tensor):
        kind = torch.where(block.kind == Kind.BLANK, int(Kind.NUMBER), block.kind)
        block = full(Block(block.number, kind.to(torch.uint8)))
    elif block.kind == Kind.BLANK:
        block = Block(block.number, Kind.NUMBER)
    for dim, size in ((2, height), (3, width)):
        block = _fit(context, block, dim, size)

    def place(values: Tensor) -> Tensor:
        values = values.expand(rows, columns, height, width)
        return values.permute(0, 2, 1, 3).reshape(1, 1, rows * height, columns * width)

    placed = apply(block, place)
    return Block(placed.number, placed.kind, cells=True)


def _fit(context: Context, block: Block, dim: int, size: int) -> Block:
    length = block.shape[dim]
    if length > size:
        return moved(block, lambda values: values.narrow(dim, 0, size))
    return block if length in (1, size) else pad(context, block, dim, size - length, ErrorCode.NA)
