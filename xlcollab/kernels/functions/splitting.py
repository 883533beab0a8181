"""Texts taken apart and put together: TEXTSPLIT, regular expressions, values as formula text.

Regular expressions are Python's. A pattern that only Excel's engine (PCRE2) knows is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.text.patience import bounded
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError, flag, given, whole
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.operators import text_of
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import moved, single_cells
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, refuse, text, valuewise

Rows = list[list[Scalar]]
_POSIX_CLASS = re.compile(r"\[\[?:\^?\w+:\]")
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_MARK = re.compile(r"\$(\d+|\{\w+\}|\$)")


def _alone(function: Callable[..., Block]) -> Function:
    """A function whose error arguments are its result, of the copy that has them and no other."""

    def run(context: Context, *blocks: Block) -> Block:
        try:
            return function(context, *blocks)
        except ArgumentIsError as error:
            if any(block.shape[:2].numel() > 1 for block in blocks):
                raise RaggedError from None
            return context.error(error.code)

    return run


def _tabled(context: Context, tables: list[Rows], copies: tuple[int, int]) -> Block:
    """One table per copy as a block. Raises RaggedError where they differ in size."""
    height, width = len(tables[0]), len(tables[0][0])
    if any(len(table) != height or len(table[0]) != width for table in tables):
        raise RaggedError
    values = [value for table in tables for row in table for value in row]
    return context.block(values, (*copies, height, width))


def _per_copy(context: Context, block: Block) -> list[str]:
    """The text of each copy, of an array its first. Raises ArgumentIsError."""
    first = moved(block, lambda values: values[..., :1, :1])
    return [text(context, value) for value in context.values(first)]


def _marks(context: Context, block: Block | None) -> list[str]:
    """Delimiters, the same for all copies. Raises RaggedError, ArgumentIsError."""
    if not given(block):
        return []
    found = []
    for cell in single_cells(block):
        texts = _per_copy(context, cell)
        if len(set(texts)) > 1:
            raise RaggedError
        found.append(texts[0])
    if "" in found:
        raise refuse()
    return found


def _cut(source: str, marks: list[str], *, fold: bool, skip: bool) -> list[str]:
    """The pieces between the marks, longer marks first; `skip` leaves out empty ones."""
    if not marks:
        return [source]
    pattern = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
    pieces = re.split(pattern, source, flags=re.IGNORECASE if fold else 0)
    return [piece for piece in pieces if piece] if skip else pieces


def text_split(
    context: Context,
    source: Block,
    columns: Block,
    rows: Block | None = None,
    skip_empty: Block | None = None,
    mode: Block | None = None,
    filler: Block | None = None,
) -> Block:
    """TEXTSPLIT(text, column marks, [row marks], [skip empty], [mode], [pad with])."""
    across, down = _marks(context, columns), _marks(context, rows)
    if not across and not down:
        raise refuse()
    fold, skip = whole(context, mode, 0) == 1, flag(context, skip_empty)
    pad: Scalar = ErrorCode.NA
    if given(filler):
        (pad, *more) = context.values(filler)
        if any(other != pad for other in more):
            raise RaggedError
    tables = []
    for one in _per_copy(context, source):
        lines = _cut(one, down, fold=fold, skip=skip)
        cut = [line for line in (_cut(x, across, fold=fold, skip=skip) for x in lines) if line]
        if not cut:
            raise refuse(ErrorCode.CALC)
        width = max(map(len, cut))
        tables.append([[*line, *[pad] * (width - len(line))] for line in cut])
    return _tabled(context, tables, (source.shape[0], source.shape[1]))


def compiled_pattern(pattern: str, fold: int) -> re.Pattern[str]:
    """The pattern, case ignored if `fold`. Raises UnsupportedError for what Python does not know,
    ArgumentIsError for a pattern that is none."""
    if fold not in (0, 1):
        raise refuse()
    if _POSIX_CLASS.search(pattern):
        raise UnsupportedError(f"the pattern {pattern!r} uses POSIX classes; write \\d or a-z")
    try:
        return re.compile(_NAMED_GROUP.sub("(?P<", pattern), re.IGNORECASE if fold else 0)
    except re.error as error:
        if error.msg.startswith(("bad escape", "unknown extension", "global flags", "look-behind")):
            raise UnsupportedError(f"the pattern {pattern!r}: {error.msg}") from None
        raise refuse() from None


def _tested(source: str, pattern: str, fold: int = 0) -> bool:
    """REGEXTEST(text, pattern, [case])."""
    return occurs(pattern, source, fold)


def occurs(pattern: str, source: str, fold: int = 0) -> bool:
    """Whether a pattern is found in a text."""
    known = compiled_pattern(pattern, fold)
    with bounded(pattern):
        return known.search(source) is not None


def _extracted(source: str, pattern: str, mode: int, fold: int) -> list[Scalar]:
    """The first match, all of them, or the groups of the first."""
    known = compiled_pattern(pattern, fold)
    with bounded(pattern):
        found = list(known.finditer(source)) if mode == 1 else [known.search(source)]
    first = found[0] if found else None
    if mode not in (0, 1, 2):
        raise refuse()
    if first is None:
        raise refuse(ErrorCode.NA)
    if mode == 0:
        return [first[0]]
    if mode == 1:
        return [match[0] for match in found if match is not None]
    if not known.groups:
        raise refuse()
    return [group or "" for group in first.groups()]


def regex_extract(
    context: Context,
    source: Block,
    pattern: Block,
    mode: Block | None = None,
    fold: Block | None = None,
) -> Block:
    """REGEXEXTRACT(text, pattern, [mode], [case]); all matches and groups stand side by side."""
    kind, ignoring = whole(context, mode, 0), whole(context, fold, 0)
    if kind == 0:

        def first(one: str, wanted: str) -> Scalar:
            return _extracted(one, wanted, 0, ignoring)[0]

        return valuewise(first, text)(context, source, pattern)
    copies = (max(source.shape[0], pattern.shape[0]), max(source.shape[1], pattern.shape[1]))
    if copies != (1, 1):
        raise RaggedError
    one, wanted = _per_copy(context, source)[0], _per_copy(context, pattern)[0]
    return _tabled(context, [[_extracted(one, wanted, kind, ignoring)]], copies)


def _replaced(source: str, pattern: str, new: str, which: int = 0, fold: int = 0) -> str:
    """REGEXREPLACE(text, pattern, new, [occurrence], [case]); `$1` and `${name}` are groups;
    occurrence 0 means all, a negative one counts from the end."""
    known = compiled_pattern(pattern, fold)
    with bounded(pattern):
        matches = list(known.finditer(source))
    if which:
        place = which - 1 if which > 0 else len(matches) + which
        matches = matches[place : place + 1] if 0 <= place < len(matches) else []
    done, parts = 0, []
    for match in matches:
        parts += [source[done : match.start()], _filled(match, new)]
        done = match.end()
    return "".join([*parts, source[done:]])


def _filled(match: re.Match[str], new: str) -> str:
    """The replacement of one match. A group that is not there is #VALUE!."""

    def group(mark: re.Match[str]) -> str:
        name = mark[1].strip("{}")
        if name == "$":
            return "$"
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            raise refuse() from None

    return _MARK.sub(group, new)


