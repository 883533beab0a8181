"""The record of a worksheet function: all that is known of it, beside what computes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Literal

from xlcollab.formula.signatures import ArrayRole, Param, Signature, signature
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.values.arguments import given, several_cells
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Beyond, Facts, Fails, Lines, Role, Shape
from xlcollab.kernels.values.frame import AreasForm, Form, ReferenceForm
from xlcollab.kernels.values.tape import Function, Operation
from xlcollab.kernels.values.valuewise import Alone, NotAloneError, OfValues

Category = Literal[
    "conditional", "dates", "engineering", "information", "logic", "lookup", "maths", "money",
    "random", "statistics", "text",
]  # fmt: skip


class Slope(Enum):
    """What a derivative is."""

    EXACT = auto()
    ZERO = auto()
    """It is 0 wherever there is one."""
    IN_PART = auto()
    """Exact, but for the case that `why` names: there it is refused."""
    REFUSED = auto()
    CUT = auto()
    """Taken for 0 though it is not."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """Of a function's result by its numbers; `why` says why it is not exact."""

    slope: Slope
    why: str = ""


EXACT = Derivative(Slope.EXACT)
ZERO = Derivative(Slope.ZERO)
UNSOLVED = Derivative(Slope.REFUSED, "scipy computes it, without a slope")
CUT = Derivative(Slope.CUT, "texts are worked out one by one")
NOT_BY_SHAPE = Derivative(Slope.IN_PART, "scipy computes it, without a slope by the shape")


@dataclass(frozen=True, slots=True)
class Record:
    """One worksheet function.

    `run` computes it from blocks; `form` is asked instead where arguments are not simply evaluated,
    `refers` where the call may be a reference, `points` only where nothing but a reference will do,
    `areas` where it is wanted whole and is one of several references. `moving`: only its arguments'
    values say which cells it reads.
    `elementwise`: value by value, arrays broadcast. `unions`: it takes several areas joined,
    `(A1:A3,C1)`. `also` are further names of the same.
    """

    name: str
    signature: Signature
    category: Category
    run: Function | None
    facts: Facts
    derivative: Derivative = EXACT
    elementwise: bool = False
    random: bool = False
    moving: bool = False
    unions: bool = False
    form: Form | None = None
    refers: ReferenceForm | None = None
    points: ReferenceForm | None = None
    areas: AreasForm | None = None
    also: tuple[str, ...] = ()

    @property
    def places_only(self) -> bool:
        """Whether it asks where its first argument lies, and not what stands there."""
        return self.signature.parameters[:1] == (Param.PLACE,)

    @property
    def operation(self) -> Operation:
        """What is recorded of a call whose arguments are values."""
        assert self.run is not None, f"{self.name} is not computed from values"
        return Operation(self.name, self.run, self.facts)


def _complete(run: Function, minimum: int, single: frozenset[int]) -> Function:
    """A function of the former Analysis ToolPak: `F(,1)` is #N/A, and `F(1,)` is as `F(1)` where
    the second argument is optional. An area of several cells is #VALUE! at a place of `single`."""

    def complete(context: Context, *blocks: Block) -> Block:
        if not all(given(block) for block in blocks[:minimum]):
            return context.error(ErrorCode.NA)
        if any(place in single and several_cells(one) for place, one in enumerate(blocks)):
            return context.error(ErrorCode.VALUE)
        last = max((place for place, block in enumerate(blocks, 1) if given(block)), default=0)
        return run(context, *blocks[: max(last, minimum)])

    return Alone(complete, _complete_values(run)) if isinstance(run, Alone) else complete


def _complete_values(function: Alone) -> OfValues:
    """Of single values, none of which may be one that is left out."""

    def of(context: Context, values: Sequence[Scalar]) -> Scalar:
        if any(value is None for value in values):
            raise NotAloneError
        return function.of(context, values)

    return of


def function(
    name: str,
    spec: str,
    run: Function | None = None,
    *,
    category: Category,
    also: str = "",
    fails: Fails = True,
    picks: bool = False,
    counts: bool = False,
    shape: Shape = Shape.KINKS,
    role: Role = Role.NONE,
    root: bool = False,
    jumps: str = "",
    beyond: Lines | None = None,
    by_line: Iterable[int] = (),
    derivative: Derivative | None = None,
    elementwise: bool = False,
    random: bool = False,
    moving: bool = False,
    unions: bool | None = None,
    form: Form | None = None,
    refers: ReferenceForm | None = None,
    points: ReferenceForm | None = None,
    areas: AreasForm | None = None,
    scalar: str = "",
    array_role: ArrayRole = "",
    branches: str = "",
    applies: bool = False,
    needed: bool = False,
    lifts: bool = False,
) -> Record:
    """The record of `name`, its parameters as `formula.signatures.signature` reads them.

    `also` holds further names of the same, `scalar` the name that it has in `scalar.forms`. Unions
    are taken by what takes any number of areas of numbers, unless `unions` says otherwise. `needed`
    says that an argument which is not optional may not be left empty, and that areas of several
    cells are no single values, unless it `lifts` them. `jumps` are the places, from 0, of arguments
    by which it jumps: "13".
    """
    parameters = replace(
        signature(spec), scalar=scalar, array_role=array_role, branches=branches, applies=applies
    )
    if needed and run is not None:
        values = (n for n, param in enumerate(parameters.parameters) if param is Param.VALUE)
        run = _complete(run, parameters.minimum, frozenset() if lifts else frozenset(values))
    alike = Beyond.ALIKE if elementwise else Beyond.EVERY
    many = parameters.repeat == 1 and parameters.parameters[-1] is Param.RANGE
    return Record(
        name,
        parameters,
        category,
        run,
        Facts(
            fails,
            picks,
            counts,
            shape,
            role,
            root,
            frozenset(map(int, jumps)),
            alike if beyond is None else beyond,
            frozenset(by_line),
        ),
        derivative or (ZERO if shape is Shape.STEPS else EXACT),
        elementwise,
        random,
        moving,
        many and category != "text" if unions is None else unions,
        form,
        refers,
        points,
        areas,
        tuple(also.split()),
    )


def by_name(records: Iterable[Record]) -> dict[str, Record]:
    """The records by name, further names included. A name that occurs twice is a mistake."""
    found: dict[str, Record] = {}
    for record in records:
        for name in (record.name, *record.also):
            assert name not in found, f"{name} is defined a second time"
            found[name] = replace(record, name=name, also=())
    return found
