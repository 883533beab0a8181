"""A Solver model from the texts of a command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from xlcollab.errors import UsageError
from xlcollab.grid import Workbook
from xlcollab.problems.solver_model.areas import disjoint, resolve_areas, resolve_cell
from xlcollab.problems.solver_model.constraints import Restrictions, read_number
from xlcollab.problems.solver_model.model import SolverModel
from xlcollab.problems.solver_model.typed import refuse_beginning, refuse_unclear, refuse_whole
from xlcollab.problems.solver_model.words import SIGNS, Sense, domain_named
from xlcollab.ref import split_list, split_sheet

_CONSTRAINT = re.compile(r"(?P<left>(?:'[^']*'|[^'<>=])+)(?P<sign><=|>=|=)(?P<right>.+)\Z", re.S)
_GOAL = "the objective"


def model_from_texts(
    workbook: Workbook,
    *,
    by_changing: str,
    minimize: str | None = None,
    maximize: str | None = None,
    target: str | None = None,
    subject_to: Sequence[str] = (),
    non_negative: bool = False,
    sheet: str | None = None,
) -> SolverModel:
    """The model that the texts describe; addresses, defined names and table columns name cells.

    Without a goal the model asks for any point that the constraints allow.

    `by_changing` is a comma-separated list such as "dotprod!H19:V23,dotprod!B25:F39", `target` is
    "cell=value", a constraint is "A1:A9<=B1:B9", "C1>=0", "D1:D3=integer" or "E1=binary". A text
    without a sheet means `sheet`; when that is None, the objective's, else the variables' sheet.

    Raises UsageError on texts that break this grammar, ModelError on cells that do not exist,
    WorkbookError on an unknown sheet.
    """
    sense, objective, value = _goal(minimize, maximize, target)
    if objective is None and not subject_to:
        raise UsageError(
            "0 objectives are given; exactly one of --minimize, --maximize and --target is needed,"
            " or at least one --subject-to"
        )
    home = home_sheet(workbook, objective, by_changing, sheet)
    restrictions = Restrictions(workbook, home)
    for text in subject_to:
        _add(restrictions, text)
    return SolverModel(
        sheet=home,
        objective=None if objective is None else resolve_cell(workbook, objective, home, _GOAL),
        sense=sense,
        target=value,
        variables=disjoint(resolve_areas(workbook, by_changing, home, "a variable")),
        constraints=tuple(restrictions.constraints),
        integer=restrictions.areas("integer"),
        binary=restrictions.areas("binary"),
        alldifferent=restrictions.areas("alldifferent"),
        non_negative=non_negative,
    )


def with_restrictions(
    workbook: Workbook, model: SolverModel, subject_to: Sequence[str], *, non_negative: bool = False
) -> SolverModel:
    """The model with further constraints and domains, in the words of `model_from_texts`; texts
    without a sheet mean the model's. Raises what `model_from_texts` raises."""
    more = Restrictions(workbook, model.sheet)
    for text in subject_to:
        _add(more, text)
    return replace(
        model,
        constraints=(*model.constraints, *more.constraints),
        integer=(*model.integer, *more.areas("integer")),
        binary=(*model.binary, *more.areas("binary")),
        alldifferent=(*model.alldifferent, *more.areas("alldifferent")),
        non_negative=model.non_negative or non_negative,
    )


def _goal(
    minimize: str | None, maximize: str | None, target: str | None
) -> tuple[Sense, str | None, float]:
    goals: list[tuple[Sense, str | None]] = [
        ("minimize", minimize),
        ("maximize", maximize),
        ("value", target),
    ]
    given = [(sense, text) for sense, text in goals if text]
    if not given:
        return "satisfy", None, 0.0
    if len(given) > 1:
        raise UsageError(
            f"{len(given)} objectives are given; exactly one of --minimize, --maximize and"
            " --target is needed"
        )
    sense, text = given[0]
    return (sense, *_split_target(text)) if sense == "value" else (sense, text, 0.0)


def _split_target(text: str) -> tuple[str, float]:
    cell, mark, value = text.replace("==", "=").rpartition("=")
    number = read_number(value)
    if not mark or not cell.strip() or number is None:
        raise UsageError(f"--target is {text!r}; 'cell=value' was expected, such as 'V41=3'")
    return cell.strip(), number


def home_sheet(
    workbook: Workbook,
    objective: str | None,
    by_changing: str,
    sheet: str | None = None,
    advice: str = " or add --sheet",
) -> str:
    """The sheet that addresses without one mean. Raises UsageError where nothing says it, with
    `advice` besides that to write it."""
    if sheet is not None:
        return workbook.sheet(sheet).name
    first = split_list(by_changing)[0]
    for text in (objective or first, first):
        named, _ = split_sheet(text)
        if named is not None:
            return workbook.sheet(named).name
        if workbook.name(text):
            home = workbook.sheets[0].name
            return resolve_areas(workbook, text, home, "the name")[0].sheet
    if len(workbook.sheets) == 1:
        return workbook.sheets[0].name
    raise UsageError(
        f"{objective or first} names no sheet and {workbook.source} has"
        f" {len(workbook.sheets)}; write {workbook.sheets[0].name}!{objective or first}{advice}"
    )


def _add(restrictions: Restrictions, text: str) -> None:
    match = _CONSTRAINT.match(text.strip())
    refuse_beginning(text, "" if match is None else match["left"])
    if match is None:
        refuse_whole(text)
    left, what = match["left"], f"constraint {text!r}"
    domain = domain_named(match["right"])
    if domain and match["sign"] == "=":
        restrictions.restrict(left, domain, what)
        return
    restrictions.constrain(left, SIGNS[match["sign"]], match["right"], what)
    if isinstance(restrictions.constraints[-1].right, str):
        refuse_unclear(restrictions.workbook, restrictions.sheet, text, match["right"])
