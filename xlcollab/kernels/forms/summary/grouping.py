"""GROUPBY and PIVOTBY, laid out as Excel lays them out.

Which rows belong together is worked out once; what is applied to them is recorded for each group,
so that a summary of cells that vary is the same program of tensors as one written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.forms.lambdas import table_of
from xlcollab.kernels.forms.summary.axis import Axis, Group, Key, Path, paths
from xlcollab.kernels.forms.summary.data import Arguments, headers, kept_rows
from xlcollab.kernels.forms.summary.functions import applied, functions
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.operators import text_of
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Value

_MOST = 20_000
"""Cells of a summary; each is recorded for itself."""
_MODES, _AUTOMATIC = (0, 1, 2, 3), -1
_FLAT = 1
"""The value of GROUPBY's last argument that takes the fields as a table, without a hierarchy."""
_BY_COLUMN, _BY_ROW, _BY_ALL, _BY_PARENT_COLUMN, _BY_PARENT_ROW = range(5)
"""What PIVOTBY's `relative_to` compares with."""
Cell = Scalar | Value


class _Data:
    """What both summaries ask for: values, functions, names, and the rows that count."""

    def __init__(self, given: Arguments, fields: Sequence[Block], values: int, filtered: int):
        self.given, self.exact = given, given.tracer.tape.exact
        self.values = given.table(values)
        self.functions = functions(given.tracer, given.nodes[values + 1], given.frame)
        height, self.width = self.values.block.shape[2:]
        if any(block.shape[2] != height for block in fields):
            raise ArgumentIsError(ErrorCode.VALUE)
        mode = given.whole(values + 2, _AUTOMATIC, _MODES)
        self.headers = headers(None if mode == _AUTOMATIC else mode, self.values.block)
        first = int(self.headers.there)
        self.rows = kept_rows(given, filtered, first, height)
        self.pairs = self.functions.over(self.width)
        self.names = self.headers.names(self._row(self.values.block, 0), "Value")
        self._known: dict[tuple[object, ...], Value] = {}

    @property
    def results(self) -> int:
        """By how many results lines can be sorted."""
        return 1 if self.stacked else len(self.pairs)

    @property
    def stacked(self) -> bool:
        return self.functions.stacked and self.functions.several

    def _row(self, block: Block, row: int) -> list[Scalar]:
        width = block.shape[3]
        return self.exact.values(block)[row * width : (row + 1) * width]

    def spelled(self, fields: Block, group: Group, label: str) -> list[Cell]:
        """The keys of a group's line, in as many cells as there are levels."""
        width = fields.shape[3]
        if not group.path:
            return [label, *[""] * (width - 1)]
        everything = self.exact.values(fields)
        keys = [everything[row * width + level] for level, row in enumerate(group.spelled)]
        return [*keys, *[""] * (width - len(keys))]

    def result(self, own: tuple[int, ...], compared: tuple[int, ...], pair: int) -> Cell:
        """What the function of a pair gives for some rows; the empty text for none."""
        if not own:
            return ""
        key = (own, compared, pair)
        if key not in self._known:
            if len(self._known) >= _MOST:
                raise UnsupportedError(f"a summary of more than {_MOST:,} cells")
            chosen, column = self.pairs[pair]
            rows = (own, compared)
            self._known[key] = applied(self.given.tracer, chosen, self.values, column, rows)
        return self._known[key]

    def weight(self, own: tuple[int, ...], compared: tuple[int, ...], pair: int) -> Key:
        """A result as that by which lines are sorted. Raises UnsupportedError where it varies."""
        found = self.result(own, compared, pair)
        if not isinstance(found, Value) or not found.constant:
            raise UnsupportedError("the order of the summary depends on the variable cells")
        return paths(self.exact, found.block)[0][0]

    def table(self, lines: Sequence[Sequence[Cell]]) -> Value:
        """Lines of equal length as an array."""
        cells = [
            cell if isinstance(cell, Value) else Value(self.exact.scalar(cell))
            for line in lines
            for cell in line
        ]
        return table_of(self.given.tracer, cells, len(lines[0]))


