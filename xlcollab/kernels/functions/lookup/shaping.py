"""Arrays cut, joined and laid out anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError, given, whole, wholes
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.budget import refuse_cells
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import as_array, concatenated, full, moved, pad
from xlcollab.kernels.values.tape import Function
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS


def shaper(function: Callable[..., Block]) -> Function:
    """A function whose error arguments are its result."""

    @wraps(function)
    def run(context: Context, *blocks: Block) -> Block:
        try:
            return function(context, *blocks)
        except ArgumentIsError as error:
            return context.error(error.code)

    return run


def arrayed(function: Function) -> Function:
    """A function whose result is an array, whatever it was made of, or an error.

    Raises UnsupportedError for an array larger than a sheet.
    """

    @wraps(function)
    def run(context: Context, *blocks: Block) -> Block:
        found = function(context, *blocks)
        if found.shape[2] > MAX_ROWS or found.shape[3] > MAX_COLUMNS:
            raise UnsupportedError(
                f"an array of {found.shape[2]:,} rows and {found.shape[3]:,} columns is larger "
                "than a sheet; what Excel makes of it is not known"
            )
        failed = found.kind is Kind.ERROR and found.shape[2:].numel() == 1
        return found if failed else as_array(found)

    return run


def _part_of(function: Function) -> Function:
    """A function whose result is a part of its first argument: cells of cells, else an array."""

    @wraps(function)
    def run(context: Context, block: Block, *rest: Block) -> Block:
        found = function(context, block, *rest)
        return found if block.cells else as_array(found)

    return run


def sequence(
    context: Context,
    rows: Block,
    columns: Block | None = None,
    start: Block | None = None,
    step: Block | None = None,
) -> Block:
    """SEQUENCE(rows, [columns], [start], [step]), row by row."""
    height, width = whole(context, rows, 1), whole(context, columns, 1)
    if min(height, width) < 1 or height > MAX_ROWS or width > MAX_COLUMNS:
        return context.error(ErrorCode.CALC if min(height, width) == 0 else ErrorCode.VALUE)
    refuse_cells(height, width)
    first, first_codes = context.numbers(start if given(start) else context.scalar(1.0))
    by, by_codes = context.numbers(step if given(step) else context.scalar(1.0))
    if first.shape[2:].numel() * by.shape[2:].numel() > 1:
        raise RaggedError
    counted = torch.arange(height * width, dtype=context.dtype, device=context.device)
    codes = by_codes if first_codes is None else first_codes
    return context.result(first + by * counted.reshape(height, width), codes)


def _chosen(dim: int) -> Function:
    """CHOOSEROWS and CHOOSECOLS: numbers from 1, negative ones from the end."""

    def run(context: Context, block: Block, *numbers: Block) -> Block:
        size = block.shape[dim]
        lines = [line for number in numbers for line in wholes(context, number)]
        if any(line == 0 or abs(line) > size for line in lines):
            return context.error(ErrorCode.VALUE)
        index = torch.tensor([line - 1 if line > 0 else size + line for line in lines])
        return moved(block, lambda values: values.index_select(dim, index.to(values.device)))

    return shaper(run)


def _stack(dim: int) -> Function:
    """HSTACK and VSTACK: #N/A where an array is too short."""

    def run(context: Context, *blocks: Block) -> Block:
        other = 5 - dim
        longest = max(block.shape[other] for block in blocks)
        return concatenated([extended(context, b, other, longest) for b in blocks], dim)

    return run


def extended(context: Context, block: Block, dim: int, size: int) -> Block:
    """The block with #N/A appended along an axis up to `size`."""
    missing = size - block.shape[dim]
    return pad(context, block, dim, missing, ErrorCode.NA) if missing > 0 else block


def take(
    context: Context, block: Block, rows: Block | None = None, columns: Block | None = None
) -> Block:
    """TAKE(array, [rows], [columns]): from the start, or from the end if negative."""
    for dim, count in ((2, rows), (3, columns)):
        size = block.shape[dim]
        wanted = whole(context, count, size)
        if wanted == 0:
            return context.error(ErrorCode.CALC)
        kept = min(abs(wanted), size)
        block = _narrow(block, dim, 0 if wanted > 0 else size - kept, kept)
    return block


