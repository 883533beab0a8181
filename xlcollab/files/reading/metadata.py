"""The cell metadata part (ECMA-376 Part 1, 18.9): which `cm` values mark dynamic arrays."""

from __future__ import annotations

from xlcollab.files.package.markup import Attributes, local, parse

_DYNAMIC_ARRAY = "XLDAPR"
"""The metadata type of dynamic array properties (MS-XLSX, 2.2.4)."""


def read_dynamic_marks(data: bytes, where: str) -> frozenset[int]:
    """The values of a cell's `cm` (one-based) whose records are of the dynamic array type."""
    types: list[str] = []
    records: list[list[int]] = []
    path: list[str] = []

    def start(name: str, attributes: Attributes, _: int) -> None:
        path.append(local(name))
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
