"""Models that Solver's Load/Save put into cells, so that one sheet can hold several.

Layout (solver.com, messages of "Load Model"; the portfolio sheet of Microsoft's SOLVSAMP): one
cell below the other the objective as =MAX(cell), =MIN(cell) or =cell=value, the variables as
=COUNT(cells), a logical formula for each constraint, perhaps as an array formula, and the options
as one or two arrays. The options may be missing: then those stored with the sheet hold. How Excel
spells integer, binary and alldifferent there we have seen in no file: `A1:A3=integer`,
`A1:A3="integer"` and `A1:A3=INT(A1:A3)` are understood, the first is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlcollab.errors import FormulaSyntaxError, ModelError
from xlcollab.formula import parse, to_text
from xlcollab.formula.nodes import (
    ArrayLiteral,
    Binary,
    Boolean,
    Call,
    Name,
    Node,
    Number,
    Reference,
    Text,
    Unary,
)
from xlcollab.grid import Sheet, Workbook
from xlcollab.problems.solver_model.areas import disjoint, resolve_areas, resolve_cell
from xlcollab.problems.solver_model.constraints import Restrictions
from xlcollab.problems.solver_model.model import (
    NO_LIMIT,
    Constraint,
    SolverModel,
    SolverOptions,
)
from xlcollab.problems.solver_model.names import (
    NoModelError,
    read_model,
    read_models,
    stored_options,
)
from xlcollab.problems.solver_model.words import (
    ENGINES,
    SIGNS,
    Domain,
    Sense,
    code_of,
    domain_named,
)
from xlcollab.problems.solver_model.writing import absolute_text, number_text
from xlcollab.ref import AreaRef, CellRef, Rect, absolute_name


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model saved into the cells `area`, or why it cannot be understood."""

    area: AreaRef
    model: SolverModel | ModelError

    @property
    def asked(self) -> str:
        """What the model asks for, or why it cannot be read."""
        return str(self.model) if isinstance(self.model, ModelError) else self.model.asked


def find_saved(workbook: Workbook) -> list[SavedModel]:
    """Every model that is saved in cells: an objective above =COUNT(…), and a constraint or the
    options below."""
    found = []
    for sheet in workbook:
        formulas = _Formulas(sheet)
        for row, column in sorted(formulas.counts()):
            top = CellRef(sheet.name, row - 1, column)
            area = _extent(formulas, top) if row else None
            if area is not None and area.rect.height > 2 and _objective(formulas.node(top)):
                found.append(SavedModel(area, _attempt(workbook, area)))
    return found


def stored_or_saved(workbook: Workbook, sheet: str | None = None) -> list[SolverModel]:
    """The stored models, all or that of one sheet; where there is none, the one saved in cells.

    Raises ModelError as `read_models` and `read_model` do, and where several are saved.
    """
    try:
        return read_models(workbook) if sheet is None else [read_model(workbook, sheet)]
    except NoModelError as none:
        name = None if sheet is None else workbook.sheet(sheet).name
        saved = [one for one in find_saved(workbook) if name in (None, one.area.sheet)]
        if not saved:
            raise
        if len(saved) > 1:
            areas = ", ".join(str(one.area) for one in saved)
            raise ModelError(
                f"{len(saved)} Solver models are saved in cells, {areas}, and none is stored; name"
                " one with --load-model"
            ) from none
        if isinstance(saved[0].model, ModelError):
            raise saved[0].model from none
        return [saved[0].model]


def read_saved(workbook: Workbook, text: str, sheet: str) -> SolverModel:
    """The model saved in the cells that `text` names: all of them, or the first.

    Raises ModelError where they hold none.
    """
    (area,) = resolve_areas(workbook, text, sheet, "the saved model")[:1]
    if area.rect.size == 1:
        whole = _extent(_Formulas(workbook.sheet(area.sheet)), area.first)
        area = area if whole is None else whole
    return _read(workbook, area)


def _attempt(workbook: Workbook, area: AreaRef) -> SolverModel | ModelError:
    try:
        return _read(workbook, area)
    except ModelError as error:
        return error


class _Formulas:
    """The formulas of a sheet by cell, parsed when they are asked for."""

    def __init__(self, sheet: Sheet) -> None:
        formulas = sheet.formulas
        cells = zip(formulas.rows.tolist(), formulas.columns.tolist(), strict=True)
        anchors = zip(formulas.anchor_rows.tolist(), formulas.anchor_columns.tolist(), strict=True)
        texts = (formulas.texts[number] for number in formulas.text_ids.tolist())
        self._texts = dict(zip(cells, zip(texts, anchors, strict=True), strict=True))
        for array in sheet.arrays:
            if array.rect.size == 1:
                corner = (array.rect.top, array.rect.left)
                self._texts[corner] = (array.text, corner)

    def counts(self) -> list[tuple[int, int]]:
        """The cells whose formula begins as that of the variables does."""
        return [
            cell for cell, (text, _) in self._texts.items() if text.upper().startswith("COUNT(")
        ]

    def node(self, cell: CellRef) -> Node | None:
        """The parsed formula of a cell; None where there is none that can be read."""
        text, anchor = self._texts.get((cell.row, cell.column), ("", (0, 0)))
        try:
            return parse(text, *anchor) if text else None
        except FormulaSyntaxError:
            return None


