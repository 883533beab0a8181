"""One LibreOffice for all tests of a session that need it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.lesson_desk import Lesson, short_lesson
from tests.live.office import headless_office
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.live.calc_office import Office


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    with headless_office() as found:
        yield found


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """Lesson workbooks with the sheets alone that buttons are pressed on."""
    return short_lesson(tmp_path_factory.mktemp("lesson"))


@pytest.fixture
def open_desk(office: Office, tmp_path: Path) -> Iterator[Callable[[Path], CalcDesk]]:
    """Opens a copy of a workbook in Calc, so that no lock file lies beside the workbook."""
    documents: list[Any] = []

    def opened(path: Path) -> CalcDesk:
        copy = tmp_path / f"opened {len(documents)}" / path.name
        copy.parent.mkdir()
        shutil.copy(path, copy)
        documents.append(office.open(copy))
        return CalcDesk(office, documents[-1])

    yield opened
    for document in documents:
        document.close(True)