def group_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """GROUPBY(row fields, values, function, [headers], [total depth], [order], [filter],
    [relationship]). Raises UnsupportedError where the variable cells decide on its shape."""
    given = Arguments(tracer, node, frame)
    fields = given.fields(0)
    data = _Data(given, [fields], 1, 6)
    flat = given.whole(7, 0, (0, _FLAT)) == _FLAT
    axis = _axis(data, fields, 5, given.whole(4, 1), flat=flat)
    everything = tuple(data.rows)

    def weighed(path: Path) -> Key:
        return data.weight(axis.rows(path), everything, axis.order.result or 0)

    groups = axis.groups(None if axis.order.result is None else weighed)
    return data.table([*_group_head(data, fields), *_group_lines(data, axis, fields, groups)])


def _axis(data: _Data, fields: Block, order: int, totals: int, *, flat: bool = False) -> Axis:
    levels = fields.shape[3]
    if flat and abs(totals) > 1:
        raise ArgumentIsError(ErrorCode.VALUE)
    wanted = data.given.order(order, levels, data.results, flat)
    return Axis(paths(data.exact, fields), data.rows, wanted, totals, flat=flat)


def _row_names(data: _Data, fields: Block, made: str = "Row Field") -> list[Scalar]:
    return data.headers.names(data._row(fields, 0), made)


def _group_head(data: _Data, fields: Block) -> list[list[Cell]]:
    shown: list[list[Cell]] = []
    several = data.functions.several
    if several and not data.stacked:
        shown.append([*[""] * fields.shape[3], *[one.name for one, _ in data.pairs]])
    if data.headers.shown:
        names: list[Cell] = [*_row_names(data, fields)]
        if not data.stacked:
            shown.append([*names, *[data.names[column] for _, column in data.pairs]])
        elif data.width > 1:
            shown.append([*names, "", "", ""])
        else:
            shown.append([*names, "", data.names[0]])
    return shown


def _group_lines(
    data: _Data, axis: Axis, fields: Block, groups: Sequence[Group]
) -> list[list[Cell]]:
    everything = tuple(data.rows)
    lines: list[list[Cell]] = []
    for group in groups:
        keys = data.spelled(fields, group, axis.label)
        found = [data.result(group.rows, everything, at) for at in range(len(data.pairs))]
        if data.stacked:
            lines += [[*keys, *_called(data, at), found[at]] for at in range(len(found))]
        else:
            lines.append([*keys, *found])
    return lines


def _called(data: _Data, pair: int) -> list[Cell]:
    """What stands before a line of stacked functions."""
    chosen, column = data.pairs[pair]
    beside = [data.names[column]] if data.headers.shown and data.width > 1 else []
    return [chosen.name, *beside]