def _below(cell: CellRef, rows: int = 1) -> CellRef:
    return replace(cell, row=cell.row + rows)


def _extent(formulas: _Formulas, top: CellRef) -> AreaRef | None:
    """From the objective, or the variables of a model without one, to the last constraint or array
    of options; None where neither stands at `top`."""
    skipped = 0 if _variables(formulas.node(top)) is not None else 1
    if skipped and not _objective(formulas.node(top)):
        return None
    end = _below(top, skipped)
    if _variables(formulas.node(end)) is None:
        return None
    while _is_part(formulas.node(_below(end))):
        end = _below(end)
    return AreaRef(top.sheet, Rect(top.row, top.column, end.row - top.row + 1, 1))


def _is_part(node: Node | None) -> bool:
    return isinstance(node, ArrayLiteral) or (isinstance(node, Binary) and node.operator in SIGNS)


def _objective(node: Node | None) -> tuple[Sense, Node, float] | None:
    """(what is asked, the cell, the value to reach)."""
    if isinstance(node, Call) and node.name in ("MAX", "MIN") and len(node.arguments) == 1:
        cell = node.arguments[0]
        sense: Sense = "maximize" if node.name == "MAX" else "minimize"
        return (sense, cell, 0.0) if _is_cell(cell) else None
    if isinstance(node, Binary) and node.operator == "=" and _is_cell(node.left):
        value = _number(node.right)
        return None if value is None else ("value", node.left, value)
    return None


def _is_cell(node: Node) -> bool:
    return isinstance(node, Name) or (isinstance(node, Reference) and node.is_cell)


def _variables(node: Node | None) -> tuple[Node, ...] | None:
    if not isinstance(node, Call) or node.name != "COUNT":
        return None
    areas = all(isinstance(one, Reference | Name | Binary) for one in node.arguments)
    return node.arguments if areas else None


def _number(node: Node) -> float | None:
    if isinstance(node, Unary) and node.operator == "-":
        inside = _number(node.operand)
        return None if inside is None else -inside
    return node.value if isinstance(node, Number) else None


def _read(workbook: Workbook, area: AreaRef) -> SolverModel:
    formulas, sheet = _Formulas(workbook.sheet(area.sheet)), area.sheet
    cells = list(area.cells())
    what = f"the Solver model saved in {area}"
    goal = _objective(formulas.node(cells[0]))
    places = cells[1:] if goal else cells
    variables = _variables(formulas.node(places[0])) if places else None
    if variables is None:
        raise ModelError(
            f"{what} has no variable cells: =MAX(cell), =MIN(cell) or =cell=value, and below it"
            " =COUNT(cells), were expected"
        )
    restrictions = Restrictions(workbook, sheet)
    arrays = [_line(formulas, cell, restrictions, what) for cell in places[1:]]
    options, positive = _options(workbook, sheet, [one for one in arrays if one])
    texts = [text for one in variables for text in _parts(one, places[0])]
    areas = [resolve_areas(workbook, text, sheet, f"a variable of {what}") for text in texts]
    objective = goal and resolve_cell(
        workbook, _written(goal[1], cells[0]), sheet, f"the objective of {what}"
    )
    return SolverModel(
        sheet=sheet,
        objective=objective or None,
        sense=goal[0] if goal else "satisfy",
        target=goal[2] if goal else 0.0,
        variables=disjoint([area for several in areas for area in several]),
        constraints=tuple(restrictions.constraints),
        integer=restrictions.areas("integer"),
        binary=restrictions.areas("binary"),
        alldifferent=restrictions.areas("alldifferent"),
        non_negative=positive,
        options=options,
    )


def _line(
    formulas: _Formulas, cell: CellRef, restrictions: Restrictions, what: str
) -> tuple[Node, ...]:
    """The options in a cell, where it holds some; a constraint there goes into `restrictions`."""
    node = formulas.node(cell)
    if isinstance(node, ArrayLiteral):
        return node.rows[0]
    if not isinstance(node, Binary) or node.operator not in SIGNS:
        raise ModelError(f"{what}: {cell} holds neither a constraint such as =A1>=0 nor options")
    where = f"{cell}, of {what}"
    left, right = (_written(side, cell) for side in (node.left, node.right))
    domain = _domain(node)
    if domain is not None:
        restrictions.restrict(left if domain[1] else right, domain[0], where)
    else:
        restrictions.constrain(left, SIGNS[node.operator], right, where)
    return ()


def _parts(node: Node, cell: CellRef) -> list[str]:
    """Each area of a union on its own: one without a sheet means that of the formula, whatever
    stands before it."""
    if isinstance(node, Binary) and node.operator == ",":
        return _parts(node.left, cell) + _parts(node.right, cell)
    return [_written(node, cell)]


def _written(node: Node, cell: CellRef) -> str:
    """The text of a part of the formula in `cell`, from where its relative references count."""
    return to_text(node, cell.row, cell.column)


