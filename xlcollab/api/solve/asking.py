"""A solve that was asked for in Python, as the request that asks the same in the shell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlcollab.problems import SolverModel, find_models
from xlcollab.settings.asked import Asked
from xlcollab.settings.requests.solve import ModelWords, SolveRequest
from xlcollab.settings.solving import Computing, Settings

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session


def request_of(
    book: Session,
    model: SolverModel,
    settings: Asked[Settings],
    computing: Asked[Computing],
    *,
    history: bool | None,
    reports: Sequence[str],
    watch: Sequence[str],
) -> SolveRequest:
    """The request; a model that the workbook does not store is said in words."""
    return SolveRequest(
        book=book.path,
        sheet=model.sheet,
        model=ModelWords() if _is_stored(book, model) else words_of(model),
        settings=settings,
        computing=computing,
        watch=tuple(watch),
        no_history=history is False,
        report=tuple(reports),
    )


def words_of(model: SolverModel) -> ModelWords:
    """A model in the words of a command line. Solver's options have none."""
    sense = None if model.objective is None else model.sense
    objective = str(model.objective)
    domains = {"integer": model.integer, "binary": model.binary, "alldifferent": model.alldifferent}
    return ModelWords(
        minimize=objective if sense == "minimize" else None,
        maximize=objective if sense == "maximize" else None,
        target=f"{objective}={model.target!r}" if sense == "value" else None,
        by_changing=",".join(map(str, model.variables)),
        subject_to=(
            *(f"{one.left}{one.relation}{_right(one.right)}" for one in model.constraints),
            *(f"{area}={word}" for word, areas in domains.items() for area in areas),
        ),
        non_negative=model.non_negative,
    )


def _right(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _is_stored(book: Session, model: SolverModel) -> bool:
    return any(model == one for _, one in find_models(book.workbook))
