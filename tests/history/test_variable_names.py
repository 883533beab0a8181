"""What variables are called: by texts and ids beside them, never by the data of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from xlcollab.files import FileBook
from xlcollab.history.variables import variable_names
from xlcollab.ref import parse_area

HEADS = {"B1": "Pils", "C1": "Stout", "D1": "Wheat"}
NUMBERS = {"B3": 17.0, "C3": 24.0, "D3": 19.0}


@pytest.mark.parametrize(
    ("beside", "names"),
    [
        (
            {**HEADS, **NUMBERS, "A3": "Malt kg/hl"},
            ["Pils, brewed", "Stout, brewed", "Wheat, brewed"],
        ),
        (
            {**HEADS, **NUMBERS, "A3": "beerId"},
            ["beer 17, brewed", "beer 24, brewed", "beer 19, brewed"],
        ),
        ({**HEADS, **NUMBERS}, ["17, brewed", "24, brewed", "19, brewed"]),
        ({**NUMBERS, "A3": "beer"}, ["beer 17, brewed", "beer 24, brewed", "beer 19, brewed"]),
    ],
)
def test_a_row_of_variables(beside: dict[str, object], names: list[str], tmp_path: Path) -> None:
    cells = {**beside, "A5": "brewed", "B5": 1.0, "C5": 2.5, "D5": 3.5}
    workbook = FileBook(build(tmp_path / "b.xlsx", {"S": cells})).read()
    assert variable_names(workbook, [parse_area("S!B5:D5")]) == names
