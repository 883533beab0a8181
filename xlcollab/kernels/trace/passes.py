"""Chains of families as single instructions: which can be, and how they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from xlcollab.errors import ModelError, XlcollabError
from xlcollab.formula.nodes import Call, walk
from xlcollab.formula.signatures import SIGNATURES, Param
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.body import Made, NotScannedError, Outside, Step, body
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.tracer import Tracer
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.facts import MOVEMENT, Facts, Shape
from xlcollab.kernels.values.frame import Frame
from xlcollab.kernels.values.tape import Operation, Value
from xlcollab.plan import Family, Plan
from xlcollab.plan.chains import Pass
from xlcollab.plan.plan import Chain
from xlcollab.ref import AreaRef, Rect

if TYPE_CHECKING:
    from xlcollab.kernels.scan.layout import Laid

_T = TypeVar("_T")
MOST_BENT = 2000
"""Cells of a chain with kinks up to which it is cut into waves where slopes are asked: what
rewrites kinks as linear pieces sees each of them then."""


MOST_COLD = 5000
"""Cells of a chain up to which waves are sooner done than compiling the machine for passes, where
that has not been done on this computer (8 s of CPU; 1.2 ms a cell)."""


class PassRefusedError(XlcollabError):
    """A chain that must be cut into waves after all. Never seen by a user."""

    def __init__(self, family: Family) -> None:
        super().__init__(str(family.area))
        self.family = family

    def mended(self, plan: Plan) -> Plan:
        """The plan without what was refused."""
        return plan.unrolled(partial(_has, self.family))


class CopiesRefusedError(PassRefusedError):
    """Families whose copies read one another by look-ups (OFFSET, INDIRECT), which no plan tells:
    each copy must be worked out by itself. Never seen by a user."""

    def __init__(self, families: Sequence[Family]) -> None:
        super().__init__(families[0])
        self.families = families

    def mended(self, plan: Plan) -> Plan:
        return plan.taken_apart(self.families)


def scannable(plan: Plan, *, bent: bool = True, variables: Sequence[AreaRef] = ()) -> Plan:
    """The plan without the chains that no pass can work out, or in which variables stand, or for
    which compiling would not pay; without `bent` those with kinks, too, unless they are long."""

    cold = bool(plan.chains) and not _compiled()

    def cut(families: Sequence[Family], how: Pass) -> bool:
        cells = sum(family.rect.size for family in families)
        if cold and cells <= MOST_COLD:
            return True
        if any(family.area.meets(area) for family in families for area in variables):
            return True
        try:
            steps = [step for one in bodies(families, how) for step in one]
        except NotScannedError:
            return True
        return not bent and cells <= MOST_BENT and any(_bends(step.code) for step in steps)

    return plan.unrolled(cut)


def _compiled() -> bool:
    """Whether the machine for passes can run without being compiled first."""
    from xlcollab.jit import is_ready  # numba takes a fifth of a second
    from xlcollab.kernels.scan.machine import forward

    return is_ready(forward)


def with_passes(plan: Plan, work: Callable[[Plan], _T]) -> tuple[Plan, _T]:
    """What `work` makes of a plan, whose chains are cut one by one as it refuses them; and the plan
    that it took."""
    while True:
        try:
            return plan, work(plan)
        except PassRefusedError as refused:
            plan = refused.mended(plan)


def _has(family: Family, families: Sequence[Family], how: Pass) -> bool:
    del how
    return any(one is family for one in families)


def bodies(families: Sequence[Family], how: Pass) -> list[tuple[Step, ...]]:
    """The operations of each family. Raises NotScannedError."""
    for family in families:
        for node in walk(family.node):
            record = RECORDS.get(node.name) if isinstance(node, Call) else None
            if isinstance(node, Call) and node.name not in SIGNATURES:
                raise NotScannedError(node.name)
            if record is not None and (record.random or record.moving):
                raise NotScannedError(record.name)
    return [body(family, families, how.direction) for family in families]


def record_pass(tracer: Tracer, plan: Plan, chain: Chain) -> Mapping[int, Value]:
    """The values of all families of a chain, by number.

    Raises NotReadyError, and PassRefusedError where it must be cut into waves.
    """
    from xlcollab.kernels.scan.layout import lay_out  # with numba behind them
    from xlcollab.kernels.scan.operation import ScanFunction

    families = [plan.families[number] for number in chain.members]
    tape = tracer.tape
    tape.origin = families[0].area
    try:
        steps = bodies(families, chain.how)
        laid = lay_out(_Around(tracer), families, chain.how, steps)
        function = ScanFunction(laid.layout, laid.shapes)
        operation = Operation("a chain of rows", function, _facts(steps, laid))
        cells = tape.emit(operation, list(laid.values))
        return _taken(tracer, chain, families, laid, cells)
    except (NotScannedError, RaggedError, ModelError):
        raise PassRefusedError(families[0]) from None
    finally:
        tape.origin = None


@dataclass(slots=True)
class _Around:
    """What stands outside of a chain, as the tracer sees it."""

    tracer: Tracer
    _family: Family | None = None

    def given(self, family: Family, operand: Outside) -> list[Value]:
        if family is not self._family:
            self.tracer.begin(family)
            self._family = family
        frame = Frame(family, family.array)
        if operand.call is None:
            return [self.tracer.value(operand.node, frame)]
        signature = self.tracer.signature(operand.call)
        if signature.param(operand.position) is Param.ARRAY:
            return [self.tracer.argument(operand.node, Param.ARRAY, frame)]
        return self.tracer.arguments(operand.node, signature, operand.position, frame)

    def region(self, sheet: str, rect: Rect) -> Value:
        return self.tracer.store.region(self.tracer.tape, sheet, rect)


def _taken(
    tracer: Tracer, chain: Chain, families: Sequence[Family], laid: Laid, cells: Value
) -> Mapping[int, Value]:
    from xlcollab.kernels.scan.operation import Taken

    found: dict[int, Value] = {}
    for number, family, start in zip(chain.members, families, laid.layout.starts, strict=True):
        take = Taken(start - laid.layout.outside, family.rect)
        found[number] = tracer.tape.emit(Operation("cells of a chain", take, MOVEMENT), [cells])
    return found


def _bends(code: int) -> bool:
    return code in codes.KINKS or code in codes.STEPS or code == ops.SELECT


def _facts(bodies: Sequence[Sequence[Step]], laid: Laid) -> Facts:
    """What is known of a pass: the worst of its operations that depend on the variables."""
    shapes = {
        shape
        for steps, moving in zip(bodies, laid.moving, strict=True)
        for shape in _shapes(steps, moving)
    }
    order = (Shape.STEPS, Shape.KINKS, Shape.SMOOTH, Shape.AFFINE)
    worst = next(shape for shape in order if shape in shapes or shape is Shape.AFFINE)
    picks = worst is Shape.STEPS
    return Facts(worst is not Shape.AFFINE, picks, shape=Shape.KINKS if picks else worst)


def _shapes(steps: Sequence[Step], moving: Sequence[Sequence[bool]]) -> list[Shape]:
    moves: list[bool] = []
    found: list[Shape] = []
    for step, given in zip(steps, moving, strict=True):
        operands = zip(step.operands, given, strict=True)
        now = [moves[one.step] if isinstance(one, Made) else move for one, move in operands]
        moves.append(any(now) and step.code not in codes.COUNTS)
        if moves[-1]:
            found.append(_shape(step.code, now))
    return found


def _shape(code: int, moving: Sequence[bool]) -> Shape:
    if code in codes.STEPS or (code == ops.SELECT and moving[0]):
        return Shape.STEPS
    if code in codes.KINKS:
        return Shape.KINKS
    if code in codes.SUMS or code in (ops.SELECT, codes.RESCUE):
        return Shape.AFFINE
    if code in (ops.MULTIPLY, codes.SUM_OF_PRODUCTS) and sum(moving) <= 1:
        return Shape.AFFINE
    if code == ops.DIVIDE and not moving[1]:
        return Shape.AFFINE
    return Shape.SMOOTH
