"""XML as bytes: safe parsing with byte offsets, texts, start tags, splicing.

Parsing is expat's, without namespace processing, so that names keep the prefix they have in the
file. A DOCTYPE is refused wherever one is met: no part of a workbook has a use for it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape

from xlcollab.errors import NotAWorkbookError, ReferenceSyntaxError

Attributes = dict[str, str]
Start = Callable[[str, Attributes, int], None]
End = Callable[[str, int], None]
Text = Callable[[str], None]

_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(\w+));")
_AMPERSAND = re.compile(r"&(?!(?:#x[0-9A-Fa-f]+|#[0-9]+|amp|lt|gt|quot|apos);)")
_ESCAPED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MUST_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_START_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
_WIDE_STARTS = {
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    "<?".encode("utf-16-le"): "utf-16-le",
    "<?".encode("utf-16-be"): "utf-16-be",
}
"""How a part in UTF-16 begins, with a byte order mark or without."""
_WIDE = ("utf-16", "utf-32", "ucs-")
"""Encodings that a part cannot have whose declaration is readable byte by byte: it says wrong."""


class Splice(NamedTuple):
    """Bytes `start … end` become `new`."""

    start: int
    end: int
    new: bytes


def splice(data: bytes, splices: Iterable[Splice]) -> bytes:
    """Apply splices, which must not overlap; several at one place keep the order given."""
    pieces: list[bytes] = []
    position = 0
    for start, end, new in sorted(splices, key=itemgetter(0, 1)):
        pieces += (data[position:start], new)
        position = end
    return b"".join([*pieces, data[position:]])


def parse(
    data: bytes,
    where: str,
    start: Start,
    end: End | None = None,
    text: Text | None = None,
) -> None:
    """Run expat over UTF-8 `data`; `start` and `end` get the raw name and the byte offset.

    Raises NotAWorkbookError naming `where` and the line if the XML is broken or has a DOCTYPE.
    """
    parser = new_parser(where, start, end, text)
    feed(parser, data, where, last=True)


def new_parser(where: str, start: Start, end: End | None, text: Text | None) -> expat.XMLParserType:
    """An expat parser for UTF-8 that refuses a DOCTYPE; see `parse`."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise NotAWorkbookError(
            f"{where} has a DOCTYPE in line {parser.CurrentLineNumber}; workbooks have none, "
            "and it can hide an attack, so the file is not read"
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(
        name, attributes, parser.CurrentByteIndex
    )
    if end:
        parser.EndElementHandler = lambda name: end(name, parser.CurrentByteIndex)
    if text:
        parser.CharacterDataHandler = text
    return parser


def feed(parser: expat.XMLParserType, data: bytes, where: str, *, last: bool) -> None:
    """Give `data` to the parser; broken XML becomes NotAWorkbookError with the line."""
    try:
        parser.Parse(data, last)
    except expat.ExpatError as error:
        problem = expat.ErrorString(error.code)
        raise NotAWorkbookError(
            f"{where} is broken XML: {problem} in line {error.lineno}, column {error.offset + 1}; "
            "open the workbook in a spreadsheet program, let it repair the file, and save it"
        ) from None
    except (KeyError, ValueError, ReferenceSyntaxError) as error:
        raise NotAWorkbookError(
            f"{where} is not as the format wants it in line {parser.CurrentLineNumber}: {error}"
        ) from None


def to_utf8(data: bytes, where: str) -> tuple[bytes, str]:
    """(the document in UTF-8, the codec that brings it back); see `from_utf8`. Raises
    NotAWorkbookError."""
    codec = codec_of(data)
    if codec == "utf-8":
        return data, codec
    try:
        return data.decode(codec).encode(), codec
    except (LookupError, UnicodeDecodeError):
        raise NotAWorkbookError(f"{where} is not the {codec} text it says it is") from None


def codec_of(start: bytes) -> str:
    """The codec of a document that begins with `start`, as it says itself."""
    wide = next((name for mark, name in _WIDE_STARTS.items() if start.startswith(mark)), None)
    if wide is not None:
        return wide
    declared = _DECLARED.match(start.removeprefix(codecs.BOM_UTF8))
    codec = declared[1].decode().lower() if declared else "utf-8"
    is_utf8 = codec in ("utf-8", "utf8", "us-ascii") or codec.startswith(_WIDE)
    return "utf-8" if is_utf8 else codec


