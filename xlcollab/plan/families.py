"""Families: cells whose formulas were copied from one another, as one block.

Equality is by the full relative form (`relative_key`), so each distinct form is parsed once, and a
formula that differs from its neighbours is a family of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula import Node, parse, relative_keys
from xlcollab.formula.nodes import Binary
from xlcollab.formula.shapes import Shape, leaves_of, shape_of
from xlcollab.formula.signatures import wrong_count
from xlcollab.grid import ArrayFormula, Sheet, Workbook
from xlcollab.plan.rectangles import rectangles
from xlcollab.plan.resolve import SplitError, resolve
from xlcollab.plan.settled import settled
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, CellRef, Rect


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """`rows` × `columns` copies of one formula, filling the area `rect` of `sheet`.

    Each copy fills `step` cells: (1, 1) for plain formulas, the block of an array formula else.
    `array` says that ranges are used whole; without it a plain formula intersects them (18.17.2.7).
    `closing` says that a + or - outside all brackets is worked out last.
    """

    sheet: str
    rect: Rect
    node: Node
    step: tuple[int, int] = (1, 1)
    array: bool = False
    closing: bool = False

    @property
    def rows(self) -> int:
        return self.rect.height // self.step[0]

    @property
    def columns(self) -> int:
        return self.rect.width // self.step[1]

    @property
    def area(self) -> AreaRef:
        return AreaRef(self.sheet, self.rect)

    @property
    def first(self) -> CellRef:
        return self.area.first

    def copies(self) -> list[Family]:
        """Each copy as a family of its own, in reading order."""
        (height, width), rect = self.step, self.rect
        return [
            self.part(Rect(row, column, height, width))
            for row in range(rect.top, rect.bottom, height)
            for column in range(rect.left, rect.right, width)
        ]

    def part(self, rect: Rect) -> Family:
        """The same formula over a part of the cells."""
        return replace(self, rect=rect)


@dataclass(frozen=True, slots=True)
class BrokenFormula:
    """A formula that cannot be parsed or followed, with the sentence why."""

    cell: CellRef
    message: str

    @property
    def line(self) -> str:
        """The message in one line, without the caret."""
        reason, shown, *_ = self.message.splitlines()
        return f"{reason} {' '.join(shown.split())}"


_SHOWN = 90
"""Characters of a formula that a message shows."""


class Parser:
    """Parses each distinct relative form once, and counts the arguments of its calls."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node | FormulaSyntaxError] = {}
        self._shapes: dict[str, Shape | None] = {}

    def node(self, key: str, text: str, row: int, column: int) -> Node:
        """Raises FormulaSyntaxError, each time it is asked for a form that has one."""
        found = self._nodes.get(key)
        if found is None:
            try:
                found = parse(text, row, column)
                wrong = wrong_count(found)
                if wrong:
                    found = FormulaSyntaxError(f"{wrong}; check the formula:\n  {text[:_SHOWN]}")
            except FormulaSyntaxError as error:
                found = error
            self._nodes[key] = found
        if isinstance(found, FormulaSyntaxError):
            raise found
        return found

    def of_its_shape(
        self, text: str, row: int, column: int, called: Callable[[str | None], str | None]
    ) -> Node | None:
        """The nodes of a formula, resolved, where one of its shape was parsed before and nothing
        but addresses and numbers must be read; else None. `called` names its sheets."""
        found = leaves_of(text)
        if found is None or found[0] not in self._shapes:
            return None
        shape = self._shapes[found[0]]
        return None if shape is None else shape.node(found[1], row, column, called)

    def learn(self, node: Node, text: str, row: int, column: int) -> None:
        """Keep the shape of a formula that was parsed."""
        found = leaves_of(text)
        if found is not None and found[0] not in self._shapes:
            self._shapes[found[0]] = shape_of(node, found[1], row, column)


def _naming(workbook: Workbook, own: str) -> Callable[[str | None], str | None]:
    """What a sheet is called that a formula of the sheet `own` names so, or not at all; None for
    one that there is none of."""

    @cache
    def called(name: str | None) -> str | None:
        found = None if name is None else workbook.find(name)
        return own if name is None else found.name if found else None

    return called


def families(workbook: Workbook) -> tuple[list[Family], list[BrokenFormula]]:
    """The families of every sheet, and the formulas that cannot be evaluated: those that cannot be
    parsed, and all of a workbook that rounds to what it displays."""
    if workbook.as_displayed:
        return [], [broken for sheet in workbook for broken in _rounded(sheet)]
    parser = Parser()
    found: list[Family] = []
    broken: list[BrokenFormula] = []
    for sheet in workbook:
        for build in (_plain_families, _array_families):
            good, bad = build(sheet, workbook, parser)
            found += good
            broken += bad
    return found, broken


_AS_DISPLAYED = (
    'the workbook calculates with "precision as displayed", which is not followed here\n'
    "(Excel's File > Options > Advanced)"
)


def _rounded(sheet: Sheet) -> list[BrokenFormula]:
    return [
        BrokenFormula(CellRef(sheet.name, int(row), int(column)), _AS_DISPLAYED)
        for row, column in np.argwhere(sheet.formula_mask())
    ]


