"""LINEST, LOGEST, TREND and GROWTH: least squares through many points.

The design matrix is factored as Q·R (columns centred where there is an intercept), which is how
Excel avoids squaring the condition number. A predictor that depends on those before it is left out:
its coefficient and its standard error are 0, as in Excel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.shaping import kept_lines, shaper
from xlcollab.kernels.functions.statistics.reduce import cell_codes, flat
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import flag, given
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.guard import safe_divide, safe_log, safe_sqrt
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function

_DEPENDENT = 1e-12
"""A column of which this part is left beside the columns before it counts as dependent."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted plane: `slopes` (R, C, k) in the order of the predictors, `level` (R, C).

    `x` (R, C, n, k) and `y` (R, C, n) are what was fitted. `kept` are the places of the predictors
    that do not depend on those before them, `triangle` (R, C, m, m) is R of these, centred, and
    `centre` (R, C, m) their means (0 without an intercept).
    """

    x: Tensor
    y: Tensor
    slopes: Tensor
    level: Tensor
    triangle: Tensor
    centre: Tensor
    has_level: bool
    kept: Tensor

    def spread(self, values: Tensor) -> Tensor:
        """What the kept predictors have (R, C, m), with 0 for the others (R, C, k)."""
        everywhere = values.new_zeros((*values.shape[:-1], self.x.shape[-1]))
        return everywhere.index_copy(-1, self.kept, values)


def _independent(columns: Tensor, sizes: Tensor) -> Tensor:
    """Which columns (R, C, n, k) do not depend on those before them, shape (R, C, k)."""
    found: list[Tensor] = []
    directions: list[Tensor] = []
    for column, size in zip(columns.detach().unbind(-1), sizes.detach().unbind(-1), strict=True):
        rest = column
        for direction in [*directions, *directions]:  # twice, against rounding
            rest = rest - (rest * direction).sum(-1, keepdim=True) * direction
        length = rest.norm(dim=-1)
        free = length > _DEPENDENT * size
        found.append(free)
        unit = rest / torch.where(free, length, 1.0)[..., None]
        directions.append(torch.where(free[..., None], unit, 0.0))
    return torch.stack(found, -1)


def fit(x: Tensor, y: Tensor, has_level: bool) -> Fit:
    """Least squares of y on the columns of x.

    Raises RaggedError where copies leave out different columns, UnsupportedError for fewer rows
    than coefficients and where no column is left.
    """
    centre, mean = torch.zeros_like(x[..., 0, :]), torch.zeros_like(y[..., 0])
    if has_level:
        centre, mean = x.mean(-2), y.mean(-1)
    columns = x - centre[..., None, :]
    kept = kept_lines(_independent(columns, x.norm(dim=-2)))
    columns, centre = columns.index_select(-1, kept), centre.index_select(-1, kept)
    if not len(kept):
        raise UnsupportedError("the predictors of a regression do not vary")
    if columns.shape[-2] < len(kept) + has_level:
        raise UnsupportedError("a regression needs at least as many rows as coefficients")
    orthogonal, triangle = torch.linalg.qr(columns)
    target = orthogonal.transpose(-1, -2) @ (y - mean[..., None])[..., None]
    slopes = torch.linalg.solve_triangular(triangle, target, upper=True)[..., 0]
    level = mean - (centre * slopes).sum(-1)
    found = Fit(x, y, slopes, level, triangle, centre, has_level, kept)
    return replace(found, slopes=found.spread(slopes))


def predicted(found: Fit, x: Tensor) -> Tensor:
    """The heights of the plane at the rows of x, shape (R, C, n)."""
    return (x @ found.slopes[..., None])[..., 0] + found.level[..., None]


def summary(found: Fit) -> Tensor:
    """The five rows of LINEST, shape (R, C, 5, k + 1); NaN where Excel shows #NUM!.

    The coefficients and their standard errors, last predictor first; r² and the error of y; F and
    the degrees of freedom; the sums of squares explained and left. The rest is 0.
    """
    n, width = found.x.shape[-2:]
    k = len(found.kept)
    freedom = float(n - k - found.has_level)
    heights = predicted(found, found.x)
    middle = found.y.mean(-1, keepdim=True) if found.has_level else torch.zeros_like(heights)
    explained = (heights - middle).square().sum(-1)
    left = (found.y - heights).square().sum(-1)
    variance = left / freedom if freedom else torch.zeros_like(left)
    share, none = safe_divide(explained, explained + left)
    ratio = explained / k / variance if freedom else torch.full_like(left, torch.nan)
    blank = torch.zeros_like(left)[..., None].expand(*left.shape, width - 1)
    rows = [
        torch.cat([found.slopes.flip(-1), found.level[..., None]], -1),
        _standard_errors(found, variance, n),
    ]
    share = share if none is None else torch.where(none, 1.0, share)
    freedoms = torch.full_like(left, freedom)
    for pair in ((share, safe_sqrt(variance)), (ratio, freedoms), (explained, left)):
        rows.append(torch.cat([torch.stack(pair, -1), blank], -1))
    return torch.stack(rows, -2)


def _standard_errors(found: Fit, variance: Tensor, n: int) -> Tensor:
    """Of the slopes, last predictor first, and of the level."""
    k = found.triangle.shape[-1]
    unit = torch.eye(k, dtype=found.x.dtype, device=found.x.device).expand(found.triangle.shape)
    inverse = torch.linalg.solve_triangular(found.triangle, unit, upper=True)
    slopes = inverse.square().sum(-1)
    level = (found.centre[..., None, :] @ inverse)[..., 0, :].square().sum(-1) + 1 / n
    parts = torch.cat([found.spread(slopes).flip(-1), level[..., None]], -1)
    return safe_sqrt(parts * variance[..., None])


@dataclass(frozen=True, slots=True)
class Sample:
    """Arguments as numbers: y (R, C, n), x (R, C, n, k), error codes (R, C), y's shape (h, w)."""

    y: Tensor
    x: Tensor
    codes: Tensor | None
    shape: tuple[int, int]