def from_utf8(data: bytes, codec: str) -> bytes:
    return data if codec == "utf-8" else data.decode().encode(codec)


def local(name: str) -> str:
    """ "x:row" → "row"."""
    return name.rpartition(":")[2]


def prefix_of(name: str) -> str:
    """ "x:row" → "x:", "row" → ""."""
    return name[: len(name) - len(local(name))]


def is_true(text: str | None) -> bool:
    """xsd:boolean; absent is false."""
    return text in ("1", "true", "on")


def end_of_tag(data: bytes, start: int) -> int:
    """The offset behind the start tag (or empty element) that begins at `start`."""
    match = _START_TAG.match(data, start)
    assert match, "expat has seen a start tag here"
    return match.end()


def end_of_element(data: bytes, name: str, index: int) -> int:
    """The offset behind the element `name`, from where expat reports its end.

    Expat reports the end of `<v></v>` at "</v>", that of `<v/>` behind the tag.
    """
    closing = b"</" + name.encode()
    return data.index(b">", index) + 1 if data.startswith(closing, index) else index


def is_empty_tag(data: bytes, tag_end: int) -> bool:
    """Whether the tag that ends at `tag_end` is `<x/>`."""
    return data[tag_end - 2 : tag_end] == b"/>"


def set_attributes(tag: bytes, values: Mapping[str, str | None]) -> bytes:
    """The start tag with attributes set; None takes one away. Other bytes stay."""
    for name, value in values.items():
        pattern = re.compile(rb"\s+" + name.encode() + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
        new = b"" if value is None else f' {name}="{attribute(value)}"'.encode()
        match = pattern.search(tag)
        if match:
            tag = tag[: match.start()] + new + tag[match.end() :]
        else:
            close = len(tag) - (2 if tag.endswith(b"/>") else 1)
            tag = tag[:close].rstrip() + new + tag[close:] if new else tag
    return tag


def insert_last(data: bytes, root: str, child: str) -> bytes:
    """The document with `child` (an element's text behind "<") as the last child of the root.

    The child takes the root's own prefix. An empty root element is opened.
    """
    name = re.compile(rb"<((?:[\w.-]+:)?)" + root.encode() + rb"[\s/>]")
    start = name.search(data)
    assert start, "the caller has parsed this root"
    prefix, tag_end = start[1], end_of_tag(data, start.start())
    new = b"<" + prefix + child.encode()
    if is_empty_tag(data, tag_end):
        closing = b"></" + prefix + root.encode() + b">"
        return data[: tag_end - 2] + b">" + new + closing[1:] + data[tag_end:]
    at = data.rindex(b"</" + prefix + root.encode())
    return data[:at] + new + data[at:]


def attribute(text: str) -> str:
    """Text as it stands between double quotes."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def unescape(text: str) -> str:
    """Raw character data as XML means it: entities and line ends. ValueError on a bad entity."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" not in text:
        return text
    if _AMPERSAND.search(text):
        raise ValueError("an entity that XML does not predefine")
    return _ENTITY.sub(_entity, text)


def _entity(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _ENTITIES[name]
    return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))


def unescape_xstring(text: str) -> str:
    """ "_x000D_" → carriage return (ST_Xstring, ECMA-376 Part 1, 22.9.2.19).

    The codes are UTF-16 units: two that make a pair are one character.
    """
    if "_x" not in text:
        return text
    units = _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    return _PAIR.sub(
        lambda match: match[0].encode("utf-16", "surrogatepass").decode("utf-16"), units
    )


def escape_xstring(text: str) -> str:
    """Text as element content: markup escaped, characters XML cannot hold as _xHHHH_."""
    return escape(_coded(text))


def xstring_attribute(text: str) -> str:
    """The same between double quotes; Excel writes line ends there as codes too."""
    return attribute(_coded(text).replace("\n", "_x000a_"))


def drawing_text(text: str) -> str:
    """Text as content of a drawing, whose strings know no codes (xsd:string): what XML cannot
    hold is shown as U+FFFD."""
    return escape(_UNSHOWN.sub("\ufffd", text))


def _coded(text: str) -> str:
    return _MUST_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
