"""Which optimiser a chain is, read from the formulas of its updates and memories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from xlcollab.formula.nodes import Binary, Call, Node, Number, Reference
from xlcollab.problems.tab.chain import Link
from xlcollab.problems.tab.formulas import Beside, Fixed, SheetFormulas, place
from xlcollab.problems.tab.parts import MemoryColumn, Parts
from xlcollab.problems.tab.rules import Kind
from xlcollab.problems.tab.step import (
    Places,
    Root,
    fades,
    find_root,
    is_corrected,
    looks_ahead,
    moves_by_mean,
    times_read,
)
from xlcollab.problems.tab.terms import Term, terms
from xlcollab.ref import CellRef


@dataclass(frozen=True, slots=True)
class Setting:
    """A number of the optimiser, and the cell that holds it; None when it stands in formulas."""

    name: str
    value: float
    cell: CellRef | None


class Update:
    """The step of one weight: its rate, its gradient or memories, and what divides it."""

    def __init__(self, formulas: SheetFormulas, parts: Parts, link: Link) -> None:
        self.formulas, self.parts, self.link = formulas, parts, link

    @cached_property
    def step(self) -> Term | None:
        """The one term beside the weight itself and its decay."""
        rest = [term for term in self._terms if not self._holds_weight(term)]
        return rest[0] if len(rest) == 1 else None

    @cached_property
    def decays(self) -> bool:
        """Whether a share of the weight itself is taken off (Loshchilov and Hutter 2019)."""
        own = [term for term in self._terms if self._holds_weight(term)]
        return len(own) == 2 and {term.sign for term in own} == {1, -1}

    @cached_property
    def _terms(self) -> list[Term]:
        return terms(self.parts.updates[self.link].node)

    def _holds_weight(self, term: Term) -> bool:
        weight = Beside(0, self.link.weight)
        return not term.divisors and any(
            isinstance(factor, Reference) and place(factor, self.link.update) == weight
            for factor in term.factors
        )

    def memory(self, kind: str) -> MemoryColumn | None:
        """The memory of that kind which serves this weight."""
        column = self.parts.updates[self.link]
        served = column.reads() | column.reads(-1)
        for memory in self.parts.memories:
            if memory.kind == kind and memory.column in served:
                return memory
        return None

    @cached_property
    def places(self) -> Places:
        """The columns of gradient and memories."""
        mean, square, count = (self.memory(kind) for kind in ("mean", "square", "count"))
        return Places(
            update=self.link.update,
            gradient=self.parts.gradient(self.link),
            mean=None if mean is None else mean.column,
            square=None if square is None else square.column,
            count=None if count is None else count.column,
        )

    @cached_property
    def root(self) -> Root | None:
        """The root of the square memory by which the step is divided."""
        return None if self.step is None else find_root(self.step, self.places)

    @property
    def root_is_late(self) -> bool:
        """Whether the root is that of the row above: rmsprop before its memory is updated."""
        memory = self.memory("square")
        column = self.parts.updates[self.link]
        return memory is not None and memory.column in column.reads(-1)

    @cached_property
    def rate_cell(self) -> CellRef | None:
        """The fixed cell that multiplies the step: the learning rate or a rate made from it."""
        memory = self.memory("mean")
        share = [memory.share] if memory is not None and memory.share is not None else []
        for factor in [*(self.step.factors if self.step else ()), *share]:
            cell = self.fixed(factor)
            if cell is not None:
                return cell
        return None

    @cached_property
    def learning_rate(self) -> Setting | None:
        """The number behind the rate: the cell itself, or the dividend of its formula."""
        cell = self.rate_cell
        if cell is None:
            return self._typed_rate()
        numbers = self._head(cell)[0] if self.formulas.has_formula(cell) else [cell]
        return _setting(self.formulas, "learning rate", numbers[0]) if numbers else None

    def _typed_rate(self) -> Setting | None:
        for factor in self.step.factors if self.step else ():
            if isinstance(factor, Number):
                return Setting("learning rate", factor.value, None)
        return None

    @cached_property
    def norm_cell(self) -> CellRef | None:
        """The number cell by which the formula of the rate divides: adagrad's norm."""
        if self.rate_cell is None or not self.formulas.has_formula(self.rate_cell):
            return None
        divisors = self._head(self.rate_cell)[1]
        return divisors[0] if divisors else None

    @cached_property
    def extra_divisor(self) -> CellRef | None:
        """A fixed cell with a formula that divides the step: eve's feedback."""
        for divisor in self.step.divisors if self.step else ():
            cell = self.fixed(divisor)
            if cell is not None and self.formulas.has_formula(cell):
                return cell
        return None

    def fixed(self, node: Node) -> CellRef | None:
        """The cell of a reference that is the same in every row."""
        found = place(node, self.link.update) if isinstance(node, Reference) else None
        return self.formulas.at(found) if isinstance(found, Fixed) else None

    def _head(self, cell: CellRef) -> tuple[list[CellRef], list[CellRef]]:
        """Number cells among the factors and among the divisors of a formula outside the rows."""
        factors: list[CellRef] = []
        divisors: list[CellRef] = []
        for term in terms(self.formulas.node(cell.row, cell.column) or Number(0.0)):
            factors += self._numbers(term.factors, cell)
            divisors += self._numbers(term.divisors, cell)
        return factors, divisors

    def _numbers(self, nodes: tuple[Node, ...], home: CellRef) -> Iterator[CellRef]:
        for node in nodes:
            cell = cell_of(self.formulas, node, home)
            if cell is not None and self.formulas.is_number(cell):
                yield cell


