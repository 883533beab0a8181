"""The zip package of a workbook (ECMA-376 Part 2): guards, parts, relationships, content types."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import Attributes, codec_of, local, parse, to_utf8

MIB = 1 << 20
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a package may be and unpack, in bytes: such a workbook reads in a few GB."""

    file: int = 1536 * MIB
    part: int = 768 * MIB
    total: int = 1536 * MIB
    ratio: int = 300
    """Unpacked by packed size, asked only of parts beyond `ratio_from`: large sheets of filled-down
    formulas reach about 60, a zip bomb 1000."""
    ratio_from: int = 16 * MIB
    members: int = 65_000


LIMITS = Limits()
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
    struct.error,
)
"""What zipfile raises on bytes that lie."""
CONTENT_TYPES = "[Content_Types].xml"
_HEAD = 1 << 16
"""Bytes within which a part says what it is written in."""


class Relationship(NamedTuple):
    """One `<Relationship>` of a part; `target` is the part's name in the zip."""

    id: str
    type: str
    """The last segment of the type's address: "worksheet", "table", … the same in Strict files."""
    target: str
    external: bool


class Package:
    """An open workbook file. Part names have no leading slash and are found in any case; some zip
    programs of Windows write backslashes in them, which are read as slashes.

    `data` are the bytes of the file, `path` is what messages call it. Raises NotAWorkbookError,
    saying what the file is instead, if it is no package.
    """

    def __init__(self, path: Path, data: bytes, limits: Limits = LIMITS) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGED as error:
            raise NotAWorkbookError(
                f"{path.name} is a damaged or cut-off zip package ({error}); "
                "copy it again from where it came from"
            ) from None
        for info in self.zip.infolist():
            info.filename = info.filename.replace("\\", "/")
        self._relationships: dict[str, dict[str, Relationship]] = {}
        """Those that were asked for, by part."""
        self._members = {info.filename.casefold(): info for info in self.zip.infolist()}
        try:
            self._refuse_unsafe(limits)
        except NotAWorkbookError:
            self.close()
            raise

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.zip.close()

    @property
    def names(self) -> list[str]:
        """Part names in the order of the file."""
        return [info.filename for info in self.zip.infolist()]

    def __contains__(self, part: str) -> bool:
        return part.casefold() in self._members

    def canonical(self, part: str) -> str:
        """The part's name in the case the zip has it; names that differ in case are the same."""
        info = self._members.get(part.casefold())
        return info.filename if info else part

    def where(self, part: str) -> str:
        """How messages name a part."""
        return f"{self.path.name}: part {part}"

    def read(self, part: str, most: int | None = None) -> bytes:
        """The bytes of a part, or the first of them, `most` at most. Raises NotAWorkbookError if it
        is missing or damaged."""
        info = self._members.get(part.casefold())
        if info is None:
            raise NotAWorkbookError(f"{self.where(part)} is missing, though the workbook names it")
        try:
            with self.zip.open(info) as member:
                # No more than it declares: without a number, zipfile unpacks whatever there is.
                return member.read(info.file_size + 1 if most is None else most)
        except DAMAGED as error:
            raise NotAWorkbookError(f"{self.where(part)} is damaged: {error}") from None

    def read_utf8(self, part: str) -> bytes:
        """The XML of a part in UTF-8, whatever it is written in."""
        return to_utf8(self.read(part), self.where(part))[0]

    def codec(self, part: str) -> str:
        """What the XML of a part is written in."""
        return codec_of(self.read(part, _HEAD))

    def relationships(self, part: str) -> dict[str, Relationship]:
        """{id: relationship} of a part; "" is the package itself. Empty if it has none."""
        if part not in self._relationships:
            self._relationships[part] = self._read_relationships(part)
        return self._relationships[part]

    def _read_relationships(self, part: str) -> dict[str, Relationship]:
        rels_part = rels_name(part)
        if rels_part not in self:
            return {}
        found = parse_relationships(self.read_utf8(rels_part), part, self.where(rels_part))
        return {id_: one._replace(target=self.canonical(one.target)) for id_, one in found.items()}

    @cached_property
    def workbook_part(self) -> str:
        """The main part. Raises NotAWorkbookError for packages of another kind."""
        targets = [
            one.target for one in self.relationships("").values() if one.type == "officeDocument"
        ]
        if not targets or CONTENT_TYPES not in self:
            raise NotAWorkbookError(
                f"{self.path.name} is a zip file but no workbook: it has no "
                f"{CONTENT_TYPES if targets else 'relationship to a main part'}"
            )
        main = targets[0]
        if main.endswith(".bin"):
            raise NotAWorkbookError(
                f"{self.path.name} is a binary workbook (.xlsb); save it as .xlsx or .xlsm first"
            )
        return main

    def _refuse_unsafe(self, limits: Limits) -> None:
        infos = self.zip.infolist()
        name = self.path.name
        if "content.xml" in self and "mimetype" in self:
            raise NotAWorkbookError(
                f"{name} is an OpenDocument file (.ods); save it as .xlsx first"
            )
        self._refuse_two_versions(infos)
        if len(infos) > limits.members:
            raise NotAWorkbookError(f"{name} holds {len(infos)} parts; {limits.members} may be")
        total = sum(info.file_size for info in infos)
        if total > limits.total:
            raise NotAWorkbookError(
                f"{name} unpacks to {_mb(total)}; at most {_mb(limits.total)} are read"
            )
        for info in infos:
            self._refuse_unsafe_member(info, limits)

    def _refuse_two_versions(self, infos: list[zipfile.ZipInfo]) -> None:
        """A part that stands twice in the file must hold the same both times."""
        for info in infos:
            other = self._members[info.filename.casefold()]
            if (info.CRC, info.file_size) != (other.CRC, other.file_size):
                raise NotAWorkbookError(
                    f"{self.path.name} holds a part twice, {info.filename}, and not the same, so "
                    "it is unclear which one counts; save the workbook anew in Excel"
                )

    def _refuse_unsafe_member(self, info: zipfile.ZipInfo, limits: Limits) -> None:
        part = self.where(info.filename)
        if info.flag_bits & 1:
            raise NotAWorkbookError(f"{part} is encrypted; save the workbook without a password")
        if ".." in info.filename.split("/") or info.filename.startswith("/"):
            raise NotAWorkbookError(f"{part} has a path that leads out of the package")
        if info.file_size > limits.part:
            raise NotAWorkbookError(
                f"{part} unpacks to {_mb(info.file_size)}; at most {_mb(limits.part)} are read"
            )
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotAWorkbookError(
                f"{part} is packed in a way that no workbook is (method {info.compress_type}); "
                "open it in a spreadsheet program and save it anew"
            )
        packed = max(info.compress_size, 1)
        if info.file_size > max(limits.ratio_from, limits.ratio * packed):
            raise NotAWorkbookError(
                f"{part} unpacks from {_mb(packed)} to {_mb(info.file_size)}, more than "
                f"{limits.ratio} times: that is how a zip bomb looks, so the file is not read"
            )


def rels_name(part: str) -> str:
    """ "xl/workbook.xml" → "xl/_rels/workbook.xml.rels"."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def parse_relationships(data: bytes, part: str, where: str) -> dict[str, Relationship]:
    """{id: relationship}; targets are resolved against the folder of `part`."""
    found: dict[str, Relationship] = {}
    folder = posixpath.dirname(part)

    def start(name: str, attributes: Attributes, _: int) -> None:
        if local(name) != "Relationship":
            return
        try:
            id_, kind, target = (attributes[key] for key in ("Id", "Type", "Target"))
        except KeyError as error:
            raise NotAWorkbookError(f"{where} has a relationship without {error}") from None
        external = attributes.get("TargetMode") == "External"
        if not external:
            target = target.replace("\\", "/")
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        found[id_] = Relationship(id_, kind.rpartition("/")[2], target, external)

    parse(data, where, start)
    return found


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
