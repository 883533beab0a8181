"""The main part of a workbook (ECMA-376 Part 1, 18.2): its sheets, names and settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import (
    Attributes,
    end_of_element,
    end_of_tag,
    is_true,
    local,
    parse,
    prefix_of,
)
from xlcollab.files.package.package import Package
from xlcollab.grid import DefinedName, Iteration


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One `<sheet>` (18.2.19), of whatever kind: `kind` is that of its relationship."""

    name: str
    sheet_id: int
    part: str
    kind: str

    @property
    def is_worksheet(self) -> bool:
        return self.kind == "worksheet"


@dataclass(slots=True)
class WorkbookPart:
    """What the main part says; `ends` and `tags` are byte spans in its UTF-8 XML."""

    part: str
    data: bytes
    namespace: str = ""
    prefix: str = ""
    sheets: list[SheetEntry] = field(default_factory=list)
    names: list[DefinedName] = field(default_factory=list)
    name_spans: list[tuple[int, int]] = field(default_factory=list)
    """The bytes of each name's element."""
    date1904: bool = False
    structure_locked: bool = False
    recalculate_on_load: bool = False
    iteration: Iteration | None = None
    as_displayed: bool = False
    whole_pairs: bool = False
    external_links: int = 0
    tags: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The start tags of the workbook's direct children."""
    ends: dict[str, int] = field(default_factory=dict)
    """Behind the end of the workbook's direct children."""

    @property
    def strict(self) -> bool:
        return "purl.oclc.org" in self.namespace

    @property
    def worksheets(self) -> list[SheetEntry]:
        return [sheet for sheet in self.sheets if sheet.is_worksheet]


def read_workbook_part(package: Package) -> WorkbookPart:
    """Raises NotAWorkbookError if the main part is no workbook or has no worksheet."""
    part = package.workbook_part
    return parse_workbook_part(package, part, package.read_utf8(part))


def parse_workbook_part(package: Package, part: str, data: bytes) -> WorkbookPart:
    """The same from the part's UTF-8 XML as it stands after changes. Raises NotAWorkbookError."""
    reader = _Reader(package, WorkbookPart(part, data))
    parse(data, package.where(part), reader.start, reader.end, reader.text)
    if not reader.found.worksheets:
        _refuse_without_worksheet(package, reader.found)
    return reader.found


_DEEPEST = 4
"""How deep sheets, names and the version lie; what is nested deeper says nothing of them."""
_PARTLESS = "sheet without a part"


def _refuse_without_worksheet(package: Package, found: WorkbookPart) -> NoReturn:
    for sheet in found.sheets:
        if sheet.kind == _PARTLESS:
            raise NotAWorkbookError(
                f"{package.where(found.part)} names a sheet {sheet.name!r} whose part is not given"
            )
    raise NotAWorkbookError(f"{package.path.name} has no worksheet")


_DEFAULT = Iteration()


def _iteration(attributes: Attributes) -> Iteration | None:
    """What `<calcPr>` says of circular references; numbers that are none count as left out."""
    if not is_true(attributes.get("iterate")):
        return None
    try:
        count = int(attributes.get("iterateCount", _DEFAULT.count))
        delta = float(attributes.get("iterateDelta", _DEFAULT.delta))
    except ValueError:
        return _DEFAULT
    return Iteration(max(count, 1), delta)


class _Reader:
    """Expat's events → a WorkbookPart."""

    def __init__(self, package: Package, found: WorkbookPart) -> None:
        self.found = found
        self._package = package
        self._relationships = package.relationships(found.part)
        self._path: list[str] = []
        self._name: Attributes | None = None
        self._text: list[str] = []
        self._begun = 0

    def start(self, name: str, attributes: Attributes, index: int) -> None:
        self._path.append(local(name))
        if len(self._path) == 1:
            self._start_root(name, attributes)
        elif len(self._path) == 2:
            self._start_setting(self._path[-1], attributes, index)
        elif len(self._path) > _DEEPEST:
            return
        elif self._path[1:] == ["sheets", "sheet"]:
            self.found.sheets.append(self._sheet(attributes))
        elif self._path[1:] == ["definedNames", "definedName"]:
            self._name, self._text, self._begun = attributes, [], index
        elif self._path[1:] == ["externalReferences", "externalReference"]:
            self.found.external_links += 1
        elif self._path[1:] == ["extLst", "ext", "version"]:
            self.found.whole_pairs = attributes.get("setVersion", "1") not in ("", "0", "1")

    def end(self, name: str, index: int) -> None:
        tag = self._path.pop()
        if len(self._path) == 1:
            self.found.ends[tag] = end_of_element(self.found.data, name, index)
        if tag == "definedName" and self._name is not None:
            self.found.names.append(self._defined_name(self._name))
            end = end_of_element(self.found.data, name, index)
            self.found.name_spans.append((self._begun, end))
            self._name = None

    def text(self, text: str) -> None:
        if self._name is not None:
            self._text.append(text)

    def _start_root(self, name: str, attributes: Attributes) -> None:
        if local(name) != "workbook":
            raise NotAWorkbookError(
                f"{self._package.path.name} is an Office file but no workbook: "
                f"its main part {self.found.part} is a <{local(name)}>"
            )
        prefix = prefix_of(name)
        self.found.prefix = prefix
        self.found.namespace = attributes.get(f"xmlns:{prefix[:-1]}" if prefix else "xmlns", "")

    def _start_setting(self, tag: str, attributes: Attributes, index: int) -> None:
        self.found.tags[tag] = (index, end_of_tag(self.found.data, index))
        if tag == "workbookPr":
            self.found.date1904 = is_true(attributes.get("date1904"))
        elif tag == "workbookProtection":
            self.found.structure_locked = is_true(attributes.get("lockStructure"))
        elif tag == "calcPr":
            self.found.recalculate_on_load = is_true(attributes.get("fullCalcOnLoad"))
            self.found.iteration = _iteration(attributes)
            self.found.as_displayed = not is_true(attributes.get("fullPrecision", "1"))

    def _sheet(self, attributes: Attributes) -> SheetEntry:
        name, where = attributes.get("name", ""), self._package.where(self.found.part)
        ids = [value for key, value in attributes.items() if ":" in key and local(key) == "id"]
        relationship = self._relationships.get(ids[0]) if ids else None
        sheet_id = attributes.get("sheetId", "")
        if not sheet_id.isdecimal():
            raise NotAWorkbookError(f"{where} gives sheet {name!r} the number {sheet_id!r}")
        if relationship is None:  # modules and macro sheets of old versions have r:id=""
            return SheetEntry(name, int(sheet_id), "", _PARTLESS)
        return SheetEntry(name, int(sheet_id), relationship.target, relationship.type)

    def _defined_name(self, attributes: Attributes) -> DefinedName:
        text, sheet = "".join(self._text), None
        if "localSheetId" in attributes:
            position = attributes["localSheetId"]
            if not position.isdecimal() or int(position) >= len(self.found.sheets):
                raise NotAWorkbookError(
                    f"{self._package.where(self.found.part)} has a name "
                    f"{attributes.get('name', '')!r} of a sheet at position {position}, "
                    f"but {len(self.found.sheets)} sheets"
                )
            sheet = self.found.sheets[int(position)].name
        return DefinedName(
            attributes.get("name", ""), text, sheet, is_true(attributes.get("hidden"))
        )
