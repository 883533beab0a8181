"""The rows of each kind of kink, and what values it may have: a table.

t is the kink's own column. A wish "up" needs the rows that keep t from being too large, a wish
"down" those that keep it from being too small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from xlcollab.optim.linear.forms import Box, Form, combined
from xlcollab.optim.linear.writer import NoBoundError, Piece, Rewriter, Wish

Rule = Callable[[Rewriter, Piece, Wish], None]
_NOISE = 1e-9
"""Far above rounding, far below any number that somebody types."""


def _largest(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    _extreme(writer, Form.of(piece.out), piece.arguments, wish)


def _smallest_of_all(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """MIN(a, …) = −MAX(−a, …)"""
    turned = tuple(form.times(-1.0) for form in piece.arguments)
    _extreme(writer, Form.of(piece.out, -1.0), turned, Wish(wish.down, wish.up))


def _absolute(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    (form,) = piece.arguments
    _extreme(writer, Form.of(piece.out), (form, form.times(-1.0)), wish)


def _extreme(writer: Rewriter, t: Form, forms: tuple[Form, ...], wish: Wish) -> None:
    """t = MAX(forms)"""
    if wish.down:
        for form in forms:
            writer.at_least(t.plus(form, -1.0))
            writer.pull(form, down=True)
    if wish.up:
        best = max(writer.box.least(form) for form in forms)
        forms = tuple(form for form in forms if writer.box.most(form) >= best)
        choices = [writer.binary() for _ in forms]
        writer.one_of(choices)
        for form, choice in zip(forms, choices, strict=True):
            writer.above(form.plus(t, -1.0), choice)
            writer.pull(form, up=True)


def _sum(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    total = combined((1.0, form) for form in piece.arguments)
    _equal_forms(writer, Form.of(piece.out), total, wish)


def _equal_forms(writer: Rewriter, t: Form, form: Form, wish: Wish) -> None:
    """t = form"""
    writer.rows.append(
        (t.plus(form, -1.0), 0.0 if wish.down else -math.inf, 0.0 if wish.up else math.inf)
    )
    writer.pull(form, up=wish.up, down=wish.down)


def _choice(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """t = yes where the condition is 1, no where it is 0."""
    condition, yes, no = piece.arguments
    _chosen(writer, Form.of(piece.out), (truth(writer, condition), yes, no), wish)


def _chosen(writer: Rewriter, t: Form, forms: tuple[Form, Form, Form], wish: Wish) -> None:
    holds, yes, no = forms
    if not holds.factors:
        _equal_forms(writer, t, yes if holds.constant > 0.5 else no, wish)
        return
    writer.pull(holds, up=True, down=True)
    for form, opposite in ((yes, False), (no, True)):
        if wish.down:
            _tied(writer, t.plus(form, -1.0), yes.plus(no, -1.0), holds, opposite)
        if wish.up:
            _tied(writer, form.plus(t, -1.0), no.plus(yes, -1.0), holds, opposite)
        writer.pull(form, up=wish.up, down=wish.down)


def _tied(writer: Rewriter, form: Form, other: Form, holds: Form, opposite: bool) -> None:
    """form ≥ 0 on one side of a choice; on the other side it is ±`other`, which bounds it."""
    least = -writer.box.most(other) if not opposite else writer.box.least(other)
    bound = min(0.0, writer.finite(least))
    row = form.plus(holds, -bound) if opposite else form.shifted(-bound).plus(holds, bound)
    writer.at_least(row)


def truth(writer: Rewriter, form: Form) -> Form:
    """A number as a condition: 1 where it is not 0."""
    if not form.factors:
        return Form({}, float(form.constant != 0))
    if writer.box.truth(form):
        return form
    equal = Form.of(writer.box.add(0.0, 1.0, whole=True))
    _zero(writer, equal, form, Wish(True, True))
    return Form({}, 1.0).plus(equal, -1.0)


def _at_most(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """t = 1 where a ≤ b, else 0."""
    a, b = piece.arguments
    _not_above(writer, Form.of(piece.out), a.plus(b, -1.0), wish, equal=True)


def _below(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """t = 1 where a < b, else 0."""
    a, b = piece.arguments
    _not_above(writer, Form.of(piece.out), a.plus(b, -1.0), wish, equal=False)


def _not_above(writer: Rewriter, t: Form, form: Form, wish: Wish, *, equal: bool) -> None:
    """t = 1 where form ≤ 0 (< 0 unless `equal`), 0 elsewhere."""
    whole = writer.box.whole(form)
    if whole:  # form + constant ≤ 0 where the whole part is at most `last`
        last = math.floor(-form.constant + _NOISE)
        if not equal and abs(last + form.constant) <= _NOISE:
            last -= 1
        inner = Form(form.factors, 0.0)
        true, false = inner.shifted(-last), inner.shifted(-last - 1.0)
    else:
        gap = writer.gap(form)
        true = form if equal else form.shifted(gap)
        false = form.shifted(-gap) if equal else form
    if wish.up:
        writer.above(true.times(-1.0), t)
        writer.pull(form, down=True)
    if wish.down:
        writer.above(false, t, opposite=True)
        writer.pull(form, up=True)


def _equal(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    a, b = piece.arguments
    _zero(writer, Form.of(piece.out), a.plus(b, -1.0), wish)


def _unequal(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    a, b = piece.arguments
    t = Form({}, 1.0).plus(Form.of(piece.out), -1.0)
    _zero(writer, t, a.plus(b, -1.0), Wish(wish.down, wish.up))


def _zero(writer: Rewriter, t: Form, form: Form, wish: Wish) -> None:
    """t = 1 where form = 0: where it is neither above nor below."""
    low, high = writer.binary(), writer.binary()
    _not_above(writer, low, form, wish, equal=True)
    _not_above(writer, high, form.times(-1.0), wish, equal=True)
    # one of both always holds, so that both do where t is 1
    writer.rows.append((low.plus(high).plus(t, -1.0), 1.0, 1.0))


def _all(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    _conjunction(writer, Form.of(piece.out), _truths(writer, piece), wish)


def _any(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """Not all of them fail."""
    failing = [_opposite(form) for form in _truths(writer, piece)]
    _conjunction(writer, _opposite(Form.of(piece.out)), failing, Wish(wish.down, wish.up))


def _truths(writer: Rewriter, piece: Piece) -> list[Form]:
    return [truth(writer, form) for form in piece.arguments]


def _opposite(form: Form) -> Form:
    return Form({}, 1.0).plus(form, -1.0)


def _conjunction(writer: Rewriter, t: Form, forms: list[Form], wish: Wish) -> None:
    if wish.up:
        for form in forms:
            writer.at_least(form.plus(t, -1.0))
            writer.pull(form, up=True)
    if wish.down:
        total = combined((-1.0, form) for form in forms)
        writer.at_least(t.plus(total).shifted(len(forms) - 1.0))
        for form in forms:
            writer.pull(form, down=True)


def _not(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    (form,) = piece.arguments
    _equal_forms(writer, Form.of(piece.out), _opposite(truth(writer, form)), wish)


def _product(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """A product is affine where one factor is constant, and a choice where one is 0 or 1."""
    a, b = piece.arguments
    t = Form.of(piece.out)
    for factor, other in ((a, b), (b, a)):
        if not factor.factors:
            _equal_forms(writer, t, other.times(factor.constant), wish)
            return
    for factor, other in ((a, b), (b, a)):
        if writer.box.truth(factor):
            _chosen(writer, t, (factor, other, Form()), wish)
            return
    raise NoBoundError


def _ranked(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    """t = the number-th smallest: at least so many values lie below it, and the rest above it."""
    t, forms = Form.of(piece.out), piece.arguments
    sides = (
        (wish.down, 1.0, piece.number),
        (wish.up, -1.0, len(forms) + 1 - piece.number),
    )
    for wanted, side, count in sides:
        if not wanted:
            continue
        choices = [writer.binary() for _ in forms]
        writer.one_of(choices, count)
        for form, choice in zip(forms, choices, strict=True):
            writer.above(t.plus(form, -1.0).times(side), choice)
            writer.pull(form, up=side < 0, down=side > 0)


def _floor(writer: Rewriter, piece: Piece, wish: Wish) -> None:
    (form,) = piece.arguments
    _whole_part(writer, Form.of(piece.out), form, piece.number, wish)


def _whole_part(writer: Rewriter, t: Form, form: Form, decimals: int, wish: Wish) -> None:
    """t · 10^decimals = ⌊form · 10^decimals⌋"""
    unit = 10.0**decimals
    scaled = form.times(unit)
    whole = writer.box.whole(scaled)
    low = math.floor(writer.finite(writer.box.least(scaled)) + _NOISE)
    high = math.floor(writer.finite(writer.box.most(scaled)) + _NOISE)
    steps = Form.of(writer.box.add(low, high, whole=True))
    writer.rows.append((t.plus(steps, -1.0 / unit), 0.0, 0.0))
    if whole:
        rest = scaled.constant - math.floor(scaled.constant + _NOISE)
        writer.rows.append((steps.plus(scaled, -1.0).shifted(rest), 0.0, 0.0))
        writer.pull(form, up=wish.up, down=wish.down)
        return
    if wish.up:
        writer.at_least(scaled.plus(steps, -1.0))
        writer.pull(form, up=True)
    if wish.down:
        writer.at_least(steps.plus(scaled, -1.0).shifted(1.0 - writer.gap(scaled)))
        writer.pull(form, down=True)


def _rounded(half: float, away: bool) -> Rule:
    """Rounding by its size: of values that are not negative, or not positive, throughout."""

    def rule(writer: Rewriter, piece: Piece, wish: Wish) -> None:
        (form,) = piece.arguments
        t, shift = Form.of(piece.out), half * 10.0**-piece.number
        if writer.box.least(form) < 0:
            if writer.box.most(form) > 0:
                raise NoBoundError
            form, t, wish = form.times(-1.0), t.times(-1.0), Wish(wish.down, wish.up)
        if away:  # ⌈x⌉ = −⌊−x⌋
            turned = Wish(wish.down, wish.up)
            _whole_part(writer, t.times(-1.0), form.times(-1.0), piece.number, turned)
            return
        _whole_part(writer, t, form.shifted(shift), piece.number, wish)

    return rule


RULES: Mapping[str, Rule] = {
    "max": _largest,
    "min": _smallest_of_all,
    "abs": _absolute,
    "sum": _sum,
    "product": _product,
    "choice": _choice,
    "at most": _at_most,
    "below": _below,
    "equal": _equal,
    "unequal": _unequal,
    "all": _all,
    "any": _any,
    "not": _not,
    "smallest": _ranked,
    "floor": _floor,
    "truncate": _rounded(0.0, away=False),
    "round": _rounded(0.5, away=False),
    "away": _rounded(0.0, away=True),
}
"""Kind → (writer, piece, wish): adds the rows."""

_TRUTHS = frozenset({"at most", "below", "equal", "unequal", "all", "any", "not"})
_ROUNDINGS = frozenset({"floor", "truncate", "round", "away"})


def is_whole(box: Box, piece: Piece) -> bool:
    """Whether a kink's value is always a whole number."""
    if piece.kind in _TRUTHS:
        return True
    if piece.kind in _ROUNDINGS:
        return piece.number <= 0
    return all(
        box.whole(form) and abs(form.constant - round(form.constant)) < _NOISE
        for form in piece.arguments
    )


