"""What is wrong with a constraint as somebody typed it: found before a model is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from xlcollab.errors import FormulaSyntaxError, ModelError, UsageError
from xlcollab.formula.nodes import Binary, Name, Node
from xlcollab.formula.parser import parse
from xlcollab.grid import Workbook
from xlcollab.problems.solver_model.areas import find_name
from xlcollab.problems.solver_model.constraints import read_number
from xlcollab.settings.near import meant

EXAMPLES = "such as 'A1:A9<=B1:B9', 'C1>=0' or 'D1:D3=integer'"
_FIRST_SIGN = re.compile(r"[<>=!≤≥]+")
_OTHER_SIGNS: Mapping[str, str] = {
    "=>": "=> is no sign; write >=",
    "=<": "=< is no sign; write <=",
    "!=": "!= is no sign of a constraint; those are <=, = and >=",
    "<>": "<> is no sign of a constraint; those are <=, = and >=",
    "≤": "≤ is typed <=",
    "≥": "≥ is typed >=",
}
"""Signs as programming languages, mathematics or slips write them, and what is said of them."""
_COMMA = re.compile(r"[-+]?\d+[,;]\d+\Z")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:(?P<sign>[., '])\d{3})(?:(?P=sign)\d{3})*(?:[.,]\d+)?\Z")
_WITH_CURRENCY = re.compile(r"[€$£¥]? *(?P<number>[-+]?\d+(?:\.\d+)?) *[€$£¥]?\Z")
_COMPARISONS = frozenset(("=", "<>", "<", "<=", ">", ">="))
_ONE_EACH = "write one --subject-to for each constraint"
_MEANT: Mapping[str, str] = {
    "whole": "integer",
    "discrete": "integer",
    "round": "integer",
    "bool": "binary",
    "boolean": "binary",
    "different": "alldifferent",
    "distinct": "alldifferent",
    "unique": "alldifferent",
}
"""What people say of cells, and the words for it."""


def refuse_whole(text: str) -> NoReturn:
    """Raises UsageError for what is no constraint at all."""
    first = _FIRST_SIGN.search(text)
    strict = first is not None and first[0] in ("<", ">")
    border = f"; {first[0]} leaves out the border: write {first[0]}=" if first and strict else ""
    raise UsageError(
        f"constraint {text!r} is none: cells, then <=, = or >=, then a number, cells or a formula"
        f" were expected, {EXAMPLES}{border}"
    )


def refuse_beginning(text: str, left: str) -> None:
    """Raises UsageError for a sign that no constraint has, ModelError for a left side that is no
    name of cells; `left` is what stands before the first sign that one has."""
    first = _FIRST_SIGN.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", text))
    if first is not None and first[0] in _OTHER_SIGNS:
        raise UsageError(f"constraint {text!r}: {_OTHER_SIGNS[first[0]]}")
    if read_number(left) is not None:
        turned = f"cells stand on the left, a number on the right{_turned(text, left)}"
        raise ModelError(f"constraint {text!r}: the left side is {left.strip()!r}: {turned}")
    if re.search(r"\w\(", re.sub(r"'[^']*'", "", left)):
        raise ModelError(
            f"constraint {text!r}: the left side is {left.strip()!r}: cells stand there; put the"
            " formula into a cell, and name that"
        )


def _turned(text: str, left: str) -> str:
    """The same the other way round, where there is one sign."""
    signs = re.findall(r"<=|>=|=", text)
    if len(signs) != 1:
        return f"; {_ONE_EACH}"
    right = text.partition(signs[0])[2].strip()
    other = {"<=": ">=", ">=": "<="}.get(signs[0], signs[0])
    return f"; write {right}{other}{left.strip()}"


def refuse_unclear(workbook: Workbook, sheet: str, text: str, right: str) -> None:
    """Raises UsageError for a right side, neither a number nor cells, that is no formula which
    this workbook can work out to a number."""
    what = f"constraint {text!r}: the right side is {right.strip()!r}"
    if _COMMA.match(right.strip()):
        point = re.sub("[,;]", ".", right.strip())
        raise UsageError(f"{what}: no number; write {point}: decimals stand behind a point")
    plain = _plain(right.strip())
    if plain:
        raise UsageError(f"{what}: no number; write {plain}")
    try:
        node = parse(right, 0, 0)
    except FormulaSyntaxError as error:
        several = re.search(r"<=|>=|=", right)
        advice = _ONE_EACH if several else f"write it {EXAMPLES}"
        first = str(error).splitlines()[0].removesuffix(" of the formula:")
        raise UsageError(f"{what}: no number, no cells and no formula: {first}; {advice}") from None
    _refuse_node(workbook, sheet, node, what)


def _plain(typed: str) -> str:
    """A number with a sign between its thousands, or with a currency, as it is written; "" for
    others."""
    found = _WITH_CURRENCY.match(typed)
    if found is not None:
        return found["number"] if found["number"] != typed else ""
    match = _THOUSANDS.match(typed)
    if match is None or match["sign"] == ".":
        return typed.replace(".", "").replace(",", ".") if match and "," in typed else ""
    return typed.replace(match["sign"], "").replace(",", ".")


def _refuse_node(workbook: Workbook, sheet: str, node: Node, what: str) -> None:
    if isinstance(node, Binary) and node.operator in (*_COMPARISONS, ","):
        told = "no single number or formula"
        raise UsageError(f"{what}: {told}; {_ONE_EACH}")
    if isinstance(node, Name) and find_name(workbook, node.name, sheet) is None:
        word = _MEANT.get(node.name.casefold())
        words = ("integer", "binary", "alldifferent")
        near = f"; did you mean {word}?" if word else meant(node.name, words)
        raise UsageError(
            f"{what}: no number, no cells and no name of this workbook"
            f"{near or '; the words for kinds of cells are ' + ', '.join(words)}"
        )
