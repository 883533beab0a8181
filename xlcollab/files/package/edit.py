"""Changes to a package, collected before anything is written: parts, relationships, types."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from itertools import count
from typing import IO

from xlcollab.files.package.markup import (
    Attributes,
    Splice,
    attribute,
    end_of_element,
    from_utf8,
    insert_last,
    local,
    parse,
    splice,
    to_utf8,
)
from xlcollab.files.package.package import (
    CONTENT_TYPES,
    Package,
    Relationship,
    parse_relationships,
    rels_name,
)
from xlcollab.files.package.spliced import Spliced
from xlcollab.files.package.zip_copy import write_package

_EMPTY_RELATIONSHIPS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships '
    b'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)


class PackageEdit:
    """A package with changes on top. XML goes in and out in UTF-8; parts keep their encoding."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._parts: dict[str, bytes | Spliced] = {}
        self._removed: set[str] = set()

    def names(self) -> set[str]:
        return ({*self._package.names} | {*self._parts}) - self._removed

    def __contains__(self, part: str) -> bool:
        folded = part.casefold()
        return any(name.casefold() == folded for name in self.names())

    def where(self, part: str) -> str:
        return self._package.where(part)

    def read_utf8(self, part: str) -> bytes:
        """The part as it stands after the changes so far."""
        data = self._parts.get(part)
        if data is None:
            return self._package.read_utf8(part)
        return data.whole() if isinstance(data, Spliced) else to_utf8(data, part)[0]

    def write_utf8(self, part: str, data: bytes | Spliced) -> None:
        """Replace or add a part; the encoding of the old one is kept."""
        codec = "utf-8"
        if part in self.names() and part not in self._parts:
            codec = self._package.codec(part)
        if codec != "utf-8":
            data = from_utf8(data.whole() if isinstance(data, Spliced) else data, codec)
        self._parts[part] = data
        self._removed.discard(part)

    def free_name(self, pattern: str) -> str:
        """The first name that no part has; `pattern` holds one "{}" for the number."""
        taken = {name.casefold() for name in self.names()}
        names = (pattern.format(number) for number in count(1))
        return next(name for name in names if name.casefold() not in taken)

    def relationships(self, part: str) -> dict[str, Relationship]:
        name = self._package.canonical(rels_name(part))
        if name not in self:
            return {}
        found = parse_relationships(self.read_utf8(name), part, self.where(name))
        canonical = self._package.canonical
        return {id_: one._replace(target=canonical(one.target)) for id_, one in found.items()}

    def relate(self, part: str, target: str, type_: str) -> str:
        """Add a relationship of full type `type_` from `part` to `target`; return its new id."""
        name = self._package.canonical(rels_name(part))
        data = self.read_utf8(name) if name in self else _EMPTY_RELATIONSHIPS
        taken = self.relationships(part)
        id_ = next(f"rId{number}" for number in count(1) if f"rId{number}" not in taken)
        relative = posixpath.relpath(f"/{target}", posixpath.dirname(f"/{part}"))
        child = f'Relationship Id="{id_}" Type="{type_}" Target="{attribute(relative)}"/>'
        self.write_utf8(name, insert_last(data, "Relationships", child))
        return id_

    def declare(self, part: str, content_type: str) -> None:
        """Give a part its content type (ECMA-376 Part 2, 10.1.2.2)."""
        child = f'Override PartName="/{attribute(part)}" ContentType="{content_type}"/>'
        data = insert_last(self.read_utf8(CONTENT_TYPES), "Types", child)
        self.write_utf8(CONTENT_TYPES, data)

    def unrelate(self, part: str, kinds: Iterable[str]) -> None:
        """Take away the relationships of `part`, which has some, whose type ends with one of
        `kinds`."""
        name = self._package.canonical(rels_name(part))
        doomed = {one.id for one in self.relationships(part).values() if one.type in kinds}
        data = self.read_utf8(name)
        self.write_utf8(name, _without(data, "Relationship", "Id", doomed, self.where(name)))

    def remove(self, parts: Iterable[str]) -> None:
        """Take parts away with their own relationships and content types."""
        doomed = set(parts)
        rels = {self._package.canonical(rels_name(part)) for part in doomed} & self.names()
        self._removed |= doomed | rels
        for part in doomed | rels:
            self._parts.pop(part, None)
        data = self.read_utf8(CONTENT_TYPES)
        names = {f"/{part}" for part in doomed}
        kept = _without(data, "Override", "PartName", names, self.where(CONTENT_TYPES))
        if kept != data:
            self.write_utf8(CONTENT_TYPES, kept)

    def reachable(self) -> set[str]:
        """The parts that relationships lead to from the package itself."""
        found, open_ = {""}, [""]
        while open_:
            for one in self.relationships(open_.pop()).values():
                if not one.external and one.target not in found:
                    found.add(one.target)
                    open_.append(one.target)
        return found - {""}

    def save(self, out: IO[bytes], kind: str = "") -> None:
        """Write the package; with a `kind` it is marked as a result of ours, which no part
        shows."""
        mark = (self._package.workbook_part if kind else "", kind)
        write_package(out, self._package.zip, self._parts, self._removed, mark)


def _without(data: bytes, element: str, key: str, values: set[str], where: str) -> bytes:
    """The document without the elements whose attribute `key` is one of `values`."""
    splices: list[Splice] = []
    begun: list[int] = []

    def start(name: str, attributes: Attributes, index: int) -> None:
        if local(name) == element and attributes.get(key) in values:
            begun.append(index)

    def end(name: str, index: int) -> None:
        if local(name) == element and begun:
            splices.append(Splice(begun.pop(), end_of_element(data, name, index), b""))

    parse(data, where, start, end)
    return splice(data, splices)
