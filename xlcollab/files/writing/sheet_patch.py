"""Patch a worksheet part: new values for some cells, every other byte as it was."""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections.abc import Iterator, Sequence
from functools import reduce

from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import (
    Splice,
    end_of_tag,
    is_empty_tag,
    set_attributes,
)
from xlcollab.files.package.spliced import Replacement, Spliced
from xlcollab.files.reading.envelope import Envelope, read_envelope
from xlcollab.files.reading.scan import scan
from xlcollab.files.reading.tokens import FormulaToken, RowToken
from xlcollab.files.writing.cells import cell_xml, formula_xml, number_text, value_xml
from xlcollab.files.writing.pending import Patch, Pending, Run, pending_patches
from xlcollab.files.writing.row_values import RowValues
from xlcollab.grid import CellEdit, FormulaEdit, Kind, TextPool
from xlcollab.grid.refusals import (
    Guard,
    array_guard,
    merged_guards,
    refuse,
    refuse_guarded,
    refuse_not_finite,
    refuse_protected,
    refuse_shape,
)
from xlcollab.ref import MAX_ROWS, Rect, parse_rect

_NUMBER = int(Kind.NUMBER)
_ROW_STYLE = re.compile(rb'\ss="(\d+)"')
_SPANS = re.compile(rb'\sspans="(\d+):(\d+)"')


def patch_sheet(
    name: str,
    data: bytes,
    where: str,
    texts: TextPool,
    inputs: Sequence[CellEdit],
    results: Sequence[CellEdit],
    guards: Sequence[Guard] = (),
    formulas: Sequence[FormulaEdit] = (),
) -> Spliced:
    """The sheet's UTF-8 XML with `inputs` over constants, `results` as values of formulas, and
    `formulas` typed into cells.

    `guards` are the areas that only other parts know: tables and pivot tables.
    Raises WriteRefusedError naming the first cell that must not be written, and why.
    """
    for edit in (*inputs, *results):
        refuse_shape(edit)
        refuse_not_finite(edit)
    envelope = read_envelope(data, where)
    if envelope.sheet_data[1] < 0:
        raise NotAWorkbookError(f"{where} has no <sheetData>")
    if (inputs or formulas) and envelope.protected:
        refuse_protected(name)
    pending = pending_patches(inputs, results, formulas, texts)
    walk = scan(
        data,
        where,
        lambda rows: _Walk(name, data, envelope, texts, pending).take(rows),
        patched=pending.rows(),
    )
    all_guards = [*walk.guards(), *merged_guards(envelope.merged), *guards]
    for edit in inputs:
        refuse_guarded(edit, all_guards)
    for one in formulas:
        large = [guard for guard in all_guards if guard.rect.size > 1]
        refuse_guarded(CellEdit.of_value(one.cell.area, None, texts), large)
    return Spliced(data, walk.splices)


