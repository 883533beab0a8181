"""What the algebra of numbers saves: neutral elements, double signs, and the guards of functions.

`simplified` looks at one operation while it is being made. It sees the operands' own nodes through
views of whole buffers, so that `where(x > 0, log(where(x > 0, x, 1)), NaN)` becomes one `logn`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.graph import Graph, View
from xlcollab.kernels.program.core.ops import LARGEST_EXPONENT, OPS, SMALLEST_NORMAL, TRUTHS
from xlcollab.kernels.program.core.strides import Dims, reshaped

Operands = tuple[View, ...]


def simplified(graph: Graph, op: str, shape: Dims, operands: Operands) -> View | None:
    """A view that already is the result, or a simpler operation's; None to make the node."""
    rule = _RULES.get(op)
    return rule(graph, shape, operands) if rule else None


def made_by(graph: Graph, view: View, shape: Dims, op: str) -> Operands | None:
    """The operands, along `shape`, of the elementwise node `op` that the view sees whole.

    Where axes of the node are spread over `shape`, so are its operands.
    """
    node = graph[view.node]
    if node.op != op or view.offset:
        return None
    axes = [axis for axis, step in enumerate(view.strides) if step and shape[axis] > 1]
    small = tuple(shape[axis] for axis in axes)
    cut = type(view)(view.node, 0, tuple(view.strides[axis] for axis in axes))
    if not graph.is_whole(cut, small):
        return None
    found = []
    for operand in node.operands:
        own = reshaped(node.shape, operand.strides, small)
        if own is None:
            return None
        strides = [0] * len(shape)
        for axis, step in zip(axes, own, strict=True):
            strides[axis] = step
        found.append(type(view)(operand.node, operand.offset, tuple(strides), operand.held))
    return tuple(found)


def same(a: View, b: View) -> bool:
    """Whether two views see the same numbers, derivatives aside."""
    return (a.node, a.offset, a.strides) == (b.node, b.offset, b.strides)


