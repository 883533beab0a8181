"""Every book of a folder, recalculated beside its stored values: a line a book, and a total."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.look.checking import Check, recalculate_book
from xlcollab.api.session.session import Session
from xlcollab.errors import UsageError, XlcollabError

_ENDINGS = (".xlsx", ".xlsm")
_LOCK = "~$"
"""How the name of a file begins that Excel keeps beside an open book."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BookCheck:
    """What became of one book: its check, or the sentence why there is none."""

    name: str
    check: Check | None
    refusal: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.check.line if self.check else self.refusal}"

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = self.check.as_json() if self.check else {"refusal": self.refusal}
        return {"book": self.name} | found


@dataclass(slots=True)
class Total:
    """The counts of many books together."""

    books: int = 0
    refused: int = 0
    formulas: int = 0
    matched: int = 0
    differences: int = 0
    not_evaluated: int = 0
    volatile: int = 0

    def add(self, one: BookCheck) -> None:
        self.books += 1
        if one.check is None:
            self.refused += 1
            return
        self.formulas += one.check.formulas
        self.matched += one.check.matched
        self.differences += len(one.check.differences)
        self.not_evaluated += one.check.not_evaluated
        self.volatile += one.check.volatile

    def __str__(self) -> str:
        return (
            f"{self.books} books, {self.refused} of them not read: {self.formulas} formula cells: "
            f"{self.matched} as stored, {self.differences} differ, "
            f"{self.not_evaluated} not evaluated, {self.volatile} volatile"
        )

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


def books_in(folder: Path) -> list[Path]:
    """The workbooks of a folder and of those inside it, by name. Raises UsageError for none."""
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _ENDINGS and path.is_file() and not path.name.startswith(_LOCK)
    )
    if not found:
        raise UsageError(f"{folder} holds no workbook ({' or '.join(_ENDINGS)}); name another one")
    return found


def check_books(folder: Path, paths: Iterable[Path]) -> Iterator[BookCheck]:
    """Check book after book; one that cannot be read or evaluated does not stop the others."""
    for path in paths:
        name = str(path.relative_to(folder))
        try:
            yield BookCheck(name, recalculate_book(Session(path)))
        except XlcollabError as error:
            yield BookCheck(name, None, f"not read: {' '.join(str(error).split())}")
        except Exception as error:
            _LOG.exception("internal error in %s", path)
            yield BookCheck(name, None, f"not read: internal error, {type(error).__name__}")