def _numbers(context: Context, block: Block) -> tuple[Tensor, Tensor | None]:
    """All values as numbers (R, C, h, w); one that is none is #VALUE! for the copy."""
    foreign = ~(block.mask(Kind.NUMBER) | block.mask(Kind.ERROR))
    bad = torch.where(flat(foreign, block.shape).any(-1), float(ErrorCode.VALUE), 0.0)
    number = torch.where(block.mask(Kind.NUMBER), block.number, 0.0).expand(block.shape)
    return number, first_code(cell_codes(context, block), bad)


def _columns(number: Tensor, shape: tuple[int, int]) -> Tensor | None:
    """Predictors for y of `shape` as columns (R, C, n, k); None where they do not fit."""
    height, width = number.shape[2:]
    if (height, width) == shape:
        return number.flatten(2)[..., None]
    if shape[1] == 1 and height == shape[0]:
        return number
    if shape[0] == 1 and width == shape[1]:
        return number.transpose(2, 3)
    return None


def _sample(context: Context, known_y: Block, known_x: Block | None) -> Sample | None:
    """The points to be fitted; without x they are numbered 1, 2, …; None: shapes do not fit."""
    y, y_codes = _numbers(context, known_y)
    shape = (y.shape[2], y.shape[3])
    if not given(known_x):
        steps = torch.arange(1, y[0, 0].numel() + 1, dtype=y.dtype, device=y.device)
        return Sample(y.flatten(2), steps[None, None, :, None], y_codes, shape)
    number, x_codes = _numbers(context, known_x)
    x = _columns(number, shape)
    return None if x is None else Sample(y.flatten(2), x, first_code(y_codes, x_codes), shape)


