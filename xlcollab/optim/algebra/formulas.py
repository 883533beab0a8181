"""A model's functions as formulas of single numbers, for what must know more than values.

Operations are "variable" (its place is the number), "constant"; "sum", "product", "largest",
"smallest" of any count; "pick" (a place from 0, then the numbers to pick from); elementwise ones
named as in numpy ("div", "abs", "sq", "inv", "sqrt", "exp", "log", "pow", …); comparisons "lt",
"le", "eq", "ne", "not", which are 1 or 0; and "where" (truth, yes, no).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Formula(NamedTuple):
    """One number: an operation on numbers that stand before it."""

    op: str
    args: tuple[int, ...] = ()
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Algebra:
    """Numbers in order of evaluation, and the places of the results: objective, then constraints.

    The formulas hold wherever the model has numbers; where it is an error they may have some.
    """

    nodes: tuple[Formula, ...]
    results: tuple[int, ...]


Recorded = tuple[str, tuple[int, ...], float]
"""An operation, the places of its arguments, and a constant's value."""

_SUMS = frozenset(("add", "sum", "sub"))
_GUARDED = {
    "sqrtn": "sqrt", "logn": "log", "expn": "exp", "divn": "div", "mul": "product",
    "max": "largest", "min": "smallest",
}  # fmt: skip


class _Plain:
    """Rewrites formulas without what only keeps errors and their derivatives away."""

    def __init__(self) -> None:
        self.nodes: list[Formula] = []
        self._known: dict[Formula, int] = {}

    def add(self, op: str, args: Iterable[int] = (), value: float = 0.0) -> int:
        formula = Formula(op, tuple(args), value)
        if formula not in self._known:
            self.nodes.append(formula)
            self._known[formula] = len(self.nodes) - 1
        return self._known[formula]

    def rewritten(self, op: str, args: tuple[int, ...], value: float) -> int:
        op = _GUARDED.get(op, op)
        if op == "where":
            return self._where(*args)
        if op == "neg":
            return self.times(-1.0, args[0])
        if op == "product":
            return self._product(args)
        if op == "pow":
            return self._power(*args)
        return self.add(op, args, value)

    def constant(self, place: int) -> float | None:
        node = self.nodes[place]
        return node.value if node.op == "constant" else None

    def times(self, factor: float, place: int) -> int:
        return self._product((self.add("constant", (), factor), place))

    def sum(self, args: Iterable[int]) -> int:
        """Sums within sums are one."""
        parts: list[int] = []
        for one in args:
            inner = self.nodes[one]
            parts += inner.args if inner.op == "sum" else (one,)
        rest = [one for one in parts if self.constant(one) is None]
        known = math.fsum(self.constant(one) or 0.0 for one in parts)
        if known or not rest:
            rest.append(self.add("constant", (), known))
        return rest[0] if len(rest) == 1 else self.add("sum", rest)

    def _product(self, args: Sequence[int]) -> int:
        """A product with at most one constant, in front."""
        parts: list[int] = []
        for one in args:
            inner = self.nodes[one]
            parts += inner.args if inner.op == "product" else (one,)
        rest = self._powers([one for one in parts if self.constant(one) is None])
        factor = math.prod(
            self.constant(one) or 0.0 for one in parts if self.constant(one) is not None
        )
        if factor != 1.0 or not rest:
            rest.insert(0, self.add("constant", (), factor))
        return rest[0] if len(rest) == 1 else self.add("product", rest)

    def _powers(self, parts: Sequence[int]) -> list[int]:
        """Factors that are whole powers of one number as one power."""
        exponents: dict[int, int] = {}
        for one in parts:
            base, power = self._whole_power(one)
            exponents[base] = exponents.get(base, 0) + power
        found = []
        for base, power in exponents.items():
            exponent = self.add("constant", (), float(power))
            found.append(self._power(base, exponent))
        return sorted(found)

    def _whole_power(self, place: int) -> tuple[int, int]:
        node = self.nodes[place]
        if node.op == "sq":
            return node.args[0], 2
        power = self.constant(node.args[1]) if node.op == "pow" else None
        if power is not None and power >= 1 and power == int(power):
            return node.args[0], int(power)
        return place, 1

    def _power(self, base: int, exponent: int) -> int:
        inner = self.nodes[base]
        if inner.op == "where" and self._is_zero_test(inner.args[0], inner.args[2]):
            base = inner.args[2]
        power = self.constant(exponent)
        if power == 1.0:
            return base
        if power == 2.0:
            return self.add("sq", (base,))
        return self.add("pow", (base, exponent))

    def _where(self, test: int, yes: int, no: int) -> int:
        known = self.constant(test)
        if known is not None:
            return yes if known else no
        for side, other in ((yes, no), (no, yes)):
            value = self.constant(side)
            if value is not None and math.isnan(value):
                return other
        if yes == no or self._is_root_of_zero(test, yes, no):
            return no
        return self.add("where", (test, yes, no))

    def _is_zero_test(self, test: int, place: int) -> bool:
        node = self.nodes[test]
        return node.op == "eq" and place in node.args and 0.0 in map(self.constant, node.args)

    def _is_root_of_zero(self, test: int, yes: int, no: int) -> bool:
        """IF(x = 0, 0, x ^ p) with p > 0 is x ^ p."""
        node = self.nodes[no]
        if self.constant(yes) != 0.0 or node.op not in ("pow", "sq"):
            return False
        exponent = 2.0 if node.op == "sq" else self.constant(node.args[1])
        return exponent is not None and exponent > 0 and self._is_zero_test(test, node.args[0])


def plain(nodes: Iterable[Recorded], results: Sequence[int]) -> Algebra:
    """Formulas as they were recorded, rewritten to what they mean where there is no error."""
    recorded = tuple(nodes)
    writer, places = _Plain(), list[int]()
    terms: dict[int, deque[int]] = {}
    inside = _only_in_a_sum(recorded, results)
    for place, (op, args, value) in enumerate(recorded):
        if op not in _SUMS:
            places.append(writer.rewritten(op, tuple(places[one] for one in args), value))
            continue
        last = [writer.times(-1.0, places[args[1]])] if op == "sub" else []
        added = args[:1] if op == "sub" else args
        found = deque(last)
        for one in reversed(added):
            found = _joined(terms.pop(one) if one in terms else deque((places[one],)), found)
        if place in inside:
            terms[place] = found
        places.append(-1 if place in inside else writer.sum(found))
    return Algebra(tuple(writer.nodes), tuple(places[one] for one in results))


def _only_in_a_sum(recorded: Sequence[Recorded], results: Sequence[int]) -> set[int]:
    """Sums that are read once, as terms of another: `A1+A2+…` of thousands is written once."""
    readers = Counter(one for _, args, _ in recorded for one in args)
    readers.update(results)
    found = set[int]()
    for op, args, _ in recorded:
        if op in _SUMS:
            added = args[:1] if op == "sub" else args
            found.update(one for one in added if recorded[one][0] in _SUMS and readers[one] == 1)
    return found


def _joined(left: deque[int], right: deque[int]) -> deque[int]:
    """Both in order, the shorter put to the longer."""
    if len(left) < len(right):
        right.extendleft(reversed(left))
        return right
    left.extend(right)
    return left