def ranges(box: Box, piece: Piece) -> tuple[float, float]:
    """The least and the largest value that a kink may have."""
    if piece.kind in _TRUTHS:
        return 0.0, 1.0
    pairs = [(box.least(form), box.most(form)) for form in piece.arguments]
    lows, highs = [low for low, _ in pairs], [high for _, high in pairs]
    if piece.kind == "max":
        return max(lows), max(highs)
    if piece.kind == "min":
        return min(lows), min(highs)
    if piece.kind == "smallest":
        return sorted(lows)[piece.number - 1], sorted(highs)[piece.number - 1]
    if piece.kind == "abs":
        least = 0.0 if lows[0] <= 0.0 <= highs[0] else min(abs(lows[0]), abs(highs[0]))
        return least, max(abs(lows[0]), abs(highs[0]))
    if piece.kind == "choice":
        return min(lows[1:]), max(highs[1:])
    if piece.kind == "sum":
        return sum(lows), sum(highs)
    if piece.kind == "product":
        return _product_range(pairs)
    step = 10.0**-piece.number
    return lows[0] - step, highs[0] + step


def always(piece: Piece) -> list[tuple[Form, float, float]]:
    """Rows (form, least, most) that hold of a kink whatever helps: they tighten bounds."""
    t = Form.of(piece.out)
    if piece.kind == "sum":
        return [(t.plus(combined((1.0, form) for form in piece.arguments), -1.0), 0.0, 0.0)]
    if piece.kind == "abs":
        (form,) = piece.arguments
        return [(t.plus(side, -1.0), 0.0, math.inf) for side in (form, form.times(-1.0))]
    if piece.kind == "max":
        return [(t.plus(form, -1.0), 0.0, math.inf) for form in piece.arguments]
    if piece.kind == "min":
        return [(form.plus(t, -1.0), 0.0, math.inf) for form in piece.arguments]
    return []


def _product_range(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    (a, b), (c, d) = pairs
    corners = [0.0 if 0.0 in (x, y) else x * y for x in (a, b) for y in (c, d)]
    return min(corners), max(corners)
