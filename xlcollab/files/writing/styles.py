"""The looks of new cells as formats of a styles part (ECMA-376 Part 1, 18.8), appended behind its
own: nothing that is there moves, so every cell of the workbook keeps its format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xlcollab.files.package.markup import (
    Attributes,
    Splice,
    attribute,
    end_of_element,
    end_of_tag,
    is_empty_tag,
    local,
    parse,
    prefix_of,
    set_attributes,
    splice,
)
from xlcollab.grid import Look
from xlcollab.grid.looks import NUMBER_FORMATS, TEXT_LOOKS, TextLook

_FIRST_FREE_FORMAT = 164
"""Ids below are Excel's own (18.8.30)."""


@dataclass(frozen=True, slots=True)
class _Format:
    """The pieces of one cell format; "" leaves a piece as the workbook has it."""

    font: str = ""
    fill: str = ""
    border: str = ""
    number: str = ""
    alignment: str = ""


def _of_text(look: TextLook) -> _Format:
    weight = "<{p}b/>" if look.bold else ""
    font = (
        f'<{{p}}font>{weight}<{{p}}sz val="{look.size:g}"/><{{p}}color rgb="FF{look.color:06X}"/>'
        '<{p}name val="Calibri"/><{p}family val="2"/></{p}font>'
    )
    if look.fill is None:
        return _Format(font)
    fill = (
        f'<{{p}}fill><{{p}}patternFill patternType="solid"><{{p}}fgColor rgb="FF{look.fill:06X}"/>'
        '<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>'
    )
    return _Format(font, fill, alignment=_CENTRED)


_CENTRED = '<{p}alignment horizontal="center" vertical="center" wrapText="1"/>'

_SIDES = "".join(
    f'<{{p}}{side} style="thin"><{{p}}color rgb="FFBFC9D4"/></{{p}}{side}>'
    for side in ("left", "right", "top", "bottom")
)
_BOX = f"<{{p}}border>{_SIDES}<{{p}}diagonal/></{{p}}border>"


_INDENTED = '<{p}alignment horizontal="left" indent="1"/>'


def _boxed(number: str = "", alignment: str = "") -> _Format:
    return _Format(border=_BOX, number=number, alignment=alignment)


_FORMATS: Mapping[Look, _Format] = MappingProxyType(
    {
        **{look: _of_text(one) for look, one in TEXT_LOOKS.items()},
        **{look: _boxed(code) for look, code in NUMBER_FORMATS.items()},
        "text": _boxed(alignment=_INDENTED),
        "wrapped": _boxed(alignment=_INDENTED.replace("/>", ' wrapText="1"/>')),
    }
)
"""Look → format. A test walks the looks of `grid`."""


def add_looks(data: bytes, where: str, looks: Iterable[Look]) -> tuple[bytes, dict[Look, int]]:
    """The styles part with formats for `looks`, and the number of each for a cell's `s`.

    What an earlier run appended is found and used again. Raises NotAWorkbookError for broken XML.
    """
    styles = _Styles(data, where)
    numbers = {look: styles.format(_FORMATS[look]) for look in dict.fromkeys(looks)}
    return styles.written(), numbers


class _Styles:
    """A styles part and what is appended to its lists."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self.prefix = ""
        self._lists: dict[str, _List] = {}
        depth: list[str] = []
        starts: list[int] = []

        def start(name: str, attributes: Attributes, index: int) -> None:
            if not depth:
                self.prefix = prefix_of(name)
            elif len(depth) == 1 and local(name) in _LISTS:
                self._lists[local(name)] = _List(index, end_of_tag(data, index))
            depth.append(local(name))
            starts.append(index)

        def end(name: str, index: int) -> None:
            depth.pop()
            began = starts.pop()
            if len(depth) == 2 and depth[1] in self._lists:
                child = data[began : end_of_element(data, name, index)]
                self._lists[depth[1]].children.append(child)
            elif len(depth) == 1 and local(name) in self._lists:
                self._lists[local(name)].end = index

        parse(data, where, start, end)

    def format(self, wanted: _Format) -> int:
        """The number of a cell format (18.8.45)."""
        pieces = {
            "fontId": self._index("fonts", wanted.font),
            "fillId": self._index("fills", wanted.fill),
            "borderId": self._index("borders", wanted.border),
            "numFmtId": self._number_format(wanted.number),
        }
        ids = " ".join(f'{name}="{number}"' for name, number in pieces.items())
        flags = "".join(f' {_APPLIED[name]}="1"' for name, number in pieces.items() if number)
        head = f'<{{p}}xf {ids} xfId="0"{flags}'
        if not wanted.alignment:
            return self._index("cellXfs", f"{head}/>")
        return self._index("cellXfs", f'{head} applyAlignment="1">{wanted.alignment}</{{p}}xf>')

    def _index(self, name: str, template: str) -> int:
        """Where a child stands in its list: found there, or appended; 0 for none."""
        if not template or name not in self._lists:
            return 0
        child = template.replace("{p}", self.prefix).encode()
        children = self._lists[name].children
        if child not in children:
            children.append(child)
            self._lists[name].added.append(child)
        return children.index(child)

    def _number_format(self, code: str) -> int:
        if not code:
            return 0
        found = self._lists.get("numFmts")
        known = [_id_and_code(child) for child in found.children] if found else []
        for number, text in known:
            if text == attribute(code):
                return number
        number = max([_FIRST_FREE_FORMAT - 1, *(number for number, _ in known)]) + 1
        child = f'<{self.prefix}numFmt numFmtId="{number}" formatCode="{attribute(code)}"/>'
        if found is None:
            found = self._lists["numFmts"] = _List(-1, -1)
        found.children.append(child.encode())
        found.added.append(child.encode())
        return number

    def written(self) -> bytes:
        splices = []
        for name, found in self._lists.items():
            if found.added:
                splices += self._grown(name, found)
        return splice(self._data, splices)

    def _grown(self, name: str, found: _List) -> list[Splice]:
        added, full = b"".join(found.added), f"{self.prefix}{name}".encode()
        if found.start < 0:  # numFmts is the first child of the root (18.8.39)
            whole = b'<%b count="%d">%b</%b>' % (full, len(found.children), added, full)
            first = min(one.start for one in self._lists.values() if one.start >= 0)
            return [Splice(first, first, whole)]
        tag = self._data[found.start : found.tag_end]
        new = set_attributes(tag, {"count": str(len(found.children))})
        if is_empty_tag(self._data, found.tag_end):
            whole = new[:-2].rstrip() + b">" + added + b"</%b>" % full
            return [Splice(found.start, found.tag_end, whole)]
        return [Splice(found.start, found.tag_end, new), Splice(found.end, found.end, added)]


_LISTS = frozenset({"numFmts", "fonts", "fills", "borders", "cellXfs"})
_APPLIED = {
    "fontId": "applyFont",
    "fillId": "applyFill",
    "borderId": "applyBorder",
    "numFmtId": "applyNumberFormat",
}
_ID = re.compile(rb'numFmtId\s*=\s*["\'](\d+)["\']')
_CODE = re.compile(rb'formatCode\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')


class _List:
    """One list of the part: where its tag and its end are, its children, and those to append."""

    def __init__(self, start: int, tag_end: int) -> None:
        self.start, self.tag_end, self.end = start, tag_end, tag_end
        self.children: list[bytes] = []
        self.added: list[bytes] = []


def _id_and_code(child: bytes) -> tuple[int, str]:
    number, code = _ID.search(child), _CODE.search(child)
    text = (code[1] or code[2] or b"") if code else b""
    return int(number[1]) if number else 0, text.decode()
