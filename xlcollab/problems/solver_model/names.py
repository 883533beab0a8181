"""Solver models as Excel stores them: hidden, sheet-scoped defined names `solver_…`.

Meaning and codes of the names: Microsoft's VBA reference of the Solver functions (SolverOk,
SolverAdd, SolverOptions) and OpenSolver's stored names, which are fewer (no `eng`, no `ver`).
"""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.errors import ModelError
from xlcollab.grid import Workbook
from xlcollab.problems.solver_model.areas import disjoint, resolve_areas, resolve_cell
from xlcollab.problems.solver_model.constraints import Restrictions, read_number
from xlcollab.problems.solver_model.model import (
    NO_LIMIT,
    SolverModel,
    SolverOptions,
)
from xlcollab.problems.solver_model.words import DOMAINS, ENGINES, RELATIONS, SENSES, Sense
from xlcollab.ref import CellRef

_PREFIX = "solver_"

HOW_TO_GIVE_A_MODEL = (
    "give one with --minimize, --maximize or --target 'cell=value', and --by-changing,"
    " for example --minimize 'Sheet1!B10' --by-changing 'Sheet1!A1:A5'"
)


class NoModelError(ModelError):
    """No model is stored where one was looked for."""


def read_models(workbook: Workbook) -> list[SolverModel]:
    """The models of all sheets, in tab order.

    Raises ModelError when there is none, or when one of them cannot be understood.
    """
    models = [_model_or_raise(model) for _, model in find_models(workbook)]
    if not models:
        raise NoModelError(f"{workbook.source} holds no Solver model; {HOW_TO_GIVE_A_MODEL}")
    return models


def read_model(workbook: Workbook, sheet: str) -> SolverModel:
    """The model of one sheet.

    Raises WorkbookError when there is no such sheet, ModelError when it holds no model or one that
    cannot be understood.
    """
    name = workbook.sheet(sheet).name
    found = dict(find_models(workbook))
    if name in found:
        return _model_or_raise(found[name])
    others = f"sheets with a model: {', '.join(found)}; or " if found else ""
    raise NoModelError(f"sheet {name} holds no Solver model; {others}{HOW_TO_GIVE_A_MODEL}")


def find_models(workbook: Workbook) -> list[tuple[str, SolverModel | ModelError]]:
    """(sheet, its model, or why it cannot be understood) of every sheet that holds one."""
    found: list[tuple[str, SolverModel | ModelError]] = []
    for sheet in workbook:
        stored = _stored(workbook, sheet.name)
        if not stored.holds_model:
            continue
        try:
            found.append((sheet.name, _read(workbook, stored)))
        except ModelError as error:
            found.append((sheet.name, error))
    return found


def _model_or_raise(model: SolverModel | ModelError) -> SolverModel:
    if isinstance(model, ModelError):
        raise model
    return model


@dataclass(frozen=True, slots=True)
class _Stored:
    """The texts behind one sheet's names, keyed without prefix and in lower case."""

    sheet: str
    texts: dict[str, str]

    @property
    def what(self) -> str:
        return f"the Solver model of sheet {self.sheet}"

    @property
    def holds_model(self) -> bool:
        """Excel leaves option names behind when the dialog was only looked at."""
        return "opt" in self.texts or "adj" in self.texts

    def number(self, key: str, default: float) -> float:
        """Raises ModelError when the text is no number."""
        if key not in self.texts:
            return default
        number = read_number(self.texts[key])
        if number is None:
            raise ModelError(
                f"{self.what}: {_PREFIX}{key} is {self.texts[key]!r} and should be a number;"
                " open Solver in Excel, check the model and save it again"
            )
        return number

    def code(self, key: str, default: int) -> int:
        return int(self.number(key, default))

    def limit(self, key: str) -> int | None:
        number = self.code(key, NO_LIMIT)
        return None if number >= NO_LIMIT else number


def _stored(workbook: Workbook, sheet: str) -> _Stored:
    scope = sheet.casefold()
    texts = {
        name.name.casefold().removeprefix(_PREFIX): name.text
        for name in workbook.names
        if name.name.casefold().startswith(_PREFIX) and (name.sheet or "").casefold() == scope
    }
    return _Stored(sheet, texts)


def stored_options(workbook: Workbook, sheet: str) -> tuple[SolverOptions, bool]:
    """The options stored with a sheet, and whether variables without a bound are non-negative."""
    stored = _stored(workbook, sheet)
    return _options(stored), stored.code("neg", 1) == 1


