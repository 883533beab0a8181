"""The criteria of SUMIF, COUNTIFS and their kin: how they are written and what fits them.

A criterion is a value, or a text of an operator and a value: `">=5"`, `"<>apple"`, `"a*"`. A text
that reads as a number equals that number, but is not left out by <>; the texts TRUE and FALSE are
no truth values. Only = and <> know wildcards; "" fits blanks and empty texts, "=" blanks only, "<>"
all but blanks. Order comparisons look at values of the same type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.functions.lookup.search import Keys, fitting_texts, keys_of
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.text.texts import number_from_text
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.grouping import grouped

_OPERATOR = re.compile(r"(<>|<=|>=|=|<|>)?(.*)\Z", re.DOTALL)
_BOOLEANS = {"TRUE": 1.0, "FALSE": 0.0}


class Operand(IntEnum):
    """What a criterion compares with: a value of a `Kind` (the same numbers), or else."""

    BLANK = Kind.BLANK
    NUMBER = Kind.NUMBER
    TEXT = Kind.TEXT
    BOOLEAN = Kind.BOOLEAN
    ERROR = Kind.ERROR
    EMPTY = 5
    """A blank or an empty text."""
    PATTERN = 6
    """A text with wildcards."""
    NOTHING = 7
    """Nothing fits."""


_COMPARISONS: tuple[tuple[str, Callable[[Tensor, Tensor], Tensor]], ...] = (
    ("=", calls.eq),
    ("<>", calls.ne),
    ("<", calls.lt),
    ("<=", calls.le),
    (">", calls.gt),
    (">=", calls.ge),
)
_NUMBERS = {sign: number for number, (sign, _) in enumerate(_COMPARISONS)}
_EQUAL, _UNEQUAL = _NUMBERS["="], _NUMBERS["<>"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """`operator` numbers `_COMPARISONS`; `number` is the operand as `grid.values` lays it out."""

    operator: int
    operand: Operand
    number: float = 0.0

    @property
    def is_equality(self) -> bool:
        """Whether each cell fits at most one such criterion."""
        return self.operator == _EQUAL and self.operand <= Operand.ERROR


def criterion(context: Context, value: Scalar) -> Criterion:
    """A value as a criterion; a blank cell means 0."""
    if isinstance(value, str):
        return _criterion_of_text(context, value)
    if isinstance(value, ErrorCode):
        return Criterion(_EQUAL, Operand.ERROR, float(value))
    if isinstance(value, bool):
        return Criterion(_EQUAL, Operand.BOOLEAN, float(value))
    return Criterion(_EQUAL, Operand.NUMBER, value or 0.0)


def _criterion_of_text(context: Context, text: str) -> Criterion:
    match = _OPERATOR.match(text)
    assert match is not None
    sign, rest = match.groups()
    operator = _NUMBERS[sign or "="]
    if rest == "":
        if sign is None:
            return Criterion(operator, Operand.EMPTY)
        known = operator in (_EQUAL, _UNEQUAL)
        return Criterion(operator, Operand.BLANK if known else Operand.NOTHING)
    number = number_from_text(rest, context.date1904)
    if number is not None:
        return Criterion(operator, Operand.NUMBER, number)
    if rest.upper() in _BOOLEANS:
        return Criterion(operator, Operand.BOOLEAN, _BOOLEANS[rest.upper()])
    if rest.startswith("#") and ErrorCode.from_text(rest).text == rest.upper():
        return Criterion(operator, Operand.ERROR, float(ErrorCode.from_text(rest)))
    wild = operator in (_EQUAL, _UNEQUAL) and ("*" in rest or "?" in rest)
    return Criterion(
        operator, Operand.PATTERN if wild else Operand.TEXT, float(context.texts.add(rest))
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Criteria per copy: `which` (R, C, q) numbers the distinct ones of `distinct`.

    `numbers` are the operands of `distinct`, where these are plain numbers whatever they be."""

    distinct: list[Criterion]
    which: Tensor
    numbers: Tensor | None = None


def asked(context: Context, block: Block, *, unseen: bool = False) -> Asked:
    """The criteria in a block, in reading order of each copy's operand; numbers need not be looked
    at where each criterion is tried at each cell (`unseen`)."""
    if unseen and block.kind is Kind.NUMBER:
        return _numerals(block)
    number = block.number.detach().expand(block.shape).flatten(2)
    kinds = block.kinds().flatten(2)
    kinds = torch.where(torch.isnan(number), int(Kind.ERROR), kinds).to(torch.uint8).reshape(-1)
    numbers = torch.where(torch.isnan(number), float(ErrorCode.NUM), number).reshape(-1)
    first, inverse = grouped([kinds, numbers])
    one_each = (1, 1, 1, -1)
    found = context.values(Block(numbers[first].reshape(one_each), kinds[first].reshape(one_each)))
    distinct: dict[Criterion, int] = {}
    meaning = [distinct.setdefault(criterion(context, v), len(distinct)) for v in found]
    table = torch.tensor(meaning, device=context.device)
    return Asked(list(distinct), table[inverse].reshape(number.shape))