def drop(
    context: Context, block: Block, rows: Block | None = None, columns: Block | None = None
) -> Block:
    """DROP(array, [rows], [columns]): what TAKE would leave."""
    for dim, count in ((2, rows), (3, columns)):
        unwanted = whole(context, count, 0)
        kept = block.shape[dim] - abs(unwanted)
        if kept < 1:
            return context.error(ErrorCode.CALC)
        block = _narrow(block, dim, max(unwanted, 0), kept)
    return block


_BOTH_ENDS = 3
"""TRIMRANGE's mode: leading and trailing blanks."""
_NO_TRIM, _LEADING, _TRAILING = 0, 1, 2


def trim_range(
    context: Context, block: Block, rows: Block | None = None, columns: Block | None = None
) -> Block:
    """TRIMRANGE(range, [rows], [columns]): without the blank lines at the ends; 1 means those
    before, 2 those behind, 3 both. Nothing but blanks is #REF!."""
    modes = [whole(context, mode, _BOTH_ENDS) for mode in (rows, columns)]
    if any(not _NO_TRIM <= mode <= _BOTH_ENDS for mode in modes):
        return context.error(ErrorCode.VALUE)
    for dim, mode in zip((2, 3), modes, strict=True):
        filled = kept_lines((~block.mask(Kind.BLANK)).expand(block.shape).any(5 - dim))
        if not len(filled):
            return context.error(ErrorCode.REF)
        first = int(filled[0]) if mode & _LEADING else 0
        last = int(filled[-1]) if mode & _TRAILING else block.shape[dim] - 1
        block = _narrow(block, dim, first, last - first + 1)
    return block


def _narrow(block: Block, dim: int, start: int, length: int) -> Block:
    return moved(block, lambda values: values.narrow(dim, start, length))


_IGNORE_BLANKS, _IGNORE_ERRORS = 1, 2


def _line(dim: int) -> Function:
    """TOROW and TOCOL(array, [ignore], [by_column])."""

    def run(
        context: Context,
        block: Block,
        ignore: Block | None = None,
        by_column: Block | None = None,
    ) -> Block:
        mode = whole(context, ignore, 0)
        if mode not in (0, 1, 2, 3):
            return context.error(ErrorCode.VALUE)
        if whole(context, by_column, 0):
            block = moved(block, lambda values: values.transpose(2, 3))
        line = moved(block, lambda values: values.flatten(2)[:, :, None, :])
        unwanted = torch.zeros(line.shape, dtype=torch.bool, device=context.device)
        if mode & _IGNORE_BLANKS:
            unwanted = unwanted | line.mask(Kind.BLANK)
        if mode & _IGNORE_ERRORS:
            unwanted = unwanted | context.errors(line)
        kept = kept_lines(~unwanted[:, :, 0])
        if len(kept) > (MAX_ROWS if dim == 2 else MAX_COLUMNS):
            return context.error(ErrorCode.NUM)
        if not len(kept):
            return context.error(ErrorCode.CALC)
        line = moved(line, lambda values: values.index_select(3, kept))
        return line if dim == 3 else moved(line, lambda values: values.transpose(2, 3))

    return shaper(run)


def kept_lines(mask: Tensor) -> Tensor:
    """The places of TRUE in a mask (R, C, n), the same for all copies. Raises RaggedError."""
    first = mask[:1, :1]
    if mask.shape[:2].numel() > 1 and bool((mask != first).any()):
        raise RaggedError
    return first[0, 0].nonzero()[:, 0]


def _wrapped(by_row: bool) -> Function:
    """WRAPROWS and WRAPCOLS(vector, count, [pad_with])."""

    def run(context: Context, vector: Block, count: Block, filler: Block | None = None) -> Block:
        size = whole(context, count, 0)
        if min(vector.shape[2:]) > 1:
            return context.error(ErrorCode.VALUE)
        if size < 1:
            return context.error(ErrorCode.NUM)
        line = moved(vector, lambda values: values.flatten(2)[:, :, None, :])
        length = line.shape[3]
        size = min(size, length)
        missing = -length % size
        line = _filled(context, line, (1, length + missing), filler if given(filler) else None)

        def wrap(values: Tensor) -> Tensor:
            rows = values.reshape(*values.shape[:2], -1, size)
            return rows if by_row else rows.transpose(2, 3)

        return moved(line, wrap)

    return shaper(run)


