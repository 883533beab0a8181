"""Sums over pairs, and matrix algebra.

A row that moves only with the family's rows, times a column that moves only with its columns, is
one matrix product: that is what a prediction block of MMULTs comes down to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.shaping import arrayed, shaper
from xlcollab.kernels.functions.statistics.reduce import cell_codes, flat, reduced
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import whole
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.budget import refuse_cells
from xlcollab.kernels.values.facts import Beyond, Role, Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import moved
from xlcollab.kernels.values.tape import Function


def product_of_moving(a: Tensor, b: Tensor) -> Tensor:
    """The matrix products of a (R, C, h, k) and b (R, C, k, w), shape (R, C, h, w).

    Where a does not move with the columns nor b with the rows, it is one product of (R·h, k) and
    (k, C·w).
    """
    if a.shape[1] != 1 or b.shape[0] != 1:
        return torch.matmul(a, b)
    rows, height, inner = a.shape[0], a.shape[2], a.shape[3]
    columns, width = b.shape[1], b.shape[3]
    left = a.reshape(rows * height, inner)
    right = b[0].permute(1, 0, 2).reshape(inner, columns * width)
    return (left @ right).reshape(rows, height, columns, width).permute(0, 2, 1, 3)


def _matrix_numbers(context: Context, block: Block) -> tuple[Tensor, Tensor | None]:
    """The numbers of a matrix, and #VALUE! per copy where a cell holds none; codes (R, C)."""
    if block.kind is Kind.NUMBER:
        return block.number, None
    foreign = ~(block.mask(Kind.NUMBER) | block.mask(Kind.ERROR))
    bad = torch.where(flat(foreign, block.shape).any(-1), float(ErrorCode.VALUE), 0.0)
    number = torch.where(block.mask(Kind.NUMBER), block.number, 0.0)
    return number, first_code(cell_codes(context, block), bad)


def _lifted(codes: Tensor | None) -> Tensor | None:
    return None if codes is None else codes[..., None, None]


def matrix_product(context: Context, a: Block, b: Block) -> Block:
    """MMULT: #VALUE! where a cell is not a number or the inner sizes differ."""
    if a.shape[3] != b.shape[2]:
        return context.error(ErrorCode.VALUE)
    left, left_codes = _matrix_numbers(context, a)
    right, right_codes = _matrix_numbers(context, b)
    codes = first_code(left_codes, right_codes)
    return context.result(product_of_moving(left, right), _lifted(codes))


def transpose(context: Context, block: Block) -> Block:
    """TRANSPOSE. In a plain formula it turns the one cell of an area that stands in the formula's
    own row or column, unless it stands in an argument that is an array."""
    del context
    return moved(block, lambda values: values.transpose(2, 3))


def _square(function: Callable[[Context, Tensor], Block]) -> Function:
    """A function of square matrices of numbers; #VALUE! for others."""

    def run(context: Context, block: Block) -> Block:
        if block.shape[2] != block.shape[3]:
            return context.error(ErrorCode.VALUE)
        number, codes = _matrix_numbers(context, block)
        return context.with_errors(function(context, number), _lifted(codes))

    return run


def _inverse(context: Context, matrix: Tensor) -> Block:
    """MINVERSE: #NUM! for a singular matrix."""
    inverse, info = torch.linalg.inv_ex(matrix)
    singular = (info != 0) | ~torch.isfinite(inverse).all(-1).all(-1)
    return context.result(torch.where(singular[..., None, None], torch.nan, inverse))


def _determinant(context: Context, matrix: Tensor) -> Block:
    return context.result(torch.linalg.det(matrix)[..., None, None])


def identity_matrix(context: Context, size: Block) -> Block:
    """MUNIT(n)."""
    count = whole(context, size, 0)
    if count < 1:
        return context.error(ErrorCode.VALUE)
    refuse_cells(count, count)
    return context.result(torch.eye(count, dtype=context.dtype, device=context.device)[None, None])


