"""The one model that a request means: given in words, or stored."""

from __future__ import annotations

from xlcollab.api.session.session import Session
from xlcollab.problems import SolverModel, with_restrictions
from xlcollab.settings.requests.solve import ModelWords


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
    return in_words(book, words, sheet) or restricted(book, words, book.only_model(sheet))


def given_models(book: Session, words: ModelWords, sheet: str | None) -> list[SolverModel]:
    """The model in words, else the stored ones, of one sheet or of all.

    Raises UsageError where constraints are to be added and none of several models is named.
    """
    model = in_words(book, words, sheet)
    if model is not None:
        return [model]
    if not words.is_given:
        return book.models(sheet)
    return [restricted(book, words, book.only_model(sheet))]


def restricted(book: Session, words: ModelWords, model: SolverModel) -> SolverModel:
    """A stored model with the constraints that were said besides."""
    return with_restrictions(
        book.workbook, model, words.subject_to, non_negative=words.non_negative
    )