def _add(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    a, b = operands
    if graph.value(a) == 0.0:
        return b
    if graph.value(b) == 0.0:
        return a
    negated = made_by(graph, b, shape, "neg")
    if negated is not None and not b.held:
        return graph.map("sub", shape, a, negated[0])
    negated = made_by(graph, a, shape, "neg")
    if negated is not None and not a.held:
        return graph.map("sub", shape, b, negated[0])
    return None


def _sub(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    a, b = operands
    if graph.value(b) == 0.0:
        return a
    if graph.value(a) == 0.0:
        return graph.map("neg", shape, b)
    return None


def _mul(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    finite = _finite(graph, shape, operands)
    if finite is not None:
        return finite
    for x, other in (operands, operands[::-1]):
        value = graph.value(x)
        if value == 1.0:
            return other
        if value == 0.0 and is_truth(graph, other):
            return x
        if value == -1.0:
            return graph.map("neg", shape, other)
        scaled = _choice_times(graph, shape, x, other) if value is not None else None
        if scaled is not None:
            return scaled
        inner = made_by(graph, x, shape, "neg")
        if inner and not x.held:
            return graph.map("neg", shape, graph.map("mul", shape, inner[0], other))
    return graph.map("sq", shape, operands[0]) if operands[0] == operands[1] else None


def _choice_times(graph: Graph, shape: Dims, factor: View, choice: View) -> View | None:
    """c · where(mask, a, 0) with a spread number `a`: one product in the place of many."""
    inner = made_by(graph, choice, shape, "where")
    if inner is None or choice.held or any(inner[1].strides) or not _is(graph, inner[2], 0.0):
        return None
    scaled = graph.map("mul", shape, inner[1], factor)
    return graph.map("where", shape, inner[0], scaled, inner[2])


def _finite(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """(x = x) · (|x| <> ∞), as torch.isfinite has it."""
    for first, second in (operands, operands[::-1]):
        itself, size = made_by(graph, first, shape, "eq"), made_by(graph, second, shape, "ne")
        if itself and size and same(*itself):
            for limit, x in (size, size[::-1]):
                absolute = made_by(graph, x, shape, "abs")
                if _is(graph, limit, math.inf) and absolute and same(absolute[0], itself[0]):
                    return graph.map("finite", shape, itself[0])
    return None


def _div(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    a, b = operands
    divisor = graph.value(b)
    if divisor == 1.0:
        return a
    if divisor is not None and divisor and math.frexp(divisor)[0] == 0.5:
        return graph.map("mul", shape, a, graph.scalar(1.0 / divisor, shape))
    return None


def _neg(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    (x,) = operands
    if x.held:
        return None
    return _negated(graph, shape, x)


_DEEP = 4
"""How many products deep a constant that can take a sign is looked for."""


def _negated(graph: Graph, shape: Dims, x: View, depth: int = _DEEP) -> View | None:
    """-x without an operation more: a sign taken back, or given to a constant factor."""
    inner = made_by(graph, x, shape, "neg")
    if inner:
        return inner[0]
    pair = made_by(graph, x, shape, "mul") if depth else None
    for given, other in (pair, pair[::-1]) if pair else ():
        if graph.value(given) is not None:
            return graph.map("mul", shape, graph.map("neg", shape, given), other)
        turned = _negated(graph, shape, given, depth - 1)
        if turned is not None and not given.held:
            return graph.map("mul", shape, turned, other)
    return None


def _copy(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    del graph, shape
    return operands[0]


def is_truth(graph: Graph, view: View) -> bool:
    """Whether all numbers of a view are 0 or 1."""
    node = graph[view.node]
    if node.data is not None:
        return bool(np.isin(node.data, (0.0, 1.0)).all())
    joined = node.op in ("mul", "max", "min")
    return node.op in TRUTHS or (joined and all(is_truth(graph, one) for one in node.operands))


def _not(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """What is not finite; a truth negated twice. `a <= b` negated stays, for the sake of
    not-a-number."""
    inner = made_by(graph, operands[0], shape, "finite")
    if inner:
        return graph.map("lost", shape, inner[0])
    inner = made_by(graph, operands[0], shape, "not")
    if inner and graph[inner[0].node].op in TRUTHS and graph.is_whole(inner[0], shape):
        return inner[0]
    return None


def _ne(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """`truth <> 0` is the truth."""
    for x, other in (operands, operands[::-1]):
        if graph.value(x) == 0.0 and graph[other.node].op in TRUTHS:
            return other
    return None


def _where(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    mask, yes, no = operands
    known = graph.value(mask)
    if known is not None:
        return yes if known else no
    if same(yes, no) and yes.held == no.held:
        return yes
    patterns = (
        _guarded_division,
        _guarded_function,
        _guarded_root,
        _without_subnormal,
        _same_mask,
        _without_need,
    )
    for pattern in patterns:
        found = pattern(graph, shape, operands)
        if found is not None:
            return found
    return None


def _without_need(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """A choice by a constant mask whose constant is what the other branch is there anyhow: blanks
    that were 0 before they were squared."""
    mask, yes, no = operands
    given = graph.array(mask, shape)
    if given is None:
        return None
    for constant, other, first in ((yes, no, True), (no, yes, False)):
        values = graph.array(constant, shape)
        if values is None or other.held or not is_fixed(graph, other, shape):
            continue
        there = np.broadcast_to((given != 0.0) == first, shape)
        known = known_where(graph, other, shape, there)
        if known is not None and np.array_equal(np.broadcast_to(values, shape)[there], known):
            return other
    return None


def is_fixed(graph: Graph, view: View, shape: Dims, depth: int = 8) -> bool:
    """Whether some places of an elementwise expression may be the same whatever the variables."""
    if graph[view.node].op == "constant":
        return True
    node = graph[view.node]
    operands = made_by(graph, view, shape, node.op) if depth and node.is_map else None
    if operands is None:
        return False
    if node.op == "where" and graph[operands[0].node].op == "constant":
        return any(is_fixed(graph, one, shape, depth - 1) for one in operands[1:])
    return all(is_fixed(graph, one, shape, depth - 1) for one in operands)


def known_where(
    graph: Graph, view: View, shape: Dims, there: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """The numbers at the places `there`, (k,), if they are the same whatever the variables."""
    array = graph.array(view, shape)
    if array is not None:
        return np.broadcast_to(array, shape)[there]
    node = graph[view.node]
    operands = made_by(graph, view, shape, node.op) if node.is_map else None
    if operands is None:
        return None
    if node.op == "where":
        given = graph.array(operands[0], shape)
        mask = None if given is None else np.broadcast_to(given, shape)[there] != 0.0
        if mask is not None and (mask.all() or not mask.any()):
            return known_where(graph, operands[1 if mask.all() else 2], shape, there)
    values = [known_where(graph, one, shape, there) for one in operands]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    with np.errstate(all="ignore"):
        return np.asarray(OPS[node.op].meaning(*known), np.float64)


def _is(graph: Graph, view: View, value: float) -> bool:
    known = graph.value(view)
    return known is not None and (known == value or (value != value and known != known))


def _guarded_division(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """where(b = 0, NaN, where(b = 0, 0, a) / where(b = 0, 1, b))."""
    mask, yes, no = operands
    tested, quotient = made_by(graph, mask, shape, "eq"), made_by(graph, no, shape, "div")
    if not (tested and quotient and _is(graph, yes, math.nan)):
        return None
    b = _compared(graph, tested, 0.0)
    over = _chosen(graph, quotient[0], shape, mask, 0.0, first=True)
    under = _chosen(graph, quotient[1], shape, mask, 1.0, first=True)
    if b is None or under is None or not same(b, under):
        return None
    if over is None:
        over = quotient[0] if graph.value(quotient[0]) is not None else None
    if over is None:
        return None
    return graph.map("div" if is_positive(graph, under) else "divn", shape, over, under)


def is_positive(graph: Graph, view: View) -> bool:
    """Whether all numbers of a view are above 0, or not numbers."""
    node = graph[view.node]
    if node.op == "constant":
        return node.data is not None and bool((node.data > 0.0).all())
    if node.op == "add":
        return any(
            is_positive(graph, a) and _is_not_negative(graph, b)
            for a, b in (node.operands, node.operands[::-1])
        )
    return False


def _is_not_negative(graph: Graph, view: View) -> bool:
    node = graph[view.node]
    if node.op == "constant":
        return node.data is not None and bool((node.data >= 0.0).all())
    return node.op in ("exp", "expn", "sq", "abs", "sqrt", "sqrtn", "sigmoid", "cosh")


def _compared(graph: Graph, tested: Operands, value: float) -> View | None:
    """The side of a comparison that is not the constant `value`."""
    for x, other in (tested, tested[::-1]):
        if _is(graph, x, value):
            return other
    return None


def _chosen(
    graph: Graph, view: View, shape: Dims, mask: View, neutral: float, *, first: bool
) -> View | None:
    """x of where(mask, neutral, x), or with `first` off of where(mask, x, neutral)."""
    inner = made_by(graph, view, shape, "where")
    if inner is None or not same(inner[0], mask):
        return None
    constant, x = (inner[1], inner[2]) if first else (inner[2], inner[1])
    return x if _is(graph, constant, neutral) else None


def _guarded_function(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """where(mask, f(where(mask, x, neutral)), NaN) for ln and exp."""
    mask, yes, no = operands
    if not _is(graph, no, math.nan):
        return None
    for plain, guarded, test, neutral in (
        ("log", "logn", _is_positive, 1.0),
        ("exp", "expn", _fits_exponent, 0.0),
    ):
        inner = made_by(graph, yes, shape, plain)
        if inner is None:
            continue
        x = _chosen(graph, inner[0], shape, mask, neutral, first=False)
        if x is not None and test(graph, shape, mask, x):
            return graph.map(guarded, shape, x)
    return None


def _is_positive(graph: Graph, shape: Dims, mask: View, x: View) -> bool:
    """mask is 0 < x."""
    tested = made_by(graph, mask, shape, "lt")
    return tested is not None and _is(graph, tested[0], 0.0) and same(tested[1], x)


def _fits_exponent(graph: Graph, shape: Dims, mask: View, x: View) -> bool:
    tested = made_by(graph, mask, shape, "le")
    return tested is not None and same(tested[0], x) and _is(graph, tested[1], LARGEST_EXPONENT)


def _guarded_root(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """where(x > 0, √where(x > 0, x, 1), where(x = 0, 0, NaN))."""
    mask, yes, no = operands
    root, rest = made_by(graph, yes, shape, "sqrt"), made_by(graph, no, shape, "where")
    if not (root and rest and _is(graph, rest[1], 0.0) and _is(graph, rest[2], math.nan)):
        return None
    x = _chosen(graph, root[0], shape, mask, 1.0, first=False)
    tested = made_by(graph, rest[0], shape, "eq")
    if x is None or tested is None or not _is_positive(graph, shape, mask, x):
        return None
    zero = _compared(graph, tested, 0.0)
    return graph.map("sqrtn", shape, x) if zero is not None and same(zero, x) else None


def _without_subnormal(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """where((x <> 0) · (|x| < the smallest normal number), 0, x)."""
    mask, yes, x = operands
    tests = made_by(graph, mask, shape, "mul")
    if x.held or tests is None or not _is(graph, yes, 0.0):
        return None
    for some, small in (tests, tests[::-1]):
        there, under = made_by(graph, some, shape, "ne"), made_by(graph, small, shape, "lt")
        if there and under and _is(graph, under[1], SMALLEST_NORMAL):
            size, compared = made_by(graph, under[0], shape, "abs"), _compared(graph, there, 0.0)
            if size and compared is not None and same(size[0], x) and same(compared, x):
                return graph.map("normal", shape, x)
    return None


def _same_mask(graph: Graph, shape: Dims, operands: Operands) -> View | None:
    """A choice inside a choice by the same mask takes the same branch."""
    mask, yes, no = operands
    inner = made_by(graph, yes, shape, "where")
    if inner and same(inner[0], mask) and not yes.held:
        return graph.map("where", shape, mask, inner[1], no)
    inner = made_by(graph, no, shape, "where")
    if inner and same(inner[0], mask) and not no.held:
        return graph.map("where", shape, mask, yes, inner[2])
    return None


_RULES: dict[str, Callable[[Graph, Dims, Operands], View | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "copy": _copy,
    "not": _not,
    "ne": _ne,
    "where": _where,
}
