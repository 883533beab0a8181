"""What the columns of a chain are: data, prediction, error, gradients, memories."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from xlcollab.formula.nodes import Binary, Node, Number, Reference, walk
from xlcollab.problems.tab.chain import Chain, Link
from xlcollab.problems.tab.formulas import Beside, Column, SheetFormulas, place
from xlcollab.problems.tab.rewriting import relocated, rewritten
from xlcollab.problems.tab.terms import Term, squared, terms

MemoryKind = Literal["mean", "square", "count", "other"]


@dataclass(frozen=True, slots=True)
class MemoryColumn:
    """A column that carries something from row to row beside the weights.

    "mean" averages (or adds up) gradients, "square" their squares, "count" counts the steps.
    `decay` is what its own last value is multiplied by, None when it is taken whole; `share` what
    the gradient is.
    """

    column: int
    weight: int
    kind: MemoryKind
    decay: Node | None
    share: Node | None


class Parts:
    """The columns of a chain by their meaning. Columns are indices; None where there is none."""

    def __init__(self, formulas: SheetFormulas, chain: Chain) -> None:
        self.formulas, self.chain = formulas, chain
        self.weights = [link.weight for link in chain.links]

    @cached_property
    def columns(self) -> dict[int, Column]:
        """The formula columns of the block."""
        found = {}
        for index in sorted({column for _, column in self.formulas.keys}):
            column = self.formulas.column(index, list(self.chain.rows)[1:] or self.chain.rows)
            if column is not None:
                found[index] = column
        return found

    @cached_property
    def memories(self) -> list[MemoryColumn]:
        """Columns that read their own row above and serve an update, in sheet order."""
        found = []
        for index, column in self.columns.items():
            if index in column.reads(-1):
                for link in self.chain.links:
                    if index in self._served(link):
                        found.append(_memory(column, link.weight))
                        break
        return found

    @cached_property
    def updates(self) -> dict[Link, Column]:
        """The formula of each link's update, in terms of weights, gradients and memories: columns
        between (such as Adam's corrected means) are put in."""
        return {
            link: Column(link.update, self._filled_in(link.update)) for link in self.chain.links
        }

    def _filled_in(self, index: int) -> Node:
        def change(reference: Reference) -> Node:
            found = place(reference, index)
            if not (isinstance(found, Beside) and found.offset == 0):
                return reference
            if found.column not in self._between:
                return reference
            return relocated(self._filled_in(found.column), found.column - index)

        return rewritten(self.columns[index].node, change)

    @cached_property
    def _between(self) -> set[int]:
        """The columns that are made of memories and constants alone."""
        carried = {index for index, column in self.columns.items() if index in column.reads(-1)}
        ends = carried | set(self.weights)
        found = set()
        for index in self.columns.keys() - ends:
            behind = self._closure([index], ends)
            if behind & carried and not behind & {*self.weights, *self.data}:
                found.add(index)
        return found

    def _served(self, link: Link) -> set[int]:
        """The columns that a link's update reads, in its row or the row above."""
        update = self.updates[link]
        return update.reads() | update.reads(-1)

    def gradient(self, link: Link) -> int | None:
        """The column whose numbers move the weight of `link`."""
        memories = {memory.column for memory in self.memories}
        wanted = self.updates[link].reads() - memories
        for memory in self._served(link) & memories:
            wanted |= self.columns[memory].reads() - memories
        wanted = {c for c in wanted if c in self.columns} - set(self.weights)
        return min((c for c in wanted if self._data(c)), default=None)

    @cached_property
    def data(self) -> list[int]:
        """Columns without formulas that the block reads in its own row, in sheet order."""
        read = {c for column in self.columns.values() for c in column.reads()}
        return sorted(c for c in read if c not in self.columns)

    @cached_property
    def prediction(self) -> int | None:
        """The first column that depends on every weight but not on all the data."""
        candidates = [
            index
            for index in self.columns
            if index not in self.weights
            and set(self.weights) <= self._closure([index])
            and self._data(index) < set(self.data)
            and not any(memory.column == index for memory in self.memories)
        ]
        inner = {c for index in candidates for c in self.columns[index].reads()}
        return min((c for c in candidates if c not in inner), default=None)

    @cached_property
    def target(self) -> int | None:
        """The data that is predicted: read by no prediction, but together with it."""
        if self.prediction is None:
            return None
        rest = sorted(set(self.data) - self._data(self.prediction))
        return rest[0] if rest else None

    @cached_property
    def error(self) -> int | None:
        """The column (prediction - target)²."""
        wanted = {self.prediction, self.target}
        for index, column in self.columns.items():
            inner = squared(column.node)
            if inner is not None and column.reads() == wanted and _is_difference(inner):
                return index
        return None

    def estimate(self, weight: int) -> int | None:
        """The column (error with the weight moved - error) / step."""
        for index, column in self.columns.items():
            moved = _moved_error(column, self.error)
            node = self.columns[moved].node if moved in self.columns else None
            if node is not None and _adds_number_to(node, moved or 0, weight):
                return index
        return None

    def _data(self, column: int) -> set[int]:
        """The data columns that a column depends on within its row."""
        return self._closure([column]) & set(self.data)

    def _closure(self, start: Iterable[int], ends: Collection[int] | None = None) -> set[int]:
        """All columns that some columns depend on within their row; `ends` end the walk, which are
        the weights unless others are named."""
        ends = self.weights if ends is None else ends
        pending, found = list(start), set[int]()
        while pending:
            index = pending.pop()
            if index in found:
                continue
            found.add(index)
            if index in self.columns and index not in ends:
                pending.extend(self.columns[index].reads())
        return found


def _memory(column: Column, weight: int) -> MemoryColumn:
    own = [term for term in terms(column.node) if _holds_own(term, column.index)]
    rest = [term for term in terms(column.node) if term not in own]
    if len(own) != 1 or len(rest) != 1 or own[0].divisors or rest[0].divisors:
        return MemoryColumn(column.index, weight, "other", None, None)
    if own[0].factors[1:] == () and rest[0] == Term(1, (Number(1.0),)):
        return MemoryColumn(column.index, weight, "count", None, None)
    decay = [f for f in own[0].factors if not _is_place(f, column.index, -1)]
    squares = [f for f in rest[0].factors if _is_moving(squared(f), column.index)]
    plain = [f for f in rest[0].factors if _is_moving(f, column.index)]
    share = [f for f in rest[0].factors if f not in squares and f not in plain]
    twice = len(plain) == 2 and plain[0] == plain[1]
    kind: MemoryKind = "square" if squares or twice else "mean" if len(plain) == 1 else "other"
    return MemoryColumn(
        column.index, weight, kind, decay[0] if decay else None, share[0] if share else None
    )


def _holds_own(term: Term, column: int) -> bool:
    return any(_is_place(factor, column, -1) for factor in term.factors)


def _is_place(node: Node, column: int, offset: int) -> bool:
    return isinstance(node, Reference) and place(node, column) == Beside(offset, column)


def _is_moving(node: Node | None, column: int) -> bool:
    return isinstance(node, Reference) and isinstance(place(node, column), Beside)


def _is_difference(node: Node) -> bool:
    return isinstance(node, Binary) and node.operator == "-"


def _moved_error(column: Column, error: int | None) -> int | None:
    """G in a formula (G - error) / step."""
    node = column.node
    if not (isinstance(node, Binary) and node.operator == "/" and _is_difference(node.left)):
        return None
    others = column.reads() - {error}
    return others.pop() if error in column.reads() and len(others) == 1 else None


def _adds_number_to(node: Node, column: int, weight: int) -> bool:
    """Whether the formula adds a number to the weight of its row."""
    return any(
        isinstance(part, Binary)
        and part.operator == "+"
        and isinstance(part.left, Reference)
        and place(part.left, column) == Beside(0, weight)
        and isinstance(part.right, Number)
        for part in walk(node)
    )