def _read(workbook: Workbook, stored: _Stored) -> SolverModel:
    sheet, what = stored.sheet, stored.what
    if not stored.texts.get("adj", "").strip():
        raise ModelError(f"{what} has no variable cells; name them in Solver or with --by-changing")
    _refuse_uncounted(stored)
    restrictions = _restrictions(workbook, stored)
    objective = _objective(workbook, stored)
    return SolverModel(
        sheet=sheet,
        objective=objective,
        sense="satisfy" if objective is None else _sense(stored),
        target=stored.number("val", 0.0),
        variables=disjoint(
            resolve_areas(workbook, stored.texts["adj"], sheet, f"a variable of {what}")
        ),
        constraints=tuple(restrictions.constraints),
        integer=restrictions.areas("integer"),
        binary=restrictions.areas("binary"),
        alldifferent=restrictions.areas("alldifferent"),
        non_negative=stored.code("neg", 1) == 1,
        options=_options(stored),
        warnings=tuple(_warnings(stored)),
    )


def _objective(workbook: Workbook, stored: _Stored) -> CellRef | None:
    """The objective cell; None where none is stored, which Solver takes as "find any point".

    Raises ModelError where there are no constraints either.
    """
    text = stored.texts.get("opt", "").strip()
    if text:
        return resolve_cell(workbook, text, stored.sheet, f"the objective of {stored.what}")
    if not stored.code("num", 0):
        raise ModelError(
            f"{stored.what} has no objective and no constraints; name an objective in Solver or"
            " with --minimize"
        )
    return None


def _refuse_uncounted(stored: _Stored) -> None:
    """Raises ModelError where constraints are stored, and neither their number nor the sense is.

    Google Sheets exports the names that stand for cells and drops those that hold numbers.
    """
    constrained = any(key.startswith(("lhs", "rel")) for key in stored.texts)
    if {"num", "typ"} & stored.texts.keys() or not constrained:
        return
    raise ModelError(
        f"{stored.what} is incomplete: it holds constraints, but not how many (solver_num), nor"
        " whether to minimise or maximise (solver_typ), as in files that Google Sheets exported;"
        " save the model again in Excel's Solver, or give it with --minimize or --maximize,"
        " --by-changing and --subject-to"
    )


def _sense(stored: _Stored) -> Sense:
    code = stored.code("typ", 1)
    if code not in SENSES:
        raise ModelError(
            f"{stored.what}: solver_typ is {code}; 1 (maximise), 2 (minimise) or 3 (value of)"
            " was expected"
        )
    return SENSES[code]


def _options(stored: _Stored) -> SolverOptions:
    default = SolverOptions()
    linear = stored.code("lin", 2) == 1
    return SolverOptions(
        engine=ENGINES.get(stored.code("eng", 2 if linear else 1), default.engine),
        precision=stored.number("pre", default.precision),
        convergence=stored.number("cvg", default.convergence),
        iterations=stored.limit("itr"),
        seconds=stored.limit("tim"),
        integer_tolerance=stored.number("tol", default.integer_tolerance),
        ignore_integers=stored.code("rlx", 2) == 1,
        population=stored.limit("ssz"),
        mutation=stored.number("mrt", 0.075) if "mrt" in stored.texts else None,
        seed=stored.code("rsd", 0),
        patience=stored.number("mni", 30.0) if "mni" in stored.texts else None,
        multistart=stored.code("msl", 2) == 1,
        nodes=stored.limit("nod"),
        solutions=stored.limit("mip"),
    )


def _warnings(stored: _Stored) -> list[str]:
    warnings = []
    if "typ" not in stored.texts and "opt" in stored.texts:
        warnings.append(f"{stored.what} does not say minimise or maximise; taken as maximise")
    if "num" not in stored.texts and "lhs1" in stored.texts:
        warnings.append(f"{stored.what} does not count its constraints; taken as having none")
    if stored.code("rlx", 2) == 1 and _restricts(stored):
        warnings.append(
            f"{stored.what} ignores its integer constraints, as stored (solver_rlx is 1)"
        )
    return warnings


def _restricts(stored: _Stored) -> bool:
    """Whether a constraint asks for whole numbers, 0 and 1, or all different."""
    count = stored.code("num", 0)
    return any(stored.code(f"rel{number}", 0) in DOMAINS for number in range(1, count + 1))


def _restrictions(workbook: Workbook, stored: _Stored) -> Restrictions:
    """The first `num` constraints; names beyond that count are left-overs of older models."""
    found = Restrictions(workbook, stored.sheet)
    count = stored.code("num", 0)
    for number in range(1, count + 1):
        what = f"constraint {number} of {stored.what}"
        if not {f"lhs{number}", f"rel{number}"} <= stored.texts.keys():
            raise ModelError(f"{what} is not stored, though {count} are counted; save it anew")
        left, code = stored.texts[f"lhs{number}"], stored.code(f"rel{number}", 0)
        if code in DOMAINS:
            found.restrict(left, DOMAINS[code], what)
        elif code in RELATIONS:
            found.constrain(left, RELATIONS[code], stored.texts.get(f"rhs{number}", ""), what)
        else:
            raise ModelError(f"{what} has the relation code {code}; 1 to 6 was expected")
    return found