def expand(
    context: Context,
    block: Block,
    rows: Block | None = None,
    columns: Block | None = None,
    filler: Block | None = None,
) -> Block:
    """EXPAND(array, [rows], [columns], [pad_with]); with pad_with left empty between commas it pads
    with blanks."""
    height, width = whole(context, rows, block.shape[2]), whole(context, columns, block.shape[3])
    too_few = height < block.shape[2] or width < block.shape[3]
    if too_few or height > MAX_ROWS or width > MAX_COLUMNS:
        return context.error(ErrorCode.VALUE)
    filling = context.error(ErrorCode.NA) if filler is None else filler
    return _filled(context, block, (height, width), filling)


def _filled(context: Context, block: Block, shape: tuple[int, int], filler: Block | None) -> Block:
    """The block with `filler` (#N/A) below and to the right up to `shape`."""
    filling = context.error(ErrorCode.NA) if filler is None else filler
    if filling.shape[2:].numel() > 1:
        raise ArgumentIsError(ErrorCode.VALUE)
    refuse_cells(*block.shape[:2], *shape)
    height, width = block.shape[2:]
    if width < shape[1]:
        part = full(filling, (*filling.shape[:2], height, shape[1] - width))
        block = concatenated([block, part], 3)
    if height < shape[0]:
        part = full(filling, (*filling.shape[:2], shape[0] - height, shape[1]))
        block = concatenated([block, part], 2)
    return block


def _trimmed(constants: Sequence[Block | None]) -> Beyond:
    """TRIMRANGE leaves the lines behind out where it trims there, both ways."""
    behind = all(_mode(setting, _BOTH_ENDS) & _TRAILING for setting in _settings(constants, 2))
    return Beyond.EVERY if behind else Beyond.EACH


def _ignored(constants: Sequence[Block | None]) -> Beyond:
    """TOCOL and TOROW leave blank cells out where they are told to."""
    (setting,) = _settings(constants, 1)
    return Beyond.EVERY if _mode(setting, 0) & _IGNORE_BLANKS else Beyond.EACH


def _settings(constants: Sequence[Block | None], count: int) -> list[Block | None]:
    """The settings behind an array; blanks where they are left out, None for those that vary."""
    left_out: list[Block | None] = [Block(torch.zeros((1, 1, 1, 1)), Kind.BLANK)] * count
    return [*constants[1:], *left_out][:count]


def _mode(setting: Block | None, default: int) -> int:
    """A constant setting as a whole number; 0 for one that varies or is several."""
    if setting is None or setting.number.numel() > 1:
        return 0
    return int(setting.number.reshape(-1)[0]) if given(setting) else default


_row = partial(function, category="lookup", shape=Shape.SMOOTH)
_stacking = partial(_row, spec="A|A*1", fails=False, shape=Shape.AFFINE)

FUNCTIONS: tuple[Record, ...] = (
    _row("SEQUENCE", "V|VVV", shaper(sequence)),
    _row(
        "CHOOSEROWS",
        "AV|V*1",
        arrayed(_chosen(2)),
        shape=Shape.AFFINE,
        jumps="1",
        beyond=Beyond.EACH,
    ),
    _row(
        "CHOOSECOLS",
        "AV|V*1",
        arrayed(_chosen(3)),
        shape=Shape.AFFINE,
        jumps="1",
        beyond=Beyond.EACH,
    ),
    _stacking("HSTACK", run=arrayed(_stack(3)), array_role="beside", beyond=Beyond.EACH),
    _stacking("VSTACK", run=arrayed(_stack(2)), array_role="below", beyond=Beyond.EACH),
    _row("TAKE", "A|VV", _part_of(shaper(take)), beyond=Beyond.EACH),
    _row("DROP", "A|VV", _part_of(shaper(drop)), beyond=Beyond.EACH),
    _row("TRIMRANGE", "A|VV", _part_of(shaper(trim_range)), picks=True, beyond=_trimmed),
    _row("TOROW", "A|VV", arrayed(_line(3)), picks=True, beyond=_ignored),
    _row("TOCOL", "A|VV", arrayed(_line(2)), picks=True, beyond=_ignored),
    _row("WRAPROWS", "AV|V", arrayed(_wrapped(by_row=True)), beyond=Beyond.EACH),
    _row("WRAPCOLS", "AV|V", arrayed(_wrapped(by_row=False)), beyond=Beyond.EACH),
    _row("EXPAND", "AV|VV", arrayed(shaper(expand)), shape=Shape.KINKS, beyond=Beyond.EACH),
)