def _shown(value: Scalar) -> str:
    """A value as text, errors too."""
    return value.text if isinstance(value, ErrorCode) else str(text_of(value))


def _spelled(value: Scalar) -> str:
    """A value as it is written in a formula: texts in quotes."""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return _shown(value)


def _any(context: Context, value: Scalar) -> Scalar:
    """The value itself, errors too."""
    del context
    return value


def _style(form: int) -> Callable[[Scalar], str]:
    """0 is the short form, 1 the strict one."""
    if form not in (0, 1):
        raise refuse()
    return _spelled if form else _shown


def _value_to_text(value: Scalar, form: int = 0) -> str:
    """VALUETOTEXT(value, [form])."""
    return _style(form)(value)


def array_to_text(context: Context, array: Block, form: Block | None = None) -> Block:
    """ARRAYTOTEXT(array, [form]): a list, or with form 1 an array constant."""
    strict = whole(context, form, 0)
    if array.lone and array.kind is Kind.ERROR:
        return array
    style = _style(strict)
    width = array.shape[3]
    if array.shape[2:].numel() > _LONGEST:
        return context.error(ErrorCode.VALUE)

    def joined(*values: Scalar) -> str:
        shown = [style(value) for value in values]
        lines = [",".join(shown[i : i + width]) for i in range(0, len(shown), width)]
        whole = "{" + ";".join(lines) + "}" if strict else ", ".join(shown)
        if len(whole) > _LONGEST:
            raise refuse()
        return whole

    return valuewise(joined, _any)(context, *single_cells(array))


_LONGEST = 32767
"""Characters of a text in a cell ("Excel specifications and limits", Microsoft's page)."""

_row = partial(function, category="text", shape=Shape.STEPS, elementwise=True)


FUNCTIONS: tuple[Record, ...] = (
    _row("TEXTSPLIT", "VV|VVVV", _alone(text_split), elementwise=False, picks=True),
    _row("REGEXTEST", "VV|V", valuewise(_tested, text, text, integer)),
    _row("REGEXEXTRACT", "VV|VV", _alone(regex_extract), elementwise=False, picks=True),
    _row("REGEXREPLACE", "VVV|VV", valuewise(_replaced, text, text, text, integer)),
    _row("VALUETOTEXT", "V|V", valuewise(_value_to_text, _any, integer)),
    _row("ARRAYTOTEXT", "A|V", _alone(array_to_text), elementwise=False, beyond=Beyond.EACH),
)