def _numerals(block: Block) -> Asked:
    """Numbers as criteria, equal ones too: what they select stays a formula of them."""
    numbers = block.number.detach().expand(block.shape).reshape(-1)
    one_each = [Criterion(_EQUAL, Operand.NUMBER)] * len(numbers)
    which = torch.arange(len(numbers), device=numbers.device)
    return Asked(one_each, which.reshape(*block.shape[:2], -1), numbers)


@dataclass(frozen=True, slots=True)
class Cells:
    """A criteria range, shape (R', C', n). `like` and `value` are type and value for equality:
    there texts that read as numbers are those."""

    keys: Keys
    like: Tensor
    value: Tensor


def cells(context: Context, block: Block) -> Cells:
    """A criteria range. Call it after `asked`: criteria add texts to the order of texts."""
    keys = keys_of(context, block)
    like, value = keys.kind, keys.key
    texts = keys.kind == Kind.TEXT
    if bool(texts.any()):
        distinct, inverse = torch.unique(keys.number[texts].long(), return_inverse=True)
        meant = [_meaning(context, context.texts[i]) for i in distinct.tolist()]
        kinds = torch.tensor([kind for kind, _ in meant], dtype=like.dtype, device=like.device)
        numbers = context.tensor([number for _, number in meant])
        like = like.masked_scatter(texts, kinds[inverse])
        value = torch.where(
            texts & (like != Kind.TEXT), value.masked_scatter(texts, numbers[inverse]), value
        )
    return Cells(keys, like, value)


def _meaning(context: Context, text: str) -> tuple[Kind, float]:
    number = number_from_text(text, context.date1904)
    return (Kind.TEXT, 0.0) if number is None else (Kind.NUMBER, number)


def operand_keys(context: Context, one: Asked) -> Tensor:
    """The operands by their place in the order of their type, as `Keys` has it. Shape
    (criteria,)."""
    if one.numbers is not None:
        return one.numbers
    criteria = one.distinct
    number = context.tensor([one.number for one in criteria])
    texts = torch.tensor([c.operand is Operand.TEXT for c in criteria], device=context.device)
    if not bool(texts.any()):
        return number
    ranks = context.text_ranks()[torch.where(texts, number, 0.0).long()]
    return torch.where(texts, ranks, number)


def fits(context: Context, found: Cells, one: Asked, which: Tensor) -> Tensor:
    """Which cells (R', C', n) fit which of the distinct criteria (R, C, q): a mask (R, C, q, n)."""
    criteria = one.distinct
    table = torch.tensor([[c.operator, c.operand] for c in criteria], device=which.device)
    operator, operand = table[which][..., None, :].unbind(-1)
    key = operand_keys(context, one)[which][..., None]
    kind, value = found.keys.kind[:, :, None], found.keys.key[:, :, None]
    mask: Tensor | None = None
    for number in torch.unique(operator).tolist():
        if number in (_EQUAL, _UNEQUAL):
            part = _equal(context, found, criteria, (which[..., None], operand, key))
            if number == _UNEQUAL:
                numerals = (found.keys.kind == Kind.TEXT) & (found.like == Kind.NUMBER)
                part = ~part | (numerals[:, :, None] & (operand == Operand.NUMBER))
        else:
            part = (kind == operand) & _COMPARISONS[number][1](value, key)
        mask = part if mask is None else torch.where(operator == number, part, mask)
    assert mask is not None
    return mask


def _equal(
    context: Context,
    found: Cells,
    criteria: list[Criterion],
    asked_for: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    which, operand, key = asked_for
    like, value = found.like[:, :, None], found.value[:, :, None]
    equal = (like == operand) & (value == key)
    kinds = {c.operand for c in criteria}
    if Operand.EMPTY in kinds:
        empty = (found.keys.kind == Kind.TEXT) & (found.keys.number == context.texts.add(""))
        empty = (empty | (found.keys.kind == Kind.BLANK))[:, :, None]
        equal = torch.where(operand == Operand.EMPTY, empty, equal)
    for number, one in enumerate(criteria):
        if one.operand is Operand.PATTERN:
            fitting = fitting_texts(context, found.keys, context.texts[int(one.number)])
            equal = torch.where(which == number, fitting[:, :, None], equal)
    return equal
