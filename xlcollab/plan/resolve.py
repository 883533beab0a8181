"""Replacing what only a workbook can explain: defined names, structured and 3-D references.

After this, a node holds no `Structured` node and no `Name` but those that LET and LAMBDA bind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula import parse
from xlcollab.formula.nodes import (
    APPLIED,
    AS_LAMBDA,
    OPTIONAL,
    Axis,
    Binary,
    Call,
    ErrorValue,
    Name,
    Node,
    Reference,
    Structured,
    Unary,
    parameter,
    walk,
)
from xlcollab.formula.omitted import with_zeros
from xlcollab.formula.signatures import SIGNATURES, array_role
from xlcollab.grid import Table, Workbook
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

_DEEPEST_NAME = 32
"""Names inside names: one that names itself ends here."""
_ITSELF = "()"
"""Behind the name of a lambda: what calls itself means the lambda that is being called."""
_OWN_BOOK = "[0]"
_REF = ErrorValue("#REF!")
_NAME = ErrorValue("#NAME?")


def resolve(node: Node, workbook: Workbook, sheet: str, rect: Rect) -> Node:
    """`node` as it is meant in the cells `rect` of `sheet`.

    An unknown name becomes the literal #NAME?, an unknown sheet, table or column #REF!: as in
    Excel, that is an error only for those who use its value. A name of another workbook, or one
    whose text cannot be read, stays a name: who evaluates it refuses it. A branch left empty
    becomes 0 where only its number counts.

    Raises SplitError where a relative name wraps around the sheet's edge in some of the cells only.
    """
    return with_zeros(_Resolver(workbook, sheet, rect).visit(node, frozenset(), 0))


class SplitError(Exception):
    """Copies of one formula mean different places: resolve them one by one. No user sees it."""


class _Resolver:
    def __init__(self, workbook: Workbook, sheet: str, rect: Rect) -> None:
        self.workbook, self.sheet, self.rect = workbook, sheet, rect
        self.in_name = False
        self.opened: frozenset[str] = frozenset()
        """Names that are being put in: one among them means itself."""
        self.known: dict[tuple[str, str], Node] = {}
        """(name, sheet) → what it stands for: put in once, and shared."""

    def visit(self, node: Node, bound: frozenset[str], depth: int) -> Node:
        """`bound` are the names that an enclosing LET defines, in lower case."""
        if isinstance(node, Reference):
            return self.reference(node)
        if isinstance(node, Name):
            return node if node.name.lower() in bound else self.name(node, depth)
        if isinstance(node, Structured):
            return self.structured(node)
        if isinstance(node, Unary):
            return Unary(node.operator, self.visit(node.operand, bound, depth))
        if isinstance(node, Binary):
            return self.binary(node, bound, depth)
        if isinstance(node, Call):
            return self.call(node, bound, depth)
        return node

    def call(self, node: Call, bound: frozenset[str], depth: int) -> Node:
        if node.name == "LET":
            bound = bound | {a.name.lower() for a in node.arguments[:-1:2] if isinstance(a, Name)}
        if node.name == "LAMBDA" and node.arguments:
            return self.lambda_(node, bound, depth)
        given = node.arguments
        known = SIGNATURES.get(node.name)
        if known is not None and known.applies:
            given = tuple(self.as_lambdas(argument, bound) for argument in given)
        arguments = tuple(self.visit(argument, bound, depth) for argument in given)
        if known is not None or node.name == APPLIED or node.name.lower() in bound:
            return Call(node.name, arguments)
        return self.named_lambda(node.name, arguments, depth) or Call(node.name, arguments)

    def lambda_(self, node: Call, bound: frozenset[str], depth: int) -> Node:
        """A lambda; its parameters stay as they are, those in brackets become names."""
        *given, body = node.arguments
        names = [parameter(one) for one in given]
        parameters = tuple(
            one if name is None else Name(name) for one, name in zip(given, names, strict=True)
        )
        own = {name.removeprefix(OPTIONAL).lower() for name in names if name is not None}
        return Call("LAMBDA", (*parameters, self.visit(body, bound | own, depth)))

    def as_lambdas(self, node: Node, bound: frozenset[str]) -> Node:
        """A function's bare name, or several side by side or stacked, as lambdas."""
        if array_role(node) in ("beside", "below"):
            assert isinstance(node, Call)
            return Call(node.name, tuple(self.as_lambda(one, bound) for one in node.arguments))
        return self.as_lambda(node, bound)

    def as_lambda(self, node: Node, bound: frozenset[str]) -> Node:
        """A function's bare name as the lambda it stands for; anything else as it is."""
        if not isinstance(node, Name) or node.name.lower() in bound or node.sheet or node.book:
            return node
        bare = node.name.upper().removeprefix(AS_LAMBDA.upper())
        if bare not in SIGNATURES or self.workbook.name(node.name, self.sheet) is not None:
            return node
        return Name(f"{AS_LAMBDA}{bare}")

    def named_lambda(self, name: str, arguments: tuple[Node, ...], depth: int) -> Node | None:
        """A call of a name that stands for a LAMBDA; None where it stands for none."""
        if name.lower() in self.opened:
            return Call(f"{name.upper()}{_ITSELF}", arguments)
        found = self.name(Name(name), depth)
        if isinstance(found, Call) and found.name in ("LAMBDA", "LET"):
            return Call(APPLIED, (found, *arguments))
        return None

    def binary(self, node: Binary, bound: frozenset[str], depth: int) -> Node:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long."""
        spine: list[Binary] = []
        left: Node = node
        while isinstance(left, Binary):
            spine.append(left)
            left = left.left
        result = self.visit(left, bound, depth)
        for part in reversed(spine):
            result = Binary(part.operator, result, self.visit(part.right, bound, depth))
        return result

    def reference(self, node: Reference) -> Node:
        if node.book == _OWN_BOOK:
            node = replace(node, book="")
        if node.book:
            return node
        if self.in_name:
            node = _wrapped(node, self.rect)
        if node.sheet is None:
            return _on(node, self.sheet)
        first = self.workbook.find(node.sheet)
        if first is None:
            return _REF
        if node.last_sheet is None:
            return _on(node, first.name)
        last = self.workbook.find(node.last_sheet)
        if last is None:
            return _REF
        names = [sheet.name for sheet in self.workbook]
        low, high = sorted((names.index(first.name), names.index(last.name)))
        parts: list[Node] = [_on(node, name) for name in names[low : high + 1]]
        result = parts[0]
        for part in parts[1:]:
            result = Binary(",", result, part)
        return result

    def name(self, node: Name, depth: int) -> Node:
        if node.book not in ("", _OWN_BOOK) or depth > _DEEPEST_NAME:
            return node
        if node.name.startswith(AS_LAMBDA):
            return node
        found = self.workbook.name(node.name, node.sheet or self.sheet)
        if found is None:
            table = self.workbook.table(node.name)
            return self.structured(Structured(table.name)) if table else _NAME
        if node.name.lower() in self.opened:
            return Name(f"{node.name.upper()}{_ITSELF}")
        sheet = found.sheet or node.sheet or self.sheet
        known = self.known.get((node.name.lower(), sheet))
        if known is not None:
            return known
        try:
            parsed = parse(found.text, 0, 0)
        except FormulaSyntaxError:
            return node
        inner = _Resolver(self.workbook, sheet, self.rect)
        inner.in_name, inner.known = True, self.known
        inner.opened = self.opened | {node.name.lower()}
        result = inner.visit(parsed, frozenset(), depth + 1)
        own = f"{node.name.upper()}{_ITSELF}"
        meant = _mean_themselves(result)
        if own in meant and isinstance(result, Call) and result.name == "LAMBDA":
            result = Call("LET", (Name(own), result, Name(own)))
        if not meant - {own}:
            self.known[node.name.lower(), sheet] = result
        return result

    def structured(self, node: Structured) -> Node:
        table = self.workbook.table(node.table) if node.table else self.own_table()
        if table is None:
            return _REF
        columns = self.columns(table, node)
        rows = _ROWS.get(node.items, _rows_data)(table)
        if columns is None or (rows is None and "this row" not in node.items):
            return _REF
        left, right = (Axis(table.rect.left + index, True) for index in columns)
        if "this row" in node.items:
            here = Axis(0, False)
            return Reference(here, left, here, right, sheet=table.sheet)
        assert rows is not None
        return Reference(Axis(rows[0], True), left, Axis(rows[1], True), right, sheet=table.sheet)

    def own_table(self) -> Table | None:
        for table in self.workbook.tables:
            if table.sheet == self.sheet and table.rect.intersection(self.rect):
                return table
        return None

    def columns(self, table: Table, node: Structured) -> tuple[int, int] | None:
        if node.first_column is None:
            return 0, len(table.columns) - 1
        known = [column.casefold() for column in table.columns]
        wanted = (node.first_column, node.last_column or node.first_column)
        if any(column.casefold() not in known for column in wanted):
            return None
        first, last = sorted(known.index(column.casefold()) for column in wanted)
        return first, last


def _mean_themselves(node: Node) -> set[str]:
    """The names in a node that mean what is being put in."""
    named = (one.name for one in walk(node) if isinstance(one, Name | Call))
    return {name for name in named if name.endswith(_ITSELF) and name != APPLIED}


def _on(node: Reference, sheet: str) -> Reference:
    """The same cells of one sheet."""
    if node.sheet == sheet and node.last_sheet is None:
        return node
    return Reference(node.top, node.left, node.bottom, node.right, sheet, None, node.book)


def _wrapped(node: Reference, rect: Rect) -> Reference:
    """A reference of a name, counted from A1, as it is meant in the cells of `rect`: what would lie
    beyond the last row or column goes on at the first."""
    rows, columns = (rect.top, rect.bottom - 1), (rect.left, rect.right - 1)
    return replace(
        node,
        top=_wrapped_axis(node.top, *rows, MAX_ROWS),
        bottom=_wrapped_axis(node.bottom, *rows, MAX_ROWS),
        left=_wrapped_axis(node.left, *columns, MAX_COLUMNS),
        right=_wrapped_axis(node.right, *columns, MAX_COLUMNS),
    )


def _wrapped_axis(axis: Axis, first: int, last: int, size: int) -> Axis:
    if axis.absolute or axis.at(last) < size:
        return axis
    if axis.at(first) < size:
        raise SplitError
    return replace(axis, value=axis.value - size)


def _rows_all(table: Table) -> tuple[int, int] | None:
    return table.rect.top, table.rect.bottom - 1


def _rows_data(table: Table) -> tuple[int, int] | None:
    first, last = table.rect.top + table.header_rows, table.rect.bottom - 1 - table.totals_rows
    return (first, last) if first <= last else None


def _rows_headers(table: Table) -> tuple[int, int] | None:
    return (table.rect.top, table.rect.top) if table.header_rows else None


def _rows_totals(table: Table) -> tuple[int, int] | None:
    last = table.rect.bottom - 1
    return (last, last) if table.totals_rows else None


def _rows_headers_data(table: Table) -> tuple[int, int] | None:
    return table.rect.top, table.rect.bottom - 1 - table.totals_rows


def _rows_data_totals(table: Table) -> tuple[int, int] | None:
    return table.rect.top + table.header_rows, table.rect.bottom - 1


_ROWS: dict[tuple[str, ...], Callable[[Table], tuple[int, int] | None]] = {
    (): _rows_data,
    ("data",): _rows_data,
    ("all",): _rows_all,
    ("headers",): _rows_headers,
    ("totals",): _rows_totals,
    ("headers", "data"): _rows_headers_data,
    ("data", "totals"): _rows_data_totals,
}
"""(first, last) row of a table for the items of a structured reference (18.17.2.5)."""