def _domain(node: Binary) -> tuple[Domain, bool] | None:
    """The domain that an equation asks for, and whether its cells stand on the left."""
    if node.operator != "=":
        return None
    for side, other, on_left in ((node.right, node.left, True), (node.left, node.right, False)):
        word = side.name if isinstance(side, Name) else side.value if isinstance(side, Text) else ""
        domain = domain_named(word)
        if domain is not None:
            return domain, on_left
        if isinstance(side, Call) and side.name == "INT" and side.arguments == (other,):
            return "integer", on_left
    return None


def _options(
    workbook: Workbook, sheet: str, arrays: Sequence[Sequence[Node]]
) -> tuple[SolverOptions, bool]:
    """The options and whether variables without a bound are non-negative.

    The first array: seconds, iterations, precision, tolerance, linear, show, scale, estimates,
    derivatives, search, convergence, non-negative; the second: solutions, nodes, engine,
    population, seed, multistart, bounds needed, mutation, two of old dialogs, ignore integers,
    seconds without improvement. What is missing is as stored with the sheet.
    """
    options, positive = stored_options(workbook, sheet)
    first, second = (_values(arrays, place) for place in (0, 1))
    if len(first) >= 11:
        seconds, iterations, precision, tolerance, linear, *_ = first
        options = replace(
            options,
            seconds=_limit(seconds),
            iterations=_limit(iterations),
            precision=float(precision),
            integer_tolerance=float(tolerance),
            engine="simplex" if linear is True else options.engine,
            convergence=float(first[10]),
        )
        positive = first[11] is True if len(first) > 11 else False
    if len(second) >= 12:
        options = _with_second(options, second)
    return options, positive


def _with_second(options: SolverOptions, found: Sequence[float | bool]) -> SolverOptions:
    return replace(
        options,
        solutions=_limit(found[0]),
        nodes=_limit(found[1]),
        engine=ENGINES.get(int(found[2]), options.engine),
        population=_limit(found[3]),
        seed=max(0, int(found[4])),
        multistart=found[5] is True,
        mutation=float(found[7]),
        ignore_integers=found[10] is True,
        patience=float(found[11]),
    )


def _limit(value: float) -> int | None:
    return int(value) if 0 < value < NO_LIMIT else None


def _values(arrays: Sequence[Sequence[Node]], place: int) -> list[float | bool]:
    """The numbers and truth values of an array; none where it holds something else."""
    found: list[float | bool] = []
    for node in arrays[place] if place < len(arrays) else ():
        value = node.value if isinstance(node, Boolean) else _number(node)
        if value is None:
            return []
        found.append(value)
    return found


def saved_formulas(model: SolverModel, home: str) -> list[tuple[str, bool]]:
    """(formula, whether it is an array formula) of each cell, one below the other, on `home`."""
    lines = [] if model.objective is None else [(_goal_text(model, model.objective, home), False)]
    lines.append((f"COUNT({','.join(_area_text(area, home) for area in model.variables)})", False))
    lines += [_constraint_text(one, model.sheet, home) for one in model.constraints]
    for word in ("integer", "binary", "alldifferent"):
        areas: tuple[AreaRef, ...] = getattr(model, word)
        lines += [(f"{_area_text(area, home)}={word}", False) for area in areas]
    return [*lines, *((text, True) for text in _option_texts(model))]


def _area_text(area: AreaRef, home: str) -> str:
    """ "$A$1:$B$2", with its sheet where that is another."""
    text = absolute_name(area)
    return text.rpartition("!")[2] if area.sheet == home else text


def _goal_text(model: SolverModel, cell: CellRef, home: str) -> str:
    text = _area_text(cell.area, home)
    if model.sense == "value":
        return f"{text}={number_text(model.target)}"
    return f"{'MAX' if model.sense == 'maximize' else 'MIN'}({text})"


def _constraint_text(constraint: Constraint, sheet: str, home: str) -> tuple[str, bool]:
    right = constraint.right
    if isinstance(right, AreaRef):
        text = _area_text(right, home)
    else:
        text = absolute_text(right, sheet) if isinstance(right, str) else number_text(right)
    left = _area_text(constraint.left, home)
    return f"{left}{constraint.relation}{text}", constraint.left.rect.size > 1


def _option_texts(model: SolverModel) -> list[str]:
    """The two arrays; see `_options`."""
    of = model.options
    first = (
        *(of.seconds or NO_LIMIT, of.iterations or NO_LIMIT, of.precision, of.integer_tolerance),
        *(of.engine == "simplex", False, True, 1, 1, 1, of.convergence, model.non_negative),
    )
    second = (
        *(of.solutions or 0, of.nodes or 0, code_of(ENGINES, of.engine), of.population or 100),
        *(of.seed, of.multistart, True, 0.075 if of.mutation is None else of.mutation, 0, 0),
        *(of.ignore_integers, 30.0 if of.patience is None else of.patience),
    )
    return ["{" + ",".join(map(_literal, values)) + "}" for values in (first, second)]


def _literal(value: float | bool) -> str:
    return str(value).upper() if isinstance(value, bool) else number_text(float(value))
