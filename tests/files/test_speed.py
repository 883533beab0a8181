"""A sheet of a million formulas and a million numbers, in time and memory one can wait for."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np
import pytest

from tests.files.packages import one_sheet_parts, sheet_xml, write_package
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Changes
from xlcollab.ref import AreaRef, Rect, column_letters

SIDE = 1000


def large_sheet() -> str:
    rng = np.random.default_rng(0)
    letters = [column_letters(column) for column in range(2 * SIDE)]
    rows = []
    for row in range(1, SIDE + 1):
        numbers = rng.random(2 * SIDE).tolist()
        cells = [f'<c r="{letters[i]}{row}"><v>{numbers[i]}</v></c>' for i in range(SIDE)]
        cells += [
            f'<c r="{letters[i]}{row}"><f>{letters[i - SIDE]}{row}*2</f><v>{numbers[i]}</v></c>'
            for i in range(SIDE, 2 * SIDE)
        ]
        rows.append(f'<row r="{row}" spans="1:{2 * SIDE}">{"".join(cells)}</row>')
    return sheet_xml("".join(rows))


@pytest.mark.slow
@pytest.mark.benchmark
def test_two_million_cells(tmp_path: Path) -> None:
    path = write_package(tmp_path / "large.xlsx", one_sheet_parts(large_sheet()))
    book = FileBook(path)
    start = time.process_time()
    sheet = book.read().sheet("S")
    read = time.process_time()
    assert (len(sheet.formulas), sheet.height, sheet.width) == (SIDE * SIDE, SIDE, 2 * SIDE)
    area = AreaRef("S", Rect(0, SIDE, SIDE, SIDE))
    results = np.random.default_rng(1).random((SIDE, SIDE))
    middle = time.process_time()
    book.write(Changes(results=[CellEdit.of_numbers(area, results)]))
    written = time.process_time()
    assert (book.read().sheet("S").numbers[:, SIDE:] == results).all()
    assert read - start < 25
    assert written - middle < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2e6
