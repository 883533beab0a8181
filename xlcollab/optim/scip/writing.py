"""Formulas as expressions of SCIP, with columns of their own where an operation needs some.

What is written allows all that the sheet allows, so that a bound holds for the sheet: a comparison
may go either way where both sides are equal, unless `strict` keeps them apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xlcollab.optim.algebra.formulas import Algebra, Formula
from xlcollab.optim.algebra.intervals import Interval, intervals

Expression = Any
"""An expression of pyscipopt, which has no types, or a float."""
_LARGEST = 1e19
"""Beyond it a bound is none: SCIP takes 1e20 as infinite."""
_MOST_PICKED = 2000
"""Cells of a table that is looked up: each is a binary variable."""
STRICT = 1e-6
"""How far a strict comparison keeps its sides apart, relative to them."""


class NoFormError(Exception):
    """An operation that SCIP has no form of. Never seen by a user."""

    def __init__(self, op: str) -> None:
        super().__init__(op)
        self.op = op


@dataclass(slots=True)
class Written:
    """The model of SCIP while it is written."""

    model: Any
    algebra: Algebra
    ranges: Sequence[Interval]
    whole: Sequence[bool]
    """Which formulas are whole numbers."""
    variables: Sequence[Any]
    strict: bool
    uses: Sequence[int]
    """How often each formula is read by those that the results stand on; what none of them
    reads is written only if it is a result."""
    made: list[Expression] = field(default_factory=list)
    edged: bool = False
    """Whether a comparison was kept strict by a distance."""

    def column(self, low: float, high: float, kind: str = "C") -> Expression:
        """A new column; kinds are those of SCIP: C, I, B."""
        low = -math.inf if math.isnan(low) else low
        high = math.inf if math.isnan(high) else high
        return self.model.addVar(
            vtype=kind,
            lb=None if low <= -_LARGEST else low,
            ub=None if high >= _LARGEST else high,
        )

    def named(self, expression: Expression, ends: Interval) -> Expression:
        """A column that equals an expression."""
        low, high = _widened(ends)
        found = self.column(low, high)
        self.model.addCons(found - expression == 0.0)
        return found

    def run(self) -> list[Expression]:
        """Write every formula that the results need; the results are in order."""
        results = self.algebra.results
        for place, node in enumerate(self.algebra.nodes):
            needed = self.uses[place] or place in results
            self.made.append(self._node(place, node) if needed else math.nan)
        return [self.made[place] for place in results]

    def _node(self, place: int, node: Formula) -> Expression:
        if node.op == "variable":
            return self.variables[int(node.value)]
        if node.op == "constant":
            return node.value
        if is_decided(self.algebra, self.ranges, place):
            return self.ranges[place][0]
        args = [self.made[one] for one in node.args]
        if node.op in _LOGIC:
            return _LOGIC[node.op](self, node, args)
        rule = FUNCTIONS.get(node.op)
        if rule is None:
            raise NoFormError(node.op)
        found = rule(*args)
        again = self.uses[place] > 1 and node.op not in ("sum", "product")
        return self.named(found, self.ranges[place]) if again else found


def _widened(ends: Interval) -> Interval:
    """A little more, against rounding."""
    low, high = ends
    return low - 1e-9 * (1.0 + abs(low)), high + 1e-9 * (1.0 + abs(high))


def _general(x: Expression) -> Expression:
    """An expression that keeps its structure: plain ones of pyscipopt are multiplied out."""
    from pyscipopt.scip import buildGenExprObj

    return x if isinstance(x, float) else buildGenExprObj(x)


def _sum(*args: Expression) -> Expression:
    found = _general(args[0])
    for one in args[1:]:
        found = found + one
    return found


def _product(*args: Expression) -> Expression:
    found = _general(args[0])
    for one in args[1:]:
        found = found * _general(one)
    return found


def _of(name: str) -> Callable[[Expression], Expression]:
    def apply(x: Expression) -> Expression:
        import pyscipopt

        return getattr(pyscipopt, name)(_general(x))

    return apply


_exp, _log, _sin, _cos, _root = (_of(name) for name in ("exp", "log", "sin", "cos", "sqrt"))


def _larger(*args: Expression) -> Expression:
    found = args[0]
    for one in args[1:]:
        found = 0.5 * (_general(found) + one + abs(_general(found) - one))
    return found


def _smaller(*args: Expression) -> Expression:
    found = args[0]
    for one in args[1:]:
        found = 0.5 * (_general(found) + one - abs(_general(found) - one))
    return found


FUNCTIONS: Mapping[str, Callable[..., Expression]] = {
    "sum": _sum,
    "product": _product,
    "div": lambda a, b: _general(a) * _general(b) ** -1.0,
    "inv": lambda x: _general(x) ** -1.0,
    "sq": lambda x: _general(x) ** 2.0,
    "abs": lambda x: abs(_general(x)),
    "largest": _larger,
    "smallest": _smaller,
    "sqrt": _root,
    "exp": _exp,
    "expm1": lambda x: _exp(x) - 1.0,
    "log": _log,
    "log10": lambda x: _log(x) * (1.0 / math.log(10.0)),
    "log1p": lambda x: _log(_general(x) + 1.0),
    "sin": _sin,
    "cos": _cos,
    "tan": lambda x: _sin(x) * _cos(x) ** -1.0,
    "sinh": lambda x: 0.5 * _exp(x) - 0.5 * _exp(-1.0 * _general(x)),
    "cosh": lambda x: 0.5 * _exp(x) + 0.5 * _exp(-1.0 * _general(x)),
    "tanh": lambda x: 1.0 - 2.0 * (_exp(2.0 * _general(x)) + 1.0) ** -1.0,
    "sigmoid": lambda x: (_exp(-1.0 * _general(x)) + 1.0) ** -1.0,
}
"""Operations that are an expression of their arguments."""


def _where(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    """truth · (yes − no) + no, with both sides computed wherever the variables are."""
    test, yes, no = args
    if not is_truth(written.algebra, node.args[0]):
        raise NoFormError("where")
    if isinstance(test, float):  # the other side is not written
        return yes if test else no
    for side in node.args[1:]:
        if not always_known(written.algebra, written.ranges, side):
            raise NoFormError("where")
    return _product(test, _general(yes) - no) + no


def _compared(strictly: bool) -> Callable[..., Expression]:
    def truth(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
        """1 where a < b (or a ≤ b), 0 where not."""
        gap = _difference(written, node, args)
        whole = all(written.whole[one] for one in node.args)
        edge = 1.0 if whole else _edge(written, node) if written.strict else 0.0
        yes, no = (-edge, 0.0) if strictly else (0.0, edge)
        answer = written.column(0, 1, "B")
        written.edged |= written.strict and not whole
        _if(written, gap, answer, most=yes)
        _if(written, gap, 1 - answer, least=no)
        return answer

    return truth


def _difference(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    (low, high), (least, most) = (written.ranges[one] for one in node.args)
    return written.named(_general(args[0]) - args[1], (low - most, high - least))


def _edge(written: Written, node: Formula) -> float:
    ends = [abs(end) for one in node.args for end in written.ranges[one] if math.isfinite(end)]
    return STRICT * max(1.0, min(ends, default=1.0))


def _if(
    written: Written, gap: Expression, answer: Expression, most: float = math.inf,
    least: float = -math.inf,
) -> None:  # fmt: skip
    """answer = 1 makes least ≤ gap ≤ most."""
    binary = answer
    if not hasattr(answer, "vtype"):  # 1 − answer
        binary = written.column(0, 1, "B")
        written.model.addCons(binary - answer == 0.0)
    if most < math.inf:
        written.model.addConsIndicator(gap <= most, binary)
    if least > -math.inf:
        written.model.addConsIndicator(-1.0 * gap <= -least, binary)


def _equal(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    """1 where a = b; below it, above it, or equal."""
    gap = _difference(written, node, args)
    whole = all(written.whole[one] for one in node.args)
    edge = 1.0 if whole else _edge(written, node) if written.strict else 0.0
    written.edged |= written.strict and not whole
    below, above, same = (written.column(0, 1, "B") for _ in range(3))
    written.model.addCons(below + above + same == 1.0)
    _if(written, gap, below, most=-edge)
    _if(written, gap, above, least=edge)
    _if(written, gap, same, most=0.0, least=0.0)
    return same


def _unequal(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    return 1.0 - _general(_equal(written, node, args))


def _not(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    if not is_truth(written.algebra, node.args[0]):
        raise NoFormError("not")
    return 1.0 - _general(args[0])


def _step(below: float, above: float) -> Callable[..., Expression]:
    """The whole number k with k − below ≤ x ≤ k + above."""

    def whole(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
        low, high = written.ranges[node.args[0]]
        if written.whole[node.args[0]]:
            return args[0]
        answer = written.column(low - 1.0, high + 1.0, "I")
        edge = STRICT if written.strict else 0.0
        written.edged |= written.strict
        gap = _general(args[0]) - answer
        written.model.addCons(gap >= -below + (edge if below == 1.0 else 0.0))
        written.model.addCons(gap <= above - (edge if above == 1.0 else 0.0))
        return answer

    return whole


def _cut_off(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    low, high = written.ranges[node.args[0]]
    if low >= 0.0 or written.whole[node.args[0]]:
        return _step(0.0, 1.0)(written, node, args)
    if high <= 0.0:
        return _step(1.0, 0.0)(written, node, args)
    raise NoFormError("trunc")


def _sign(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    zero = Formula("eq", (node.args[0], node.args[0]))
    gap = written.named(args[0], written.ranges[node.args[0]])
    below, above, same = (written.column(0, 1, "B") for _ in range(3))
    edge = 1.0 if written.whole[node.args[0]] else _edge(written, zero) if written.strict else 0.0
    written.edged |= written.strict and edge != 1.0
    written.model.addCons(below + above + same == 1.0)
    _if(written, gap, below, most=-edge)
    _if(written, gap, above, least=edge)
    _if(written, gap, same, most=0.0, least=0.0)
    return above - _general(below)


def _angle(forward: str, low: float, high: float) -> Callable[..., Expression]:
    """The angle between `low` and `high` whose sine or cosine is given."""

    def angle(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
        del node
        answer = written.column(low, high)
        written.model.addCons({"sin": _sin, "cos": _cos}[forward](answer) - args[0] == 0.0)
        return answer

    return angle


def _arc_tangent(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    low, high = written.ranges[node.args[0]]
    answer = written.column(math.atan(low), math.atan(high))
    written.model.addCons(_sin(answer) - _cos(answer) * _general(args[0]) == 0.0)
    return answer


def _power(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    base, exponent = args
    if isinstance(exponent, float):
        return _general(base) ** exponent
    if written.ranges[node.args[0]][0] <= 0.0:  # 0 to a power has no logarithm
        raise NoFormError("pow")
    return _exp(_product(exponent, math.log(base) if isinstance(base, float) else _log(base)))


def _pick(written: Written, node: Formula, args: Sequence[Expression]) -> Expression:
    """One of the numbers behind the place: one truth for each of them."""
    place, *table = args
    low, high = written.ranges[node.args[0]]
    first, last = max(0, math.ceil(low - 1e-9)), min(len(table) - 1.0, math.floor(high + 1e-9))
    if last - first > _MOST_PICKED or not written.whole[node.args[0]]:
        raise NoFormError("pick")
    places = range(int(first), int(last) + 1)
    here = [written.column(0, 1, "B") for _ in places]
    written.model.addCons(_sum(*here) - 1.0 == 0.0)
    written.model.addCons(
        _sum(*(float(k) * one for k, one in zip(places, here, strict=True))) - place == 0.0
    )
    return _sum(*(_product(table[k], one) for k, one in zip(places, here, strict=True)))


_LOGIC: Mapping[str, Callable[..., Expression]] = {
    "where": _where,
    "lt": _compared(strictly=True),
    "le": _compared(strictly=False),
    "eq": _equal,
    "ne": _unequal,
    "not": _not,
    "floor": _step(0.0, 1.0),
    "ceil": _step(1.0, 0.0),
    "rint": _step(0.5, 0.5),
    "trunc": _cut_off,
    "sign": _sign,
    "asin": _angle("sin", -math.pi / 2, math.pi / 2),
    "acos": _angle("cos", 0.0, math.pi),
    "atan": _arc_tangent,
    "pick": _pick,
    "pow": _power,
}
"""Operations that take columns and rows of their own."""

FORMS = frozenset({"variable", "constant", *FUNCTIONS, *_LOGIC})
"""Every operation that may have a form."""

_TRUTHS = frozenset({"lt", "le", "eq", "ne", "not"})


def is_truth(algebra: Algebra, place: int) -> bool:
    """Whether a formula is 0 or 1."""
    node = algebra.nodes[place]
    if node.op == "constant":
        return node.value in (0.0, 1.0)
    if node.op in ("product", "largest", "smallest"):
        return all(is_truth(algebra, one) for one in node.args)
    if node.op == "where":
        return all(is_truth(algebra, one) for one in node.args[1:])
    return node.op in _TRUTHS


def is_decided(algebra: Algebra, ranges: Sequence[Interval], place: int) -> bool:
    """Whether a formula is a truth that the bounds decide."""
    low, high = ranges[place]
    return low == high and is_truth(algebra, place)


def stands_on(algebra: Algebra, ranges: Sequence[Interval], place: int) -> Sequence[int]:
    """The formulas that one is written with: none for a decided truth, and of the sides of a
    decided choice the one that is taken, for the other would leave out points."""
    node = algebra.nodes[place]
    if is_decided(algebra, ranges, place):
        return ()
    if node.op == "where" and is_decided(algebra, ranges, node.args[0]):
        test, yes, no = node.args
        return test, yes if ranges[test][0] else no
    return node.args


_POSITIVE = frozenset({"log", "log10", "inv", "sqrt", "pow", "div"})
_PARTIAL = frozenset({"tan", "asin", "acos", "log1p"})


def always_known(algebra: Algebra, ranges: Sequence[Interval], place: int) -> bool:
    """Whether a formula and all it is made of have a number wherever the variables are: SCIP
    leaves out the points where a side that is not taken has none."""
    pending, seen = [place], set()
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        node = algebra.nodes[one]
        if node.op in _PARTIAL or (node.op in _POSITIVE and not _inside(algebra, ranges, node)):
            return False
        pending += stands_on(algebra, ranges, one)
    return True


def _inside(algebra: Algebra, ranges: Sequence[Interval], node: Formula) -> bool:
    low, high = ranges[node.args[-1] if node.op == "div" else node.args[0]]
    if node.op in ("inv", "div"):
        return low > 0.0 or high < 0.0
    if node.op == "sqrt":
        return low >= 0.0
    if node.op == "pow":
        exponent = algebra.nodes[node.args[1]]
        whole = exponent.op == "constant" and exponent.value == int(exponent.value)
        return low > 0.0 or (whole and exponent.value > 0)
    return low > 0.0


def whole_formulas(algebra: Algebra, whole: Sequence[bool]) -> list[bool]:
    """Which formulas are whole numbers where the variables are."""
    found: list[bool] = []
    for node in algebra.nodes:
        if node.op == "variable":
            found.append(bool(whole[int(node.value)]))
        elif node.op == "constant":
            found.append(math.isfinite(node.value) and node.value == int(node.value))
        elif node.op in _KEEP_WHOLE:
            found.append(all(found[one] for one in node.args))
        elif node.op in ("where", "pick"):
            found.append(all(found[one] for one in node.args[1:]))
        else:
            found.append(node.op in _MAKE_WHOLE)
    return found


_KEEP_WHOLE = frozenset({"sum", "product", "sq", "abs", "largest", "smallest"})
_MAKE_WHOLE = _TRUTHS | {"floor", "ceil", "trunc", "rint", "sign"}


def written(
    model: Any,
    algebra: Algebra,
    variables: Sequence[Any],
    box: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
    whole: Sequence[bool],
    *,
    strict: bool,
) -> Written:
    """A writer for `model`, whose columns `variables` are made already."""
    ranges = intervals(algebra, *box)
    return Written(
        model=model,
        algebra=algebra,
        ranges=ranges,
        whole=whole_formulas(algebra, whole),
        variables=variables,
        strict=strict,
        uses=_uses(algebra, ranges),
    )


def _uses(algebra: Algebra, ranges: Sequence[Interval]) -> list[int]:
    uses, seen = [0] * len(algebra.nodes), set[int]()
    waiting = list(algebra.results)
    while waiting:
        place = waiting.pop()
        if place not in seen:
            seen.add(place)
            for one in stands_on(algebra, ranges, place):
                uses[one] += 1
                waiting.append(one)
    return uses
