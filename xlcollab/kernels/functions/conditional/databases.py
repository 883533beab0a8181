"""Aggregates of the records of a list that fit criteria: DSUM and its kin.

The first row of the list and of the criteria names the columns. A record fits if it fits all
criteria of one row. A text without an operator fits what begins with it; an empty criterion
everything; one under a name that no column has fits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.functions.conditional.criteria import asked, cells, fits
from xlcollab.kernels.functions.lookup.search import keys_of
from xlcollab.kernels.functions.statistics import reduce
from xlcollab.kernels.functions.statistics.reduce import error_where
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.text.texts import number_from_text
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context, first_code, spread_shape
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.operators import text_of
from xlcollab.kernels.values.record import Record, by_name, function
from xlcollab.kernels.values.shapes import full
from xlcollab.kernels.values.tape import Function

_OPERATORS = "<>="
_RECORDS = by_name(reduce.FUNCTIONS)


def _cut(block: Block, rows: slice, columns: slice) -> Block:
    whole = full(block)
    kind = whole.kind[:, :, rows, columns] if isinstance(whole.kind, torch.Tensor) else whole.kind
    return Block(whole.number[:, :, rows, columns], kind, cells=True)


def _beginnings(context: Context, criteria: Block) -> Block:
    """The criteria, texts without an operator as patterns of what begins with them."""
    texts = criteria.mask(Kind.TEXT)
    number = criteria.number.detach().expand(criteria.shape)
    for index in torch.unique(number[texts.expand(criteria.shape)].long()).tolist():
        text = context.texts[index]
        if not text or text[0] in _OPERATORS or text.upper() in ("TRUE", "FALSE"):
            continue
        if number_from_text(text, context.date1904) is None:
            pattern = float(context.texts.add(text + "*"))
            number = torch.where(texts & (number == index), pattern, number)
    return Block(number, criteria.kind, cells=True)


def _same_names(context: Context, names: Block, others: Block) -> Tensor:
    """(R, C, names, others): which names are the same as texts, case aside."""
    mine, other = (keys_of(context, _written(context, block)) for block in (names, others))
    kind, key = mine.kind[..., None], mine.key[..., None]
    return (kind == other.kind[:, :, None]) & (key == other.key[:, :, None])


def _written(context: Context, block: Block) -> Block:
    """Numbers and booleans as the texts they show: a name "1" is that of the column 1."""
    if not bool((block.mask(Kind.NUMBER) | block.mask(Kind.BOOLEAN)).any()):
        return block
    shown = context.values(full(block))
    values: list[Scalar] = [value if value is None else text_of(value) for value in shown]
    return context.block(values, block.shape)


def _fitting(context: Context, records: Block, heads: Block, criteria: Block) -> Tensor:
    """(R, C, n): the records that fit."""
    wanted = _beginnings(context, _cut(criteria, slice(1, None), slice(None)))
    empty = wanted.mask(Kind.BLANK) | (
        wanted.mask(Kind.TEXT) & (wanted.number == context.texts.add(""))
    )
    columns = range(wanted.shape[3])
    asking = [asked(context, _cut(wanted, slice(None), slice(j, j + 1))) for j in columns]
    names = _cut(criteria, slice(0, 1), slice(None))
    same = _same_names(context, names, heads)
    listed = [
        cells(context, _cut(records, slice(None), slice(k, k + 1))) for k in range(records.shape[3])
    ]
    rows = torch.ones((), dtype=torch.bool)
    for j, one in enumerate(asking):
        fitting, open_ = torch.zeros((), dtype=torch.bool), torch.ones_like(same[:, :, j, 0])
        for k, column in enumerate(listed):
            here = same[:, :, j, k] & open_
            if bool(here.any()):
                fit = fits(context, column, one, one.which)
                fitting = torch.where(here[..., None, None], fit, fitting)
            open_ = open_ & ~here
        rows = rows & (fitting | empty[:, :, :, j, None])
    return rows.any(2).expand(*rows.shape[:2], records.shape[2])


def _column(context: Context, heads: Block, field: Block) -> tuple[Tensor, Tensor | None]:
    """(the place of the field's column, error codes), both of shape (R, C)."""
    codes = context.codes(field)
    texts = field.mask(Kind.TEXT)[..., 0, 0]
    named = _same_names(context, _cut(field, slice(0, 1), slice(0, 1)), heads)[:, :, 0]
    width = heads.shape[3]
    place = torch.where(named.any(-1), named.to(torch.uint8).argmax(-1), -1)
    numbers = torch.trunc(field.number.detach()[..., 0, 0]).nan_to_num(0.0).clamp(0, width + 1)
    place = torch.where(texts, place, numbers.long() - 1)
    wrong = error_where((place < 0) | (place >= width), ErrorCode.VALUE)
    own = None if codes is None else codes[..., 0, 0]
    return place.clamp(0, width - 1), first_code(own, wrong)


def _chosen(
    context: Context, table: Block, field: Block | None, criteria: Block
) -> tuple[Block, Tensor, Tensor | None]:
    """(the field of the records that fit and blanks, which fit, error codes). Without a field each
    record that fits is 1."""
    heads = _cut(table, slice(0, 1), slice(None))
    records = _cut(table, slice(1, None), slice(None))
    rows = _fitting(context, records, heads, criteria)
    if not given(field):
        ones = rows.to(context.dtype)[..., None]
        kinds = torch.where(rows, int(Kind.NUMBER), int(Kind.BLANK)).to(torch.uint8)
        return Block(ones, kinds[..., None], cells=True), rows, None
    place, codes = _column(context, heads, field)
    family = spread_shape(place.shape, rows.shape[:2], records.shape[:2])
    rows = rows.expand(*family, rows.shape[-1])
    where = place.expand(family)[..., None, None].expand(*rows.shape, 1)
    number = records.number.expand(*family, *records.shape[2:]).gather(-1, where)
    kinds = records.kinds().expand(*family, *records.shape[2:]).gather(-1, where)
    kinds = torch.where(rows[..., None], kinds, int(Kind.BLANK)).to(torch.uint8)
    number = torch.where(rows[..., None], number, 0.0)
    return Block(number, kinds, cells=True), rows, codes


def _complete(table: Block, field: Block, criteria: Block) -> bool:
    """Whether there are records, criteria and at most one field."""
    return table.shape[2] > 1 and criteria.shape[2] > 1 and field.shape[2:].numel() == 1


def database(name: str) -> Function:
    """The aggregate `name` of what is chosen; a list or criteria without rows are #VALUE!."""
    aggregate = _RECORDS[name].operation.function

    def run(context: Context, table: Block, field: Block, criteria: Block) -> Block:
        if not _complete(table, field, criteria):
            return context.error(ErrorCode.VALUE)
        values, _, codes = _chosen(context, table, field, criteria)
        found = aggregate(context, values)
        return context.with_errors(found, None if codes is None else codes[..., None, None])

    return run


def only_one(context: Context, table: Block, field: Block, criteria: Block) -> Block:
    """DGET: the value of the one record that fits; none is #VALUE!, more are #NUM!."""
    if not _complete(table, field, criteria):
        return context.error(ErrorCode.VALUE)
    values, rows, codes = _chosen(context, table, field, criteria)
    where = rows.to(torch.uint8).argmax(-1)[..., None, None]
    number = values.number.expand(values.shape).gather(2, where)
    found = Block(number, values.kinds().gather(2, where))
    count = rows.sum(-1)
    none, many = error_where(count == 0, ErrorCode.VALUE), error_where(count > 1, ErrorCode.NUM)
    wrong = first_code(codes, none, many)
    return context.with_errors(found, None if wrong is None else wrong[..., None, None])


def _records(constants: Sequence[Block | None]) -> Beyond:
    """DCOUNT and DCOUNTA count blank records where no field is named."""
    return Beyond.SHOWN if given(constants[1]) else Beyond.EACH


_row = partial(function, category="conditional", shape=Shape.KINKS)

FUNCTIONS: tuple[Record, ...] = (
    _row("DSUM", "RRR", database("SUM"), beyond=Beyond.SHOWN),
    _row("DAVERAGE", "RRR", database("AVERAGE"), beyond=Beyond.SHOWN),
    _row("DCOUNT", "RRR", database("COUNT"), shape=Shape.STEPS, beyond=_records),
    _row("DCOUNTA", "RRR", database("COUNTA"), shape=Shape.STEPS, beyond=_records),
    _row("DMAX", "RRR", database("MAX"), beyond=Beyond.SHOWN),
    _row("DMIN", "RRR", database("MIN"), beyond=Beyond.SHOWN),
    _row("DPRODUCT", "RRR", database("PRODUCT"), beyond=Beyond.SHOWN),
    _row("DSTDEV", "RRR", database("STDEV.S"), beyond=Beyond.SHOWN),
    _row("DSTDEVP", "RRR", database("STDEV.P"), beyond=Beyond.SHOWN),
    _row("DVAR", "RRR", database("VAR.S"), beyond=Beyond.SHOWN),
    _row("DVARP", "RRR", database("VAR.P"), beyond=Beyond.SHOWN),
    _row("DGET", "RRR", only_one, picks=True, beyond=Beyond.SHOWN),
)
