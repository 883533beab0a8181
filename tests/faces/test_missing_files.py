"""A file that is not there is told alike by every command and option: a sentence with its name, and
exit code 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import ratings_csv

NONE = "nosuch"
COMMANDS = [
    *(
        f"{name} {NONE}.xlsx"
        for name in ("inspect", "solve", "watch", "sweep", "recalc", "factors")
    ),
    f"run {NONE}.xlsx --sheet S",
    f"compare {NONE}.xlsx",
    f"lr-find {NONE}.xlsx --sheet S",
    f"gradient {NONE}.xlsx --of S!A1 --with-respect-to S!B1",
    f"rerun {NONE}.xlsx",
    *(
        f"fit {NONE}{ending}"
        for ending in (".xlsx", ".csv", ".data", ".parquet", ".jsonl", ".csv.gz")
    ),
    *(f"fit r.csv --{option} {NONE}.csv" for option in ("test", "items", "users")),
    f"fit r.csv --start {NONE}.safetensors",
    f"fit r.csv --optimizer adam --checkpoint {NONE}.safetensors --resume",
    f"fit {NONE}.csv --implicit",
    f"tune {NONE}.csv --trials 1",
    f"crosstab {NONE}.csv",
    f"predict {NONE}.xlsx --user 1 --item 10",
    f"predict {NONE}.csv --user 1 --item 10",
    f"predict m.safetensors --pairs {NONE}.csv",
    f"predict m.safetensors --ratings {NONE}.csv --user 1 --item 10",
    f"recommend {NONE}.safetensors --user 1",
    f"recommend m.safetensors --ratings {NONE}.csv",
    f"fold-in {NONE}.safetensors r.csv",
    f"fold-in m.safetensors {NONE}.csv",
    f"new matrix-factorisation {NONE}.csv",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds r.csv and m.safetensors."""
    folder = tmp_path_factory.mktemp("files")
    ratings_csv(folder)
    told = xlcollab("fit", folder / "r.csv", "--epochs", 1, "-o", folder / "m.safetensors")
    assert told.code == 0, told.err
    return folder


@pytest.mark.parametrize("line", COMMANDS)
def test_what_is_not_there_is_named(
    line: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    found = xlcollab(*line.split(), *(["-o", "out.xlsx"] if line.startswith("fit") else []))
    assert found.code == 3, found.err
    assert NONE in found.sentence
    assert "there is no" in found.sentence
    assert not (place / "out.xlsx").exists()
