"""Structured references: text ⇄ node (ECMA-376 Part 1, 18.17.2.5)."""

from __future__ import annotations

import re

from xlcollab.formula.nodes import Structured

ITEMS = {
    "all": "#All",
    "data": "#Data",
    "headers": "#Headers",
    "totals": "#Totals",
    "this row": "#This Row",
}

_PART = re.compile(r"\s*\[((?:[^\[\]']|'.)*+)\]\s*([,:]|\Z)", re.DOTALL)
_ESCAPED = re.compile(r"'(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r"(['\[\]#@])")
_PLAIN_COLUMN = re.compile(r"\w(?:[\w ]*\w)?\Z")


def read_structured(text: str) -> Structured | None:
    """`Table1[[#This Row],[a b]:[c]]`, `Table1[@a]`, `[@a]` …; None when the text is no such."""
    table, _, rest = text.partition("[")
    inner = rest[:-1].strip()
    if not inner:
        return Structured(table)
    if inner == "@":
        return Structured(table, ("this row",))
    if inner.startswith("@"):
        found = read_structured(f"{table}[{inner[1:]}]")
        if found is None or found.items:
            return None
        return Structured(table, ("this row",), found.first_column, found.last_column)
    if inner.startswith("["):
        return _read_parts(table, inner)
    if inner.startswith("#"):
        return _read_parts(table, f"[{inner}]")
    return Structured(table, (), _unescaped(inner))


def _read_parts(table: str, inner: str) -> Structured | None:
    """parts = part {"," part}, part = "[#item]" | "[column]" | "[column]:[column]"."""
    items: list[str] = []
    columns: list[str] = []
    position = 0
    joint = ","
    while joint:
        match = _PART.match(inner, position)
        if not match:
            return None
        content, position = match[1], match.end()
        if content.startswith("#"):
            items.append(content[1:].lower())
        elif not columns or (joint == ":" and len(columns) == 1):
            columns.append(_unescaped(content))
        else:
            return None
        joint = match[2]
    if position != len(inner) or not all(item in ITEMS for item in items):
        return None
    first, last = (*columns, None, None)[:2]
    return Structured(table, tuple(items), first, last)


def structured_text(node: Structured) -> str:
    """The spelling that files use, without the `@` of the formula bar."""
    parts = [f"[{ITEMS[item]}]" for item in node.items]
    columns = [f"[{_escaped(name)}]" for name in _columns(node)]
    if columns:
        parts.append(":".join(columns))
    if not parts:
        return f"{node.table}[]"
    if len(parts) == 1 and (node.items or _is_plain(node)):
        return node.table + parts[0]
    return f"{node.table}[{','.join(parts)}]"


def _columns(node: Structured) -> list[str]:
    return [name for name in (node.first_column, node.last_column) if name is not None]


def _is_plain(node: Structured) -> bool:
    columns = _columns(node)
    return len(columns) == 1 and bool(_PLAIN_COLUMN.match(columns[0]))


def _escaped(name: str) -> str:
    return _TO_ESCAPE.sub(r"'\1", name)


def _unescaped(name: str) -> str:
    return _ESCAPED.sub(r"\1", name)
