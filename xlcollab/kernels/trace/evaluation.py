"""Evaluating families on demand, each after those it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress

from xlcollab.errors import CircularError, ModelError
from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.beyond import LineTape
from xlcollab.kernels.trace.draws import Draws
from xlcollab.kernels.trace.few_cells import FewCells
from xlcollab.kernels.trace.passes import CopiesRefusedError, PassRefusedError, record_pass
from xlcollab.kernels.trace.tracer import Tracer
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.record import Record
from xlcollab.kernels.values.store import NotReadyError, Store
from xlcollab.kernels.values.tape import Value
from xlcollab.plan import Family, Plan, reads
from xlcollab.plan.families import halves
from xlcollab.ref import AreaRef, Rect


class Evaluation:
    """The state of one compilation: which families have values, which keep their stored ones.

    Raises PassRefusedError where a chain cannot be worked out in one pass: then the plan must be
    another (`passes.with_passes`).

    Families in `stored` are taken as the file has them; those in `replaceable` are, too, if they
    cannot be evaluated; of others only those copies that cannot, and `replaced` says why.
    """

    def __init__(
        self,
        plan: Plan,
        stored: set[int],
        *,
        replaceable: Set[int] = frozenset(),
        seed: int = 0,
        draws: Draws | None = None,
    ) -> None:
        workbook = plan.workbook
        self.plan = plan
        texts, dates, pairs = workbook.texts, workbook.date1904, workbook.whole_pairs
        self.exact = Context(texts, date1904=dates, whole_pairs=pairs)
        self.fast = Context(texts, exact=False, date1904=dates, whole_pairs=pairs)
        self.tape = LineTape(self.exact, self.fast)
        self.store = Store(plan, self.exact, stored)
        self.few_cells = FewCells(self.store)
        self.tracer = Tracer(self.tape, self.store, draws or Draws(seed), self.few_cells.call)
        self._replaceable = replaceable
        self.replaced: dict[int, list[tuple[AreaRef, str]]] = {}
        """Per family, the areas that keep their stored values, and why."""
        self.cyclic: set[int] = set()
        """Families that need themselves, and keep their stored values."""
        self.iterated: set[int] = set()
        """Families in `stored` whose stored values are worked out by iteration."""
        self.apart = False
        """Whether another plan may be asked for, in which copies of a formula stand alone."""
        self.circles: Mapping[int, tuple[int, ...]] = {}
        """Family → its circle, for those that `write_out` gives values."""
        self.write_out: Callable[[Evaluation, Sequence[int]], None] | None = None
        self.parts: dict[int, list[Rect]] = {}
        """Per family that keeps some of them, the areas that were evaluated."""

    def forget(self) -> None:
        """Stored values have changed."""
        self.tracer.forget()
        self.few_cells.forget()

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

    def try_chains(self) -> None:
        """Work out all chains. Raises PassRefusedError for one that cannot be in one pass, or that
        reads what cannot be evaluated: cut into waves, it may be in part."""
        for chain in self.plan.chains:
            try:
                self.need(chain.members)
            except ModelError:
                raise PassRefusedError(self.plan.families[chain.members[0]]) from None

    def try_moving(self) -> None:
        """Work out all copied formulas that look cells up. Raises CopiesRefusedError where copies
        read one another; other refusals are told when the cells are asked for."""
        self.apart = True
        for number, family in enumerate(self.plan.families):
            if family.rows * family.columns > 1 and moves(family):
                with suppress(ModelError):
                    self.need([number])
        self.apart = False

    def need(self, families: Iterable[int]) -> None:
        """Evaluate these families and all they read. Raises ModelError naming the cell."""
        stack = list(families)
        path: dict[int, None] = {}
        while stack:
            number = stack[-1]
            if self.done(number):
                stack.pop()
                path.pop(number, None)
                continue
            if number in self.circles and self.write_out is not None:
                self._in_circle(number, self.write_out)
                continue
            missing = self._missing(number)
            if not missing:
                missing = self._try(number, [*path, number])
            if not missing:
                continue
            path[number] = None
            again = [other for other in missing if other in path]
            if again:
                self._refuse_cycle(list(path), again)
            else:
                stack.extend(missing)

    def _in_circle(
        self, number: int, write_out: Callable[[Evaluation, Sequence[int]], None]
    ) -> None:
        """Values for all families of a circle; where they have none, the stored ones if they may be
        kept."""
        circle = self.circles[number]
        try:
            write_out(self, circle)
        except ModelError as error:
            for one in circle:
                self.store.results.pop(one, None)
            if any(one not in self._replaceable for one in circle):
                raise
            for one in circle:
                self._keep(one, str(error))

    def _missing(self, number: int) -> list[int]:
        if number in self.plan.circular:
            return []
        together = self._together(number)
        needed = {n for member in together for n in self.plan.needs[member]}
        if len(together) > 1 or number in self.plan.chain_of:
            needed.difference_update(together)
        return [n for n in sorted(needed) if not self.done(n)]

    def _together(self, number: int) -> tuple[int, ...]:
        """The families of a chain that are worked out with this one; else itself alone."""
        chain = self.plan.chain_of.get(number)
        return chain.members if chain else (number,)

    def done(self, number: int) -> bool:
        return number in self.store.results or number in self.store.stored

    def _try(self, number: int, path: list[int]) -> list[int]:
        """Evaluate one family, to which `path` leads; what it must read first, if anything."""
        store = self.store
        store.busy, store.met = path, set()
        family = self.plan.families[number]
        try:
            if number in self.plan.chain_of:
                chain = self.plan.chain_of[number]
                store.results.update(record_pass(self.tracer, self.plan, chain))
                return []
            plain = number not in self.plan.circular and number not in self.circles
            found = self.few_cells.family(family) if plain else None
            value = self.tracer.family(family) if found is None else found
            if store.met and _is_circular(value):
                self._refuse_cycle(path, [*store.met])
            else:
                store.results[number] = value
        except NotReadyError as error:
            return list(error.families)
        except ModelError as error:
            if number not in self._replaceable:
                raise
            try:
                self._keep_in_part(number, family, str(error))
            except NotReadyError as late:
                return list(late.families)
        finally:
            store.busy = []
        return []

    def _keep(self, number: int, reason: str) -> None:
        """A family keeps its stored values."""
        self.store.stored.add(number)
        self.replaced[number] = [(self.plan.families[number].area, reason)]

    def _keep_in_part(self, number: int, family: Family, reason: str) -> None:
        """Keep the stored values of those copies alone that cannot be evaluated."""
        copies = family.rows * family.columns
        good: list[tuple[Rect, Value]] = []
        bad: list[tuple[AreaRef, str]] = []
        if copies > 1 and (copies <= _FEW or not self._fails_throughout(family)):
            self._sort_out(family, good, bad, tries=[_MOST_TRIES])
        if not good:
            self._keep(number, reason)
            return
        self.replaced[number] = bad
        self.parts[number] = [rect for rect, _ in good]
        self.store.put_together(self.tape, number, good)

    def _fails_throughout(self, family: Family) -> bool:
        """Whether the first, the middle and the last copy fail for one reason."""
        copies = family.copies()
        reasons = set[str]()
        for copy in (copies[0], copies[len(copies) // 2], copies[-1]):
            try:
                self.tracer.family(copy)
            except ModelError as error:
                reasons.add(str(error).removeprefix(f"{copy.first}: "))
            else:
                return False
        return len(reasons) == 1

    def _sort_out(
        self,
        family: Family,
        good: list[tuple[Rect, Value]],
        bad: list[tuple[AreaRef, str]],
        tries: list[int],
    ) -> None:
        """The parts that can be evaluated and those that cannot, by halving; `tries` is counted
        down."""
        tries[0] -= 1
        try:
            good.append((family.rect, self.tracer.family(family)))
        except ModelError as error:
            if family.rows * family.columns == 1 or tries[0] <= 0:
                bad.append((family.area, str(error)))
                return
            for part in halves(family):
                self._sort_out(part, good, bad, tries)

    def _refuse_cycle(self, path: list[int], again: list[int]) -> None:
        """The families from the first of `again` on read one another: they keep their values.

        Raises CircularError naming the cells where that may not be.
        """
        cycle = path[min(path.index(number) for number in again) :]
        for number in cycle:
            if number in self.plan.chain_of:
                raise PassRefusedError(self.plan.families[number])
        if self.apart:
            self._take_apart([self.plan.families[number] for number in cycle])
        cells = ", ".join(str(self.plan.families[number].area) for number in cycle[:_SHOWN])
        for number in cycle:
            sentence = self.plan.circular.get(number, f"{cells} looks up cells that depend on it")
            if number not in self._replaceable:
                raise CircularError(f"{sentence}. {_WAY_OUT}")
        self.cyclic.update(cycle)
        for number in cycle:
            self._keep(number, self.plan.circular.get(number, f"{cells} read one another"))

    @staticmethod
    def _take_apart(cycle: Sequence[Family]) -> None:
        """Raises CopiesRefusedError where single copies may not be circular though families are:
        look-ups lead from one to another."""
        several = [family for family in cycle if family.rows * family.columns > 1]
        copies = sum(family.rows * family.columns for family in several)
        if several and copies <= _MOST_APART and any(moves(family) for family in cycle):
            raise CopiesRefusedError(several)


_MOST_TRIES = 200
"""Parts of a family that are tried to find the copies that cannot be evaluated."""
_FEW = 8
"""Copies that are all tried, however many of them fail."""
_MOST_APART = 20_000
"""Copies of formulas that are worked out one by one; each takes about a millisecond."""
_WAY_OUT = (
    "Mend one of these formulas so that it no longer reads itself; or, where the circle is meant,"
    " switch iterative calculation on in the workbook (File, Options, Formulas) and save it"
)
"""What a user can do about cells that read themselves."""
_SHOWN = 3
"""Cells that a sentence names; it has to be read."""


def _is_circular(value: Value) -> bool:
    """Whether a value came out that was not there yet."""
    block = value.block
    return bool((block.mask(Kind.ERROR) & (block.number == float(ErrorCode.CIRCULAR))).any())


def keeps_stored(plan: Plan, family: Family) -> bool:
    """Whether every cell of the family has a stored value."""
    kinds, _ = plan.workbook.sheet(family.sheet).block(family.rect)
    return bool((kinds != Kind.BLANK).all())


def undrawn(plan: Plan, family: Family) -> bool:
    """Whether every stored value of the family is the 0 that libraries write for any formula."""
    kinds, numbers = plan.workbook.sheet(family.sheet).block(family.rect)
    return bool(((kinds == Kind.NUMBER) & (numbers == 0)).all())


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
        if any(read.meets(area) for read in reads(family) for area in areas):
            pending.append(number)
    reached: set[int] = set()
    while pending:
        number = pending.pop()
        if number not in reached:
            reached.add(number)
            pending.extend(users[number])
    return reached
