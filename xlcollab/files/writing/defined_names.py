"""Defined names (ECMA-376 Part 1, 18.2.5) put into the workbook part, the rest as it was."""

from __future__ import annotations

from collections.abc import Sequence

from xlcollab.errors import WriteRefusedError
from xlcollab.files.package.markup import Splice, attribute, end_of_tag, is_empty_tag, splice
from xlcollab.files.package.package import Package
from xlcollab.files.reading.workbook_part import WorkbookPart, parse_workbook_part
from xlcollab.grid import DefinedName

_BEFORE = ("sheets", "functionGroups", "externalReferences")


def with_names(main: WorkbookPart, names: Sequence[DefinedName], package: Package) -> WorkbookPart:
    """The part with `names` in the place of those of the same name and scope.

    One whose text is empty is taken away. Raises WriteRefusedError for a scope that is no sheet.
    """
    old = {_key(name): span for name, span in zip(main.names, main.name_spans, strict=True)}
    splices, new = [], ""
    for name in names:
        element = _element(main, name) if name.text else ""
        if _key(name) in old:
            splices.append(Splice(*old[_key(name)], element.encode()))
        else:
            new += element
    if new:
        splices.append(_added(main, new))
    data = splice(main.data, splices)
    left = {_key(name) for name in main.names} - {_key(name) for name in names if not name.text}
    if not left and not new:
        data = _without_list(data, main)
    return parse_workbook_part(package, main.part, data)


def _key(name: DefinedName) -> tuple[str, str]:
    return name.name.casefold(), (name.sheet or "").casefold()


def _element(main: WorkbookPart, name: DefinedName) -> str:
    scope = "" if name.sheet is None else f' localSheetId="{_position(main, name.sheet)}"'
    hidden = ' hidden="1"' if name.hidden else ""
    tag = f"{main.prefix}definedName"
    text = attribute(name.text).replace("&quot;", '"')
    return f'<{tag} name="{attribute(name.name)}"{scope}{hidden}>{text}</{tag}>'


def _position(main: WorkbookPart, sheet: str) -> int:
    places = [one.name.casefold() for one in main.sheets]
    if sheet.casefold() not in places:
        raise WriteRefusedError(f"a name for the sheet {sheet!r} was given, and there is no such")
    return places.index(sheet.casefold())


def _added(main: WorkbookPart, elements: str) -> Splice:
    """New names behind the others, or as a list of their own."""
    tag = f"{main.prefix}definedNames"
    if "definedNames" not in main.tags:
        at = max(main.ends.get(name, 0) for name in _BEFORE)
        return Splice(at, at, f"<{tag}>{elements}</{tag}>".encode())
    start, tag_end = main.tags["definedNames"]
    if is_empty_tag(main.data, end_of_tag(main.data, start)):
        return Splice(start, tag_end, f"<{tag}>{elements}</{tag}>".encode())
    at = main.data.rindex(b"</", start, main.ends["definedNames"])
    return Splice(at, at, elements.encode())


def _without_list(data: bytes, main: WorkbookPart) -> bytes:
    """A list of names must not be empty."""
    tag = f"{main.prefix}definedNames".encode()
    start, end = data.find(b"<" + tag), data.find(b"</" + tag)
    if start < 0 or end < 0:
        return data
    return data[:start] + data[end_of_tag(data, end) :]