def sum_of_products(context: Context, *blocks: Block) -> Block:
    """SUMPRODUCT: what is not a number counts as 0; areas of different sizes are #VALUE!.

    Single values are multiplied as by the operator, but for texts, which are #VALUE!.
    """
    if len({block.shape[2:] for block in blocks}) > 1:
        return context.error(ErrorCode.VALUE)
    codes = first_code(*(cell_codes(context, block) for block in blocks))
    if len(blocks) > 1 and blocks[0].shape[2:].numel() == 1 and not blocks[0].array:
        pairs = [context.numbers(_without_texts(context, block)) for block in blocks]
        own = first_code(*(code for _, code in pairs))
        factors = [number.expand(b.shape) for (number, _), b in zip(pairs, blocks, strict=True)]
        codes = first_code(codes, None if own is None else own[..., 0, 0])
    else:
        factors = [_zero_filled(block) for block in blocks]
    if len(factors) == 2:
        left = factors[0].flatten(2)[:, :, None, :]
        right = factors[1].flatten(2)[..., None]
        return reduced(context, product_of_moving(left, right)[..., 0, 0], codes)
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return reduced(context, product.sum(dim=(2, 3)), codes)


def _without_texts(context: Context, block: Block) -> Block:
    """The block with #VALUE! in the place of texts."""
    if not isinstance(block.kind, torch.Tensor) and block.kind is not Kind.TEXT:
        return block
    foreign = torch.where(block.mask(Kind.TEXT), float(ErrorCode.VALUE), 0.0)
    return context.with_errors(block, foreign)


def _zero_filled(block: Block) -> Tensor:
    if block.kind is Kind.NUMBER:
        return block.number
    return torch.where(block.mask(Kind.NUMBER), block.number, 0.0).expand(block.shape)


def paired(
    context: Context, a: Block, b: Block
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None] | None:
    """Two areas pair by pair: (x, y, mask of pairs that are both numbers, codes), or None.

    x, y and the mask have shape (R, C, n); None as mask means all; None at all means that the
    areas differ in size. Excel leaves a pair out when either side is blank, text or boolean.
    """
    if a.shape[2:].numel() != b.shape[2:].numel():
        return None
    codes = first_code(cell_codes(context, a), cell_codes(context, b))
    x, y = flat(a.number, a.shape), flat(b.number, b.shape)
    masks = [flat(c.mask(Kind.NUMBER), c.shape) for c in (a, b) if c.kind is not Kind.NUMBER]
    mask = None
    for one in masks:
        mask = one if mask is None else mask & one
    return x, y, mask, codes


def _sum_over_pairs(function: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """SUMXMY2 and its kin; #N/A for areas of different sizes, #DIV/0! without any pair."""

    def run(context: Context, a: Block, b: Block) -> Block:
        found = paired(context, a, b)
        if found is None:
            return context.error(ErrorCode.NA)
        x, y, mask, codes = found
        terms = function(x, y)
        if mask is not None:
            terms = torch.where(mask, terms, 0.0)
            none = torch.where(mask.any(-1), 0.0, float(ErrorCode.DIV0))
            codes = first_code(codes, none)
        return reduced(context, terms.sum(-1), codes)

    return run


_row = partial(function, category="maths", shape=Shape.SMOOTH, fails=False)

FUNCTIONS: tuple[Record, ...] = (
    _row(
        "MMULT", "AA", matrix_product, shape=Shape.AFFINE, array_role="product", beyond=Beyond.EACH
    ),
    _row(
        "TRANSPOSE",
        "V",
        arrayed(transpose),
        shape=Shape.AFFINE,
        array_role="transpose",
        beyond=Beyond.EACH,
    ),
    _row("MINVERSE", "A", _square(_inverse), fails=True, beyond=Beyond.EACH),
    _row("MDETERM", "A", _square(_determinant), fails=True, beyond=Beyond.EACH),
    _row("MUNIT", "V", shaper(identity_matrix), shape=Shape.STEPS, fails=True),
    _row(
        "SUMPRODUCT",
        "A|A*1",
        sum_of_products,
        role=Role.SUM_OF_PRODUCTS,
        scalar="SUMPRODUCT",
        shape=Shape.AFFINE,
        array_role="product",
        beyond=Beyond.MULTIPLIED,
    ),
    _row(
        "SUMXMY2",
        "AA",
        _sum_over_pairs(lambda x, y: (x - y).square()),
        beyond=Beyond.PAIRED,
        role=Role.SQUARED_DIFFERENCES,
        scalar="SUMXMY2",
    ),
    _row(
        "SUMX2MY2",
        "AA",
        _sum_over_pairs(lambda x, y: x.square() - y.square()),
        scalar="SUMX2MY2",
        beyond=Beyond.PAIRED,
    ),
    _row(
        "SUMX2PY2",
        "AA",
        _sum_over_pairs(lambda x, y: x.square() + y.square()),
        scalar="SUMX2PY2",
        beyond=Beyond.PAIRED,
    ),
)