def _plain_families(
    sheet: Sheet, workbook: Workbook, parser: Parser
) -> tuple[list[Family], list[BrokenFormula]]:
    formulas = sheet.formulas
    if not len(formulas):
        return [], []
    keys, examples = _keys(sheet)
    labels = np.full(sheet.kinds.shape, -1, np.int32)
    labels[formulas.rows, formulas.columns] = keys
    found, broken = [], []
    called = _naming(workbook, sheet.name)
    for label, rect in rectangles(labels):
        key, text, row, column = examples[label]
        filled = parser.of_its_shape(text, row, column, called)
        if filled is not None:
            closing = _is_closing(filled, text)
            found.append(Family(sheet.name, rect, settled(filled, rect), closing=closing))
            continue
        try:
            node = parser.node(key, text, row, column)
        except FormulaSyntaxError as error:
            broken.append(BrokenFormula(CellRef(sheet.name, rect.top, rect.left), str(error)))
            continue
        parser.learn(node, text, row, column)
        family = Family(sheet.name, rect, node, closing=_is_closing(node, text))
        found += _resolved(family, workbook)
    return found, broken


def _resolved(family: Family, workbook: Workbook) -> list[Family]:
    """The family with its names resolved; in pieces where a name means different places."""
    try:
        node = resolve(family.node, workbook, family.sheet, family.rect)
    except SplitError:
        return [one for part in halves(family) for one in _resolved(part, workbook)]
    step, array, closing = family.step, family.array, family.closing
    node = node if array else settled(node, family.rect)
    return [Family(family.sheet, family.rect, node, step, array, closing)]


def halves(family: Family) -> tuple[Family, Family]:
    """The family cut in two, across its longer side."""
    (height, width), rect = family.step, family.rect
    if family.rows >= family.columns:
        cut = family.rows // 2 * height
        upper = Rect(rect.top, rect.left, cut, rect.width)
        lower = Rect(rect.top + cut, rect.left, rect.height - cut, rect.width)
        return family.part(upper), family.part(lower)
    cut = family.columns // 2 * width
    before = Rect(rect.top, rect.left, rect.height, cut)
    after = Rect(rect.top, rect.left + cut, rect.height, rect.width - cut)
    return family.part(before), family.part(after)


def _is_closing(node: Node, text: str) -> bool:
    """Whether the operator that is worked out last is a + or - outside of brackets."""
    if not (isinstance(node, Binary) and node.operator in ("+", "-")):
        return False
    body = text.strip().removeprefix("=").strip()
    return not (body.startswith("(") and _end_of_bracket(body) == len(body) - 1)


def _end_of_bracket(text: str) -> int:
    """The place of the bracket that closes the one at the start; texts are passed over."""
    depth, quote = 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return place
    return len(text)


def _keys(sheet: Sheet) -> tuple[NDArray[np.int32], list[tuple[str, str, int, int]]]:
    """Per formula cell the number of its form, and per form (key, text, row, column) of a copy."""
    formulas = sheet.formulas
    anchors = formulas.anchor_rows.astype(np.int64) * MAX_COLUMNS + formulas.anchor_columns
    typed = formulas.text_ids * np.int64(MAX_ROWS * MAX_COLUMNS) + anchors
    _, first, inverse = np.unique(typed, return_index=True, return_inverse=True)
    rows, columns = formulas.anchor_rows[first].tolist(), formulas.anchor_columns[first].tolist()
    texts = [formulas.texts[i] for i in formulas.text_ids[first]]
    numbers: dict[str, int] = {}
    examples: list[tuple[str, str, int, int]] = []
    form_of_text = np.empty(len(texts), np.int32)
    for i, key in enumerate(relative_keys(texts, rows, columns)):
        number = numbers.setdefault(key, len(numbers))
        if number == len(examples):
            examples.append((key, texts[i], rows[i], columns[i]))
        form_of_text[i] = number
    return form_of_text[inverse], examples


def _array_families(
    sheet: Sheet, workbook: Workbook, parser: Parser
) -> tuple[list[Family], list[BrokenFormula]]:
    groups: dict[tuple[str, int, int], list[ArrayFormula]] = {}
    tops = [array.rect.top for array in sheet.arrays]
    lefts = [array.rect.left for array in sheet.arrays]
    keys = relative_keys([array.text for array in sheet.arrays], tops, lefts)
    for key, array in zip(keys, sheet.arrays, strict=True):
        groups.setdefault((key, array.rect.height, array.rect.width), []).append(array)
    found, broken = [], []
    for (key, height, width), arrays in groups.items():
        first = arrays[0]
        try:
            node = parser.node(key, first.text, first.rect.top, first.rect.left)
        except FormulaSyntaxError as error:
            broken.append(BrokenFormula(CellRef(sheet.name, *_corner(first.rect)), str(error)))
            continue
        for rect in _block_rectangles(arrays, height, width):
            closing = _is_closing(node, first.text)
            family = Family(sheet.name, rect, node, (height, width), True, closing)
            found += _resolved(family, workbook)
    return found, broken


def _corner(rect: Rect) -> tuple[int, int]:
    return rect.top, rect.left


def _block_rectangles(arrays: list[ArrayFormula], height: int, width: int) -> list[Rect]:
    """Rectangles made of whole blocks: blocks are joined where their corners lie on one lattice."""
    lattices: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for array in arrays:
        row, row_rest = divmod(array.rect.top, height)
        column, column_rest = divmod(array.rect.left, width)
        lattices.setdefault((row_rest, column_rest), []).append((row, column))
    rects = []
    for (row_rest, column_rest), blocks in lattices.items():
        where = np.array(blocks)
        low = where.min(axis=0)
        labels = np.full(where.max(axis=0) - low + 1, -1, np.int32)
        labels[where[:, 0] - low[0], where[:, 1] - low[1]] = 0
        for _, rect in rectangles(labels):
            rects.append(
                Rect(
                    int(rect.top + low[0]) * height + row_rest,
                    int(rect.left + low[1]) * width + column_rest,
                    rect.height * height,
                    rect.width * width,
                )
            )
    return rects
