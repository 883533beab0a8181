"""The parts of an optimiser's step: its root of squared gradients, and what the step's count does.

Forms known of a root over the squares v: SQRT(v), SQRT(v)+ε and SQRT(v+ε), and with Adam's
correction for bias SQRT(v/(1-β^t))+ε (Kingma and Ba 2015, algorithm 1); summands in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.formula import references
from xlcollab.formula.nodes import Binary, Node, Number, Reference, walk
from xlcollab.problems.tab.formulas import Beside, Fixed, place
from xlcollab.problems.tab.terms import Term, radicand, terms


@dataclass(frozen=True, slots=True)
class Root:
    """The root that a step is divided by.

    `padded`: a constant is added to it, so that it is never 0; `corrected`: for bias.
    """

    padded: bool
    corrected: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Columns as a step formula in `update` sees them; None for a memory that is not there."""

    update: int
    gradient: int | None
    mean: int | None
    square: int | None
    count: int | None

    def is_cell(self, node: Node, column: int | None) -> bool:
        """Whether `node` is a cell of `column` that moves with the row."""
        found = place(node, self.update) if isinstance(node, Reference) else None
        return column is not None and isinstance(found, Beside) and found.column == column

    def is_constant(self, node: Node) -> bool:
        """Whether `node` is made of numbers and cells that are the same in every row."""
        return all(isinstance(place(one, self.update), Fixed) for one in references(node))

    def is_power_of_count(self, node: Node) -> bool:
        """β^t."""
        return (
            isinstance(node, Binary)
            and node.operator == "^"
            and self.is_constant(node.left)
            and self.is_cell(node.right, self.count)
        )

    def is_correction(self, node: Node) -> bool:
        """1 - β^t."""
        return (
            isinstance(node, Binary)
            and node.operator == "-"
            and node.left == Number(1.0)
            and self.is_power_of_count(node.right)
        )

    def is_root_of_correction(self, node: Node) -> bool:
        """SQRT(1 - β^t)."""
        inner = radicand(node)
        return inner is not None and self.is_correction(inner)


def find_root(step: Term, places: Places) -> Root | None:
    """The root of the squares among the divisors of a step, their one use; None without one."""
    if times_read(step, places.square, places) != 1:
        return None
    for divisor in step.divisors:
        summands = terms(divisor)
        for summand in summands:
            root = _root(summand, places)
            rest = [one for one in summands if one is not summand]
            if root is not None and all(_is_small(one, places) for one in rest):
                corrected = any(places.is_root_of_correction(factor) for factor in step.factors)
                return Root(root.padded or bool(rest), root.corrected or corrected)
    return None


def _root(summand: Term, places: Places) -> Root | None:
    """SQRT(v …), maybe divided by SQRT(1 - β^t)."""
    inner = radicand(summand.factors[0]) if len(summand.factors) == 1 else None
    if inner is None:
        return None
    beside = [places.is_root_of_correction(one) for one in summand.divisors]
    under = terms(inner)
    for term in under:
        within = [places.is_correction(one) for one in term.divisors]
        known = len(term.factors) == 1 and places.is_cell(term.factors[0], places.square)
        rest = [one for one in under if one is not term]
        if known and all(beside + within) and all(_is_small(one, places) for one in rest):
            return Root(padded=bool(rest), corrected=bool(beside + within))
    return None


def _is_small(term: Term, places: Places) -> bool:
    """ε: an added constant."""
    return term.sign == 1 and not term.divisors and all(map(places.is_constant, term.factors))


def moves_by_mean(step: Term, places: Places) -> bool:
    """Whether the mean of gradients is a factor of the step."""
    return any(places.is_cell(factor, places.mean) for factor in step.factors)


def looks_ahead(step: Term, places: Places) -> bool:
    """Whether a factor of the step is gradient + β · mean (Nesterov 1983, torch.optim's form)."""
    return any(_is_ahead(terms(factor), places) for factor in step.factors)


def _is_ahead(summands: list[Term], places: Places) -> bool:
    gradients = [one for one in summands if _holds(one, places.gradient, places)]
    means = [one for one in summands if _holds(one, places.mean, places)]
    return len(summands) == 2 and len(gradients) == len(means) == 1


def _holds(term: Term, column: int | None, places: Places) -> bool:
    return any(places.is_cell(factor, column) for factor in term.factors)


def is_corrected(step: Term, places: Places) -> bool:
    """Whether the mean of gradients is corrected for bias: divided by 1 - β^t."""
    return any(places.is_correction(divisor) for divisor in step.divisors)


def fades(step: Term, places: Places) -> bool:
    """Whether the rate falls by a factor per step: a factor f^t."""
    return any(places.is_power_of_count(factor) for factor in step.factors)


def times_read(step: Term, column: int | None, places: Places) -> int:
    """How often the step reads a column."""
    nodes = (part for node in (*step.factors, *step.divisors) for part in walk(node))
    return sum(places.is_cell(node, column) for node in nodes)