class _Walk:
    """One walk through the rows; collects splices, and what they must be checked against."""

    def __init__(
        self, name: str, data: bytes, envelope: Envelope, texts: TextPool, pending: Pending
    ) -> None:
        self.splices: list[Replacement] = []
        self._name = name
        self._data = data
        self._envelope = envelope
        self._texts = texts
        self._pending = pending
        self._value_tags = (f"<{envelope.prefix}v>".encode(), f"</{envelope.prefix}v>".encode())
        self._new_rows = sorted(pending.rows(), reverse=True)
        self._arrays: list[Rect] = []
        self._data_tables: list[Rect] = []
        self._without_formula: list[tuple[int, int]] = []
        """Cells that get a result and hold no formula of their own: parts of arrays, or wrong."""
        self._added: list[Rect] = []

    def take(self, rows: Iterator[RowToken]) -> _Walk:
        for row in rows:
            self._insert_rows(row.number, row.start)
            self._walk_row(row)
        self._append_rows()
        self._refuse_results_without_formula()
        self._update_dimension()
        return self

    def guards(self) -> list[Guard]:
        tables = [Guard(rect, f"belongs to the data table {rect}") for rect in self._data_tables]
        return [array_guard(rect) for rect in self._arrays] + tables

    def _walk_row(self, row: RowToken) -> None:
        self._note_areas(row)
        if self._new_rows and self._new_rows[-1] == row.number:
            self._new_rows.pop()
        plain = self._pending.numbers_of(row.number)
        if plain is not None and self._write_numbers(row, plain):
            return
        patches = self._pending.of(row.number)
        if not patches:
            return
        for place in self._not_plain(row, patches):
            self._rewrite(row, place, patches[row.columns[place]])
        missing = patches.keys() - set(row.columns)
        if missing:
            self._insert_cells(row, {column: patches[column] for column in missing})

    def _write_numbers(self, row: RowToken, runs: list[Run]) -> bool:
        """Numbers over numbers: the usual, of which there may be a million. False where anything
        is not so; nothing is written then."""
        found = [_changed(row, run) for run in runs]
        for one in found:
            if one is None:
                return False
        for places, numbers in filter(None, found):
            if places:
                new = RowValues(self._data, row, places, numbers, self._envelope.prefix)
                self.splices.append(new)
        return True

    def _not_plain(self, row: RowToken, patches: dict[int, Patch]) -> list[int]:
        """The places of cells whose patch is more than a number of a plain formula that gave one:
        those are written here."""
        opening, closing = self._value_tags
        starts, ends, splices = row.value_starts, row.value_ends, self.splices
        cells = zip(
            row.columns, row.types, row.values, row.value_metadata, row.formulas, strict=True
        )
        others: list[int] = []
        for place, (column, type_, value, rich, formula) in enumerate(cells):
            patch = patches.get(column)
            if patch is None:
                continue
            kind, number, is_result, typed = patch
            usual = kind == _NUMBER and is_result and type_ == "n" and value and not rich
            if not usual or typed is not None or formula is None or formula.kind == "dataTable":
                others.append(place)
            elif not _reads_as(value, number):
                new = opening + number_text(number).encode() + closing
                splices.append(Splice(starts[place], ends[place], new))
        return others

    def _note_areas(self, row: RowToken) -> None:
        for formula in dict.fromkeys(row.formulas):
            if formula and formula.area and formula.kind == "array":
                self._arrays.append(parse_rect(formula.area))
            elif formula and formula.area and formula.kind == "dataTable":
                self._data_tables.append(parse_rect(formula.area))

    def _rewrite(self, row: RowToken, place: int, patch: Patch) -> None:
        self._check(row.number, row.columns[place], row.formulas[place], patch)
        if patch.formula is not None:
            self._type(row, place, patch, patch.formula)
            return
        type_, value = row.types[place], row.values[place]
        rich = row.value_metadata[place] > 0
        if not rich and _holds(type_, value, patch):
            return
        new_type, new = self._value_xml(patch)
        span = (row.value_starts[place], row.value_ends[place])
        if value is not None and (new_type or "n") == type_ and not rich:
            if self._data[slice(*span)] != new.encode():
                self.splices.append(Splice(*span, new.encode()))
            return
        start, tag_end = row.starts[place], end_of_tag(self._data, row.starts[place])
        dropped = {"vm": None} if patch.is_result else {"cm": None, "vm": None}
        tag = set_attributes(self._data[start:tag_end], {"t": new_type, **dropped})
        if not is_empty_tag(tag, len(tag)):
            self.splices.append(Splice(*span, new.encode()))
        elif new:
            tag = self._fill(tag, "c", new)
        self.splices.append(Splice(start, tag_end, tag))

    def _type(self, row: RowToken, place: int, patch: Patch, formula: FormulaEdit) -> None:
        """A cell that is blank or holds a formula of its own, with another formula."""
        if row.formulas[place] is None and row.values[place] is not None:
            column = row.columns[place]
            refuse(self._name, row.number, column, "holds a value, which no formula may replace")
        new_type, value = self._value_xml(patch)
        new = formula_xml(formula, self._envelope.prefix) + value
        start, tag_end = row.starts[place], end_of_tag(self._data, row.starts[place])
        tag = set_attributes(self._data[start:tag_end], {"t": new_type, "cm": None, "vm": None})
        if is_empty_tag(tag, len(tag)):
            self.splices.append(Splice(start, tag_end, self._fill(tag, "c", new)))
        else:
            self.splices.append(Splice(start, row.value_ends[place], tag + new.encode()))

    def _check(self, row: int, column: int, formula: FormulaToken | None, patch: Patch) -> None:
        if patch.formula is not None:
            self._check_typing(row, column, formula)
        elif patch.is_result and formula is None:
            self._without_formula.append((row, column))
        elif patch.is_result and formula and formula.kind == "dataTable":
            refuse(self._name, row, column, f"belongs to the data table {formula.area}")
        elif not patch.is_result and formula:
            refuse(self._name, row, column, "holds a formula, so it is no input")

    def _check_typing(self, row: int, column: int, formula: FormulaToken | None) -> None:
        """Raises WriteRefusedError where other cells need the formula that is replaced."""
        if formula is not None and formula.kind in ("shared", "dataTable"):
            refuse(self._name, row, column, f"holds a {formula.kind} formula")

    def _value_xml(self, patch: Patch) -> tuple[str | None, str]:
        prefix = self._envelope.prefix
        return value_xml(patch.kind, patch.number, self._texts, prefix, is_result=patch.is_result)

    def _fill(self, empty_tag: bytes, name: str, content: str) -> bytes:
        """`<c/>` → `<c>content</c>`."""
        closing = f"</{self._envelope.prefix}{name}>"
        return empty_tag[:-2].rstrip() + b">" + content.encode() + closing.encode()

    def _insert_cells(self, row: RowToken, patches: dict[int, Patch]) -> None:
        tag = self._data[row.start : row.tag_end]
        new = self._new_cells(row.number, patches, _style_of_row(tag))
        if not new:
            return
        wider = _widen_spans(tag, min(new), max(new))
        if row.tag_end == row.end:
            wider = self._fill(wider, "row", "".join(new[column] for column in sorted(new)))
        else:
            self._splice_between(row, new)
        if wider != tag:
            self.splices.append(Splice(row.start, row.tag_end, wider))

    def _splice_between(self, row: RowToken, new: dict[int, str]) -> None:
        """New cells before the first cell to their right."""
        for column in sorted(new):
            right = bisect(row.columns, column)
            at = row.end if right == len(row.columns) else row.starts[right]
            self.splices.append(Splice(at, at, new[column].encode()))

    def _new_cells(
        self, row: int, patches: dict[int, Patch], row_style: str | None
    ) -> dict[int, str]:
        """{column: XML} of cells that the file does not have yet; a blank needs none."""
        new = {}
        for column, patch in patches.items():
            if patch.is_result and patch.formula is None:
                self._without_formula.append((row, column))
            if patch.kind == Kind.BLANK and patch.formula is None:
                continue
            style = row_style or self._envelope.column_style(column)
            kind, value = self._value_xml(patch)
            if patch.formula is not None:
                value = formula_xml(patch.formula, self._envelope.prefix) + value
            new[column] = cell_xml(row, column, kind, value, self._envelope.prefix, style)
            self._added.append(Rect(row, column))
        return new

    def _insert_rows(self, before: int, at: int) -> None:
        """The rows that the file does not have yet and that come before row `before`."""
        prefix = self._envelope.prefix
        while self._new_rows and self._new_rows[-1] < before:
            number = self._new_rows.pop()
            new = self._new_cells(number, self._pending.of(number), None)
            if new:
                cells = "".join(new[column] for column in sorted(new))
                row = f'<{prefix}row r="{number + 1}">{cells}</{prefix}row>'
                self.splices.append(Splice(at, at, row.encode()))

    def _append_rows(self) -> None:
        start, end = self._envelope.sheet_data
        tag_end = end_of_tag(self._data, start)
        if not is_empty_tag(self._data, tag_end):
            self._insert_rows(MAX_ROWS, self._data.rindex(b"</", tag_end, end))
            return
        first = len(self.splices)
        self._insert_rows(MAX_ROWS, end)
        rows = b"".join(one.new for one in self.splices[first:]).decode()
        if rows:
            opened = self._fill(self._data[start:tag_end], "sheetData", rows)
            self.splices[first:] = [Splice(start, tag_end, opened)]

    def _refuse_results_without_formula(self) -> None:
        blocks = [rect for rect in self._arrays if rect.size > 1]
        for row, column in self._without_formula:
            if not any(rect.contains(row, column) for rect in blocks):
                refuse(self._name, row, column, "holds no formula whose result could be stored")

    def _update_dimension(self) -> None:
        if not self._added or self._envelope.dimension is None:
            return
        start, end, area = self._envelope.dimension
        wider = reduce(Rect.union, self._added, parse_rect(area))
        if wider != parse_rect(area):
            tag = set_attributes(self._data[start:end], {"ref": str(wider)})
            self.splices.append(Splice(start, end, tag))