def _logarithms(sample: Sample) -> Sample:
    """ln y for the exponential curves; #NUM! where one is not positive."""
    bad = torch.where((sample.y <= 0).any(-1), float(ErrorCode.NUM), 0.0)
    y = torch.where(bad[..., None] > 0, 1.0, sample.y)
    return Sample(safe_log(y), sample.x, first_code(sample.codes, bad), sample.shape)


def _fitted(
    context: Context, exponential: bool, known_y: Block, known_x: Block | None, const: Block | None
) -> tuple[Sample, Fit] | None:
    """The points, of an exponential curve with ln y, and what fits them; None: shapes do not."""
    sample = _sample(context, known_y, known_x)
    if sample is None:
        return None
    sample = _logarithms(sample) if exponential else sample
    return sample, fit(sample.x, sample.y, flag(context, const, True))


def _estimates(exponential: bool) -> Function:
    """LINEST, and LOGEST for the curve b · m₁^x₁ · m₂^x₂ …"""

    def run(
        context: Context,
        known_y: Block,
        known_x: Block | None = None,
        const: Block | None = None,
        stats: Block | None = None,
    ) -> Block:
        fitted = _fitted(context, exponential, known_y, known_x, const)
        if fitted is None:
            return context.error(ErrorCode.REF)
        sample, found = fitted
        table = summary(found)
        if exponential:
            table = torch.cat([torch.exp(table[..., :1, :]), table[..., 1:, :]], -2)
        if not flag(context, stats):
            table = table[..., :1, :]
        return context.result(table, _where_empty(sample, table, found.has_level))

    return shaper(run)


def _where_empty(sample: Sample, table: Tensor, has_level: bool) -> Tensor:
    """#N/A beside the pairs of the lower rows, and for the error of a level that is not fitted."""
    empty = torch.zeros_like(table)
    empty[..., 2:, 2:] = float(ErrorCode.NA)
    if not has_level:
        empty[..., 1:2, -1] = float(ErrorCode.NA)
    codes = None if sample.codes is None else sample.codes[..., None, None].expand(table.shape)
    return empty if codes is None else torch.where(codes > 0, codes, empty)


def _curve(exponential: bool) -> Function:
    """TREND, and GROWTH for the exponential curve: heights at new places."""

    def run(
        context: Context,
        known_y: Block,
        known_x: Block | None = None,
        new_x: Block | None = None,
        const: Block | None = None,
    ) -> Block:
        fitted = _fitted(context, exponential, known_y, known_x, const)
        if fitted is None:
            return context.error(ErrorCode.REF)
        sample, found = fitted
        place, shape, codes = sample.x, sample.shape, sample.codes
        if given(new_x):
            number, own = _numbers(context, new_x)
            places = _places(number, sample)
            if places is None:
                return context.error(ErrorCode.REF)
            (place, shape), codes = places, first_code(codes, own)
        heights = predicted(found, place)
        heights = heights.reshape(*heights.shape[:2], *shape)
        heights = torch.exp(heights) if exponential else heights
        return context.result(heights, None if codes is None else codes[..., None, None])

    return shaper(run)


def _places(number: Tensor, sample: Sample) -> tuple[Tensor, tuple[int, int]] | None:
    """New places as columns, and the shape of the heights there."""
    height, width = number.shape[2:]
    k = sample.x.shape[-1]
    if k == 1:
        return number.flatten(2)[..., None], (height, width)
    if sample.shape[1] == 1 and width == k:
        return number, (height, 1)
    if sample.shape[0] == 1 and height == k:
        return number.transpose(2, 3), (1, width)
    return None


_row = partial(function, category="statistics", shape=Shape.SMOOTH)

FUNCTIONS: tuple[Record, ...] = (
    _row("LINEST", "A|AVV", _estimates(exponential=False), beyond=Beyond.EACH),
    _row("LOGEST", "A|AVV", _estimates(exponential=True), beyond=Beyond.EACH),
    _row("TREND", "A|AAV", _curve(exponential=False), beyond=Beyond.EACH),
    _row("GROWTH", "A|AAV", _curve(exponential=True), beyond=Beyond.EACH),
)
