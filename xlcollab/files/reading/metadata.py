"""The metadata part (ECMA-376 Part 1, 18.9): which `cm` values mark dynamic arrays, and which
errors `vm` values stand for."""

from __future__ import annotations

from xlcollab.files.package.markup import Attributes, local, parse
from xlcollab.grid import ErrorCode

_RICH_VALUE = "XLRICHVALUE"
"""The metadata type of rich values, newer errors among them (MS-XLSX, 2.2.4)."""
_FIRST_NEW_ERROR = 8
"""From here on a rich error's type is one less than what ERROR.TYPE says of it."""
_DEEPEST = 8
"""Elements that are nested deeper are none of these."""
_DYNAMIC_ARRAY = "XLDAPR"
"""The metadata type of dynamic array properties (MS-XLSX, 2.2.4)."""


def read_dynamic_marks(data: bytes, where: str) -> frozenset[int]:
    """The values of a cell's `cm` (one-based) whose records are of the dynamic array type."""
    types: list[str] = []
    records: list[list[int]] = []
    path: list[str] = []

    def start(name: str, attributes: Attributes, _: int) -> None:
        path.append(local(name))
        if len(path) > _DEEPEST:
            return
        if path[1:] == ["metadataTypes", "metadataType"]:
            types.append(attributes.get("name", ""))
        elif path[1:] == ["cellMetadata", "bk"]:
            records.append([])
        elif path[1:] == ["cellMetadata", "bk", "rc"]:
            records[-1].append(int(attributes.get("t", 0)))

    def end(_: str, __: int) -> None:
        path.pop()

    parse(data, where, start, end)
    dynamic = types.index(_DYNAMIC_ARRAY) + 1 if _DYNAMIC_ARRAY in types else -1
    return frozenset(mark for mark, kinds in enumerate(records, 1) if dynamic in kinds)


def read_rich_marks(data: bytes, where: str) -> dict[int, int]:
    """A cell's `vm` (one-based) → the place of its rich value among all of them."""
    types: list[str] = []
    places: list[int] = []
    marks: dict[int, int] = {}
    path: list[str] = []
    future = ""
    number = 0

    def start(name: str, attributes: Attributes, _: int) -> None:
        nonlocal future, number
        path.append(local(name))
        if len(path) > _DEEPEST:
            return
        if path[1:] == ["metadataTypes", "metadataType"]:
            types.append(attributes.get("name", ""))
        elif path[1:] == ["futureMetadata"]:
            future = attributes.get("name", "")
        elif path[-1] == "rvb" and future == _RICH_VALUE:
            places.append(int(attributes.get("i", 0)))
        elif path[1:] == ["valueMetadata", "bk"]:
            number += 1
        elif path[1:] == ["valueMetadata", "bk", "rc"]:
            kind, place = int(attributes.get("t", 0)), int(attributes.get("v", 0))
            if types[kind - 1 : kind] == [_RICH_VALUE] and place < len(places):
                marks[number] = places[place]

    def end(_: str, __: int) -> None:
        path.pop()

    parse(data, where, start, end)
    return marks


def read_structures(data: bytes, where: str) -> list[tuple[str, list[str]]]:
    """(type, names of the fields) of each structure of rich values (MS-XLSX, 2.3.6)."""
    found: list[tuple[str, list[str]]] = []

    def start(name: str, attributes: Attributes, _: int) -> None:
        if local(name) == "s":
            found.append((attributes.get("t", ""), []))
        elif local(name) == "k":
            found[-1][1].append(attributes.get("n", ""))

    parse(data, where, start)
    return found


def read_rich_errors(
    data: bytes, where: str, structures: list[tuple[str, list[str]]]
) -> dict[int, ErrorCode]:
    """The place of a rich value → the error that it is; values of other kinds are left out."""
    errors: dict[int, ErrorCode] = {}
    fields: list[str] = []
    values: list[str] = []
    number = -1

    def start(name: str, attributes: Attributes, _: int) -> None:
        nonlocal fields, number
        if local(name) == "rv":
            number += 1
            place = int(attributes.get("s", 0))
            kind, names = structures[place] if place < len(structures) else ("", [])
            fields = names if kind == "_error" else []
            values.clear()
        elif local(name) == "v":
            values.append("")

    def text(characters: str) -> None:
        if values:
            values[-1] += characters

    def end(name: str, _: int) -> None:
        if local(name) == "rv" and "errorType" in fields:
            code = error_of_type(values[fields.index("errorType")])
            if code is not None:
                errors[number] = code

    parse(data, where, start, end, text)
    return errors


def error_of_type(text: str) -> ErrorCode | None:
    """The error with this type; None for a type that is not known."""
    number = int(text) if text.strip().isdecimal() else -1
    known = {code.value for code in ErrorCode}
    wanted = number + 1 if number >= _FIRST_NEW_ERROR else -1
    return ErrorCode(wanted) if wanted in known else None
