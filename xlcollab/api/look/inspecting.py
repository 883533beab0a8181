"""What is in a workbook, and what could not be understood: found without evaluating anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from xlcollab.api.look.tabs import tab_json, tab_line
from xlcollab.errors import ModelError
from xlcollab.formula import functions
from xlcollab.formula.signatures import SIGNATURES
from xlcollab.plan import Plan
from xlcollab.problems import SavedModel, SolverModel, find_models, find_saved
from xlcollab.problems.ratings.find import FoundRatings, find_ratings
from xlcollab.problems.tab.tab import GraddescTab, find_tabs

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """One sheet: its used size, its formula cells, and the distinct formulas among them."""

    name: str
    rows: int
    columns: int
    formulas: int
    families: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """`functions` counts the formula cells that use each function.

    `problems` are sentences: formulas that cannot be parsed, circular references, functions that
    are not supported, models that are broken, parts of the file that were left alone.
    """

    workbook: str
    sheets: tuple[SheetSummary, ...]
    models: tuple[SolverModel, ...]
    saved: tuple[SavedModel, ...]
    """Models that are saved in cells."""
    tabs: tuple[GraddescTab, ...]
    ratings: tuple[FoundRatings, ...]
    functions: dict[str, int]
    problems: tuple[str, ...]

    def tab_lines(self) -> list[tuple[object, ...]]:
        """A summary line per graddesc tab."""
        return [tab_line(tab) for tab in self.tabs]

    def as_json(self) -> dict[str, object]:
        return {
            "workbook": self.workbook,
            "sheets": [asdict(sheet) for sheet in self.sheets],
            "models": [_model_json(model) for model in self.models],
            "saved_models": [_saved_json(one) for one in self.saved],
            "tabs": [tab_json(tab) for tab in self.tabs],
            "ratings": [_ratings_json(found) for found in self.ratings],
            "functions": self.functions,
            "problems": list(self.problems),
        }


def inspect_book(book: Session) -> Inspection:
    """Read models and formulas; nothing is evaluated, nothing changes."""
    plan, workbook = book.plan, book.workbook
    found = find_models(workbook)
    saved = find_saved(workbook)
    tabs = find_tabs(workbook)
    used = _functions(plan)
    return Inspection(
        workbook=str(book.path),
        sheets=tuple(_sheets(plan)),
        models=tuple(model for _, model in found if not isinstance(model, ModelError)),
        saved=tuple(saved),
        tabs=tuple(tab for _, tab in tabs if not isinstance(tab, ModelError)),
        ratings=tuple(find_ratings(workbook)),
        functions=dict(used.most_common()),
        problems=tuple(
            [*workbook.notes]
            + [f"{sheet}: {error}" for sheet, error in found if isinstance(error, ModelError)]
            + [f"{s.area}: {s.model}" for s in saved if isinstance(s.model, ModelError)]
            + [f"{sheet}: {error}" for sheet, error in tabs if isinstance(error, ModelError)]
            + [
                f"{tab.sheet}: {odd}"
                for _, tab in tabs
                if not isinstance(tab, ModelError)
                for odd in tab.oddities
            ]
            + [f"{broken.cell} cannot be read: {broken.line}" for broken in plan.broken]
            + [f"{sentence}{_UNLESS}" for sentence in sorted(set(plan.circular.values()))]
            + _unsupported(plan)
        ),
    )


_UNLESS = "; none if only other cells of the areas are really read"


def _ratings_json(found: FoundRatings) -> dict[str, object]:
    return {"area": str(found.area), "form": found.form, "ratings": found.count}


def _saved_json(saved: SavedModel) -> dict[str, object]:
    known = {} if isinstance(saved.model, ModelError) else _model_json(saved.model)
    return {"cells": str(saved.area), **known}


def _model_json(model: SolverModel) -> dict[str, object]:
    return {
        "sheet": model.sheet,
        "objective": None if model.objective is None else str(model.objective),
        "sense": model.sense,
        "target": model.target if model.sense == "value" else None,
        "variables": [str(area) for area in model.variables],
        "size": model.size,
        "constraints": [str(constraint) for constraint in model.constraints],
        "non_negative": model.non_negative,
        "warnings": list(model.warnings),
    }


def _sheets(plan: Plan) -> list[SheetSummary]:
    families = Counter(family.sheet for family in plan.families)
    return [
        SheetSummary(
            sheet.name,
            sheet.height,
            sheet.width,
            int(sheet.formula_mask().sum()),
            families[sheet.name],
        )
        for sheet in plan.workbook
    ]


def _functions(plan: Plan) -> Counter[str]:
    used: Counter[str] = Counter()
    for family in plan.families:
        copies = family.rows * family.columns
        used.update(dict.fromkeys(functions(family.node), copies))
    return used


def _unsupported(plan: Plan) -> list[str]:
    return [
        f"{family.area}: the function {name} is not supported; it is left alone unless an "
        "objective depends on it"
        for family in plan.families
        for name in sorted(functions(family.node) - SIGNATURES.keys())
    ]