def _changed(row: RowToken, run: Run) -> tuple[list[int], list[float]] | None:
    """(places, numbers) of those cells side by side whose numbers are others than in the file.
    None where a cell holds no number, or no formula though a result is to be written, or one though
    none is."""
    left, numbers, is_result = run
    first = bisect_left(row.columns, left)
    here = slice(first, first + len(numbers))
    formulas, values = row.formulas[here], row.values[here]
    if row.columns[here] != list(range(left, left + len(numbers))):
        return None
    if not (all(formulas) if is_result else formulas.count(None) == len(formulas)):
        return None
    tables = any(one and one.kind == "dataTable" for one in set(formulas))
    if tables or any(row.value_metadata[here]) or set(row.types[here]) != {"n"}:
        return None
    try:
        old = [float(value or "") for value in values]
    except ValueError:
        return None
    changed = [place for place, number in enumerate(numbers) if number != old[place]]
    return [first + place for place in changed], [numbers[place] for place in changed]


def _holds(type_: str, value: str | None, patch: Patch) -> bool:
    """Whether the file already has this number, however it spells it."""
    usual = patch.kind == _NUMBER and type_ == "n"
    return usual and bool(value) and _reads_as(value, patch.number)


def _reads_as(value: str | None, number: float) -> bool:
    try:
        return float(value or "") == number
    except ValueError:
        return False


def _style_of_row(tag: bytes) -> str | None:
    """The style that new cells of a row take: the row's own, if it has one (customFormat)."""
    style = _ROW_STYLE.search(tag)
    return style[1].decode() if style and b'customFormat="1"' in tag else None


def _widen_spans(tag: bytes, first: int, last: int) -> bytes:
    """The row's start tag with `spans` that reach over zero-based columns `first … last`."""
    spans = _SPANS.search(tag)
    if not spans:
        return tag
    low, high = min(int(spans[1]), first + 1), max(int(spans[2]), last + 1)
    return tag[: spans.start()] + f' spans="{low}:{high}"'.encode() + tag[spans.end() :]
