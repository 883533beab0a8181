"""The model that a request means, given in words or stored; and the request that means a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields

from xlcollab.api.session.elsewhere import tabs_instead
from xlcollab.api.session.session import Session
from xlcollab.errors import UsageError
from xlcollab.problems import NoModelError, SolverModel, find_models, with_restrictions
from xlcollab.settings.asked import Asked
from xlcollab.settings.requests.solve import ModelWords, SolveRequest
from xlcollab.settings.solving import Computing, Settings


def in_words(book: Session, words: ModelWords, sheet: str | None) -> SolverModel | None:
    """The model of a command line; None where it names none."""
    if not words.is_given or words.by_changing is None:
        return None
    return book.model(
        minimize=words.minimize,
        maximize=words.maximize,
        target=words.target,
        by_changing=words.by_changing,
        subject_to=words.subject_to,
        non_negative=words.non_negative,
        sheet=sheet,
    )


def given_model(book: Session, words: ModelWords, sheet: str | None) -> SolverModel:
    """The model in words, else the stored one of the sheet, or of the book that holds one.

    Raises UsageError where the book stores several and none is named.
    """
    found = in_words(book, words, sheet)
    if found is not None:
        return found
    with _other_verb_named(book):
        return restricted(book, words, book.only_model(sheet))


_WORDS = tuple(one.name for one in fields(ModelWords))


def model_of(
    book: Session, model: str | SolverModel | None, given: Mapping[str, object]
) -> tuple[SolverModel, dict[str, object]]:
    """The model that is meant in Python, and what of `given` is no word of a model: one from
    `book.model`, or that of a sheet, or the words themselves. Raises UsageError where both are."""
    words = {name: given[name] for name in _WORDS if given.get(name) is not None}
    rest = {name: value for name, value in given.items() if name not in _WORDS}
    if isinstance(model, SolverModel):
        if words:
            raise UsageError(f"{', '.join(words)} and a model exclude each other; give one of them")
        return model, rest
    subject_to = words.get("subject_to", ())
    words["subject_to"] = (subject_to,) if isinstance(subject_to, str) else subject_to
    return given_model(book, ModelWords(**words), model), rest  # type: ignore[arg-type]


def given_models(book: Session, words: ModelWords, sheet: str | None) -> list[SolverModel]:
    """The model in words, else the stored ones, of one sheet or of all.

    Raises UsageError where constraints are to be added and none of several models is named.
    """
    model = in_words(book, words, sheet)
    if model is not None:
        return [model]
    with _other_verb_named(book):
        if not words.is_given:
            return book.models(sheet)
        return [restricted(book, words, book.only_model(sheet))]


@contextmanager
def _other_verb_named(book: Session) -> Iterator[None]:
    """Where no model is stored, the sentence goes on with what the book holds instead."""
    try:
        yield
    except NoModelError as error:
        raise NoModelError(f"{error}{tabs_instead(book)}") from None


def restricted(book: Session, words: ModelWords, model: SolverModel) -> SolverModel:
    """A stored model with the constraints that were said besides."""
    return with_restrictions(
        book.workbook, model, words.subject_to, non_negative=words.non_negative
    )


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
    """A solve that was asked for in Python as the request that asks the same; a model that the
    workbook does not store is said in words."""
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
