"""Which variables a formula's curved parts bring together."""

from __future__ import annotations

from collections.abc import Sequence

from xlcollab.optim.algebra.formulas import Algebra

Together = frozenset[int]


def brought_together(algebra: Algebra, most: int) -> set[Together] | None:
    """The groups of variables between which the results may hold products or other curved parts,
    none within another; None where one holds more than `most` variables.

    The results are sums of functions of one group each, and of functions of single variables.
    """
    supports = _supports(algebra)
    groups: set[Together] = set()
    for place in _curved(algebra, algebra.results):
        if len(supports[place]) > most:
            return None
        groups.add(supports[place])
    return {one for one in groups if len(one) > 1 and not any(one < other for other in groups)}


def _supports(algebra: Algebra) -> list[Together]:
    """The variables of every formula."""
    found: list[Together] = []
    for node in algebra.nodes:
        if node.op == "variable":
            found.append(frozenset((int(node.value),)))
        else:
            found.append(frozenset().union(*(found[one] for one in node.args)))
    return found


def _curved(algebra: Algebra, results: Sequence[int]) -> set[int]:
    """The formulas of whose multiples the results are sums."""
    seen: set[int] = set()
    found: set[int] = set()
    waiting = list(results)
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        node = algebra.nodes[place]
        moving = [one for one in node.args if algebra.nodes[one].op != "constant"]
        if node.op == "sum" or (node.op == "product" and len(moving) == 1):
            waiting += moving
        elif node.op not in ("variable", "constant"):
            found.add(place)
    return found