class _Pivot:
    """PIVOTBY's table: groups of rows down the side, groups of columns across the top."""

    def __init__(self, given: Arguments) -> None:
        self.fields = given.fields(0), given.fields(1)
        self.data = data = _Data(given, self.fields, 2, 9)
        self.relative = given.whole(10, _BY_COLUMN, range(_BY_PARENT_ROW + 1))
        self.rows = _axis(data, self.fields[0], 6, given.whole(5, 1))
        self.columns = _axis(data, self.fields[1], 8, given.whole(7, 1))
        if not data.functions.several and data.width > 1 and 0 in self.columns.shown:
            raise UnsupportedError(
                "PIVOTBY of several value columns with totals across: Excel puts them in other "
                "columns; leave the column totals out, or name a function for each column"
            )

    def lines(self) -> list[list[Cell]]:
        """Everything that is shown, line by line."""
        across = self.columns.groups(self._by_column(), only_shown=True)
        down = self.rows.groups(self._by_row())
        return [*self._head(across), *self._body(down, across)]

    def _by_row(self) -> Callable[[Path], Key] | None:
        result = self.rows.order.result
        if result is None or 0 not in self.columns.shown:
            return None
        return lambda path: self._weight(path, (), result)

    def _by_column(self) -> Callable[[Path], Key] | None:
        result = self.columns.order.result
        return None if result is None else lambda path: self._weight((), path, result)

    def _weight(self, row: Path, column: Path, pair: int) -> Key:
        return self.data.weight(self._meet(row, column), self._compared(row, column), pair)

    def _meet(self, row: Path, column: Path) -> tuple[int, ...]:
        """The rows of the data that belong to a row and a column of the table."""
        down = {*self.rows.rows(row)}
        return tuple(one for one in self.columns.rows(column) if one in down)

    def _compared(self, row: Path, column: Path) -> tuple[int, ...]:
        """The rows of the data with which a cell's are compared."""
        kinds = {
            _BY_COLUMN: ((), column),
            _BY_ROW: (row, ()),
            _BY_ALL: ((), ()),
            _BY_PARENT_COLUMN: (row, column[:-1]),
            _BY_PARENT_ROW: (row[:-1], column),
        }
        return self._meet(*kinds[self.relative])

    def _cells(self, row: Path, across: Sequence[Group], pairs: Sequence[int]) -> list[Cell]:
        return [
            self.data.result(self._meet(row, one.path), self._compared(row, one.path), pair)
            for one in across
            for pair in pairs
        ]

    def _body(self, down: Sequence[Group], across: Sequence[Group]) -> list[list[Cell]]:
        data, lines = self.data, list[list[Cell]]()
        every = range(len(data.pairs))
        for group in down:
            keys = data.spelled(self.fields[0], group, self.rows.label)
            if data.stacked:
                lines += [
                    [*keys, *_called(data, at), *self._cells(group.path, across, [at])]
                    for at in every
                ]
            else:
                lines.append([*keys, *self._cells(group.path, across, every)])
        return lines

    def _head(self, across: Sequence[Group]) -> list[list[Cell]]:
        data = self.data
        repeated = 1 if data.stacked else len(data.pairs)
        before: list[Cell] = [""] * self.fields[0].shape[3]
        before += [""] * len(_called(data, 0)) if data.stacked else []
        keys = [
            data.spelled(self.fields[1], one, self.columns.label)
            for one in across
            for _ in range(repeated)
        ]
        lines = [[*before, *level] for level in zip(*keys, strict=True)]
        if data.functions.several and not data.stacked:
            lines.append([*before, *[one.name for one, _ in data.pairs] * len(across)])
        if data.headers.shown:
            lines = self._named(lines, before, len(across))
        return lines

    def _named(self, lines: list[list[Cell]], before: list[Cell], groups: int) -> list[list[Cell]]:
        """The head with the names of fields: those across as one text above it, those down below
        it, beside the names of values."""
        data = self.data
        across = _row_names(data, self.fields[1], "Column Field")
        joined = ", ".join(_text(name) for name in across)
        top: list[Cell] = [*before, joined]
        top += [""] * (len(lines[0]) - len(top))
        names: list[Cell] = [*_row_names(data, self.fields[0])]
        if data.stacked and data.width > 1:
            *rest, last = lines
            return [top, *rest, [*names, *last[len(names) :]]]
        columns = [0] if data.stacked else [column for _, column in data.pairs]
        called: list[Cell] = [*names, *before[len(names) :]]
        return [top, *lines, [*called, *[data.names[at] for at in columns] * groups]]


def _text(name: Scalar) -> str:
    found = text_of(name)
    if isinstance(found, ErrorCode):
        raise ArgumentIsError(found)
    return found


def pivot_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """PIVOTBY(row fields, column fields, values, function, [headers], [row total depth],
    [row order], [column total depth], [column order], [filter], [relative to]). Raises
    UnsupportedError where the variable cells decide on its shape."""
    pivot = _Pivot(Arguments(tracer, node, frame))
    return pivot.data.table(pivot.lines())


_row = partial(function, category="lookup")

FUNCTIONS: tuple[Record, ...] = (
    _row("GROUPBY", "AAV|VVVAV", form=group_form, applies=True),
    _row("PIVOTBY", "AAAV|VVVVVAV", form=pivot_form, applies=True),
)