def cell_of(formulas: SheetFormulas, node: Node, home: CellRef) -> CellRef | None:
    """The cell that a reference in the formula of `home` points at; None for anything else."""
    if not isinstance(node, Reference) or not node.is_cell or node.book:
        return None
    row, column = node.top.at(home.row), node.left.at(home.column)
    return CellRef(node.sheet or formulas.sheet.name, row, column)


def _setting(formulas: SheetFormulas, name: str, cell: CellRef) -> Setting | None:
    value = formulas.value(cell)
    return Setting(name, value, cell) if isinstance(value, float) else None


def kind_of(updates: list[Update]) -> Kind:
    """What the chain is; "other" when its weights follow different rules or an unknown one."""
    kinds = {_kind_of_one(update) for update in updates}
    return kinds.pop() if len(kinds) == 1 else "other"


def _kind_of_one(update: Update) -> Kind:
    square, root = update.memory("square"), update.root
    if update.step is None or update.memory("other") is not None:
        return "other"
    if (square is not None) != (root is not None):
        return "other"
    if update.memory("count") is not None:
        return _counting_kind(update, update.step)
    if update.decays:
        return "other"
    if update.memory("mean") is not None:
        return _averaging_kind(update, update.step)
    if square is None:
        return "sgd" if update.norm_cell is None else "adagrad"
    if square.decay is not None:
        return "rmsprop"
    return "adagrad by row" if square.share is None else "other"


def _averaging_kind(update: Update, step: Term) -> Kind:
    """Steps along a memory of gradients."""
    if update.root is None and looks_ahead(step, update.places):
        return "nesterov"
    if not moves_by_mean(step, update.places):
        return "other"
    if update.root is None:
        return "momentum"
    return "eve" if update.extra_divisor is not None else "adam"


def _counting_kind(update: Update, step: Term) -> Kind:
    """Steps that change with their number: by correction for bias or a rate that fades."""
    places, root = update.places, update.root
    reads = times_read(step, places.count, places)
    if moves_by_mean(step, places):
        if root is None and fades(step, places) and reads == 1 and not update.decays:
            return "momentum fading"
        if root is not None and root.corrected and is_corrected(step, places) and reads == 2:
            return "adamw" if update.decays else "adam corrected"
    return "other"


def is_dampened(formulas: SheetFormulas, memory: MemoryColumn) -> bool:
    """Whether the gradient enters with weight 1 - decay: an average, not a sum."""
    if memory.share is None or memory.decay is None:
        return False
    share, decay = (
        number_of(formulas, node, memory.column) for node in (memory.share, memory.decay)
    )
    return share is not None and decay is not None and abs(share - (1.0 - decay)) < 1e-9


def number_of(formulas: SheetFormulas, node: Node, column: int) -> float | None:
    """The number of a literal, of a fixed cell, or of the formula 1 - x in it."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Binary) and node.operator == "-":
        left, right = (number_of(formulas, part, column) for part in (node.left, node.right))
        return None if left is None or right is None else left - right
    found = place(node, column) if isinstance(node, Reference) else None
    if not isinstance(found, Fixed):
        return None
    cell = formulas.at(found)
    inner = formulas.node(cell.row, cell.column) if formulas.has_formula(cell) else None
    if isinstance(inner, Binary):
        parts = [_head_number(formulas, part, cell) for part in (inner.left, inner.right)]
        if None not in parts and inner.operator == "-":
            return float(parts[0] or 0.0) - float(parts[1] or 0.0)
    value = formulas.value(cell)
    return value if isinstance(value, float) else None


def _head_number(formulas: SheetFormulas, node: Node, home: CellRef) -> float | None:
    cell = cell_of(formulas, node, home)
    value = node.value if isinstance(node, Number) else formulas.value(cell) if cell else None
    return value if isinstance(value, float) else None


def settings(formulas: SheetFormulas, updates: list[Update]) -> list[Setting]:
    """Learning rate and decays, each once."""
    found = [updates[0].learning_rate]
    for kind, name in (("mean", "beta1"), ("square", "beta2")):
        memory = updates[0].memory(kind)
        if memory is not None and memory.decay is not None:
            found.append(_decay(formulas, name, memory))
    return [one for one in found if one is not None]


def _decay(formulas: SheetFormulas, name: str, memory: MemoryColumn) -> Setting | None:
    node = memory.decay
    if isinstance(node, Number):
        return Setting(name, node.value, None)
    found = place(node, memory.column) if isinstance(node, Reference) else None
    return _setting(formulas, name, formulas.at(found)) if isinstance(found, Fixed) else None


def is_call(node: Node, name: str, arguments: int) -> bool:
    """Whether `node` calls `name` with that many arguments."""
    return isinstance(node, Call) and node.name == name and len(node.arguments) == arguments
