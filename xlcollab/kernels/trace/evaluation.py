"""Evaluating families on demand, each after those it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from torch import Tensor

from xlcollab.errors import CircularError, ModelError
from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.grid import Kind
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.tracer import Tracer
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.record import Record
from xlcollab.kernels.values.store import NotReadyError, Store
from xlcollab.kernels.values.tape import Tape, Value
from xlcollab.plan import Family, Plan, reads
from xlcollab.ref import AreaRef


class Evaluation:
    """The state of one compilation: which families have values, which keep their stored ones.

    Families in `stored` are taken as the file has them; those in `replaceable` are, too, if they
    cannot be evaluated, and `replaced` says why.
    """

    def __init__(
        self, plan: Plan, stored: set[int], *, replaceable: Set[int] = frozenset(), seed: int = 0
    ) -> None:
        workbook = plan.workbook
        self.plan = plan
        self.exact = Context(workbook.texts, date1904=workbook.date1904)
        self.fast = Context(workbook.texts, exact=False, date1904=workbook.date1904)
        self.tape = Tape(self.exact, self.fast)
        self.store = Store(plan, self.exact, stored)
        self.tracer = Tracer(self.tape, self.store, seed)
        self._replaceable = replaceable
        self.replaced: dict[int, str] = {}

    def set_variables(self, areas: Sequence[AreaRef], start: Tensor) -> None:
        """From here on the cells of `areas` are the variables, in order, with these values."""
        self.store.add_variables(areas, self.tape, start)

    def cells(self, area: AreaRef) -> Value:
        """The values of an area, everything it reads evaluated first; shape (1, 1, h, w)."""
        while True:
            try:
                return self.store.region(self.tape, area.sheet, area.rect)
            except NotReadyError as missing:
                self.need(missing.families)

    def expression(self, node: Node, home: Family) -> Value:
        """A formula that stands in no cell, as seen from `home`."""
        while True:
            try:
                return self.tracer.expression(node, home)
            except NotReadyError as missing:
                self.need(missing.families)

    def need(self, families: Iterable[int]) -> None:
        """Evaluate these families and all they read. Raises ModelError naming the cell."""
        stack = list(families)
        waiting_for: set[int] = set()
        while stack:
            number = stack[-1]
            if self.done(number):
                stack.pop()
                waiting_for.discard(number)
                continue
            missing = self._missing(number)
            if not missing:
                missing = self._try(number)
            if not missing:
                continue
            waiting_for.add(number)
            self._refuse_cycle(missing, waiting_for)
            stack.extend(missing)

    def _missing(self, number: int) -> list[int]:
        if number in self.plan.circular:
            return []
        return [n for n in self.plan.needs[number] if not self.done(n)]

    def done(self, number: int) -> bool:
        return number in self.store.results or number in self.store.stored

    def _try(self, number: int) -> list[int]:
        """Evaluate one family; what it turned out to read first, if anything."""
        try:
            if number in self.plan.circular:
                raise CircularError(self.plan.circular[number])
            self.store.results[number] = self.tracer.family(self.plan.families[number])
        except NotReadyError as error:
            return list(error.families)
        except ModelError as error:
            if number not in self._replaceable:
                raise
            self.store.stored.add(number)
            self.replaced[number] = str(error)
        return []

    def _refuse_cycle(self, missing: list[int], waiting_for: set[int]) -> None:
        again = [number for number in missing if number in waiting_for]
        if again:
            cells = ", ".join(str(self.plan.families[n].area) for n in again)
            raise CircularError(f"{cells} looks up cells that depend on it")


def keeps_stored(plan: Plan, family: Family) -> bool:
    """Whether every cell of the family has a stored value."""
    kinds, _ = plan.workbook.sheet(family.sheet).block(family.rect)
    return bool((kinds != Kind.BLANK).all())


def undrawn(plan: Plan, family: Family) -> bool:
    """Whether every stored value of the family is the 0 that libraries write for any formula."""
    kinds, numbers = plan.workbook.sheet(family.sheet).block(family.rect)
    return bool(((kinds == Kind.NUMBER) & (numbers == 0)).all())


def is_random(family: Family) -> bool:
    """Whether the formula itself calls a function that gives another value each time."""
    return any(record.random for record in _called(family))


def moves(family: Family) -> bool:
    """Whether the formula reads cells that only its look-ups tell."""
    return any(record.moving for record in _called(family))


def _called(family: Family) -> Iterator[Record]:
    """The records of the functions that the formula calls."""
    for node in walk(family.node):
        if isinstance(node, Call) and node.name in RECORDS:
            yield RECORDS[node.name]


def reached_by(plan: Plan, areas: Sequence[AreaRef], also: Iterable[int] = ()) -> set[int]:
    """The families that read an area, directly or through others; `also` are starts too."""
    users = plan.users()
    pending = list(also)
    for number, family in enumerate(plan.families):
        if any(_meet(read, area) for read in reads(family) for area in areas):
            pending.append(number)
    reached: set[int] = set()
    while pending:
        number = pending.pop()
        if number not in reached:
            reached.add(number)
            pending.extend(users[number])
    return reached


def _meet(a: AreaRef, b: AreaRef) -> bool:
    return a.sheet == b.sheet and a.rect.intersection(b.rect) is not None
