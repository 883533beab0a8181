"""Every form of file that is known: a good one is read; an empty one, a damaged one, and one whose
package is not installed are told of in a sentence, with exit code 3."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.faces.shell import xlcollab
from xlcollab.errors import EXTRAS, DataError, MissingPackageError
from xlcollab.ratings import read_ratings
from xlcollab.ratings.opening import PACKED
from xlcollab.ratings.read import READERS, may_be_crosstab

FRAME = pd.DataFrame(
    {"user": [1, 2, 1, 3], "item": [7, 7, 8, 9], "rating": [5.0, 3.0, 4.0, 1.0], "time": range(4)}
)


def _text(separator: str, header: bool) -> Callable[[Path, pd.DataFrame], None]:
    def write(path: Path, frame: pd.DataFrame) -> None:
        lines = [separator.join(frame.columns)] * header
        lines += [separator.join(map(str, row)) for row in frame.itertuples(index=False)]
        path.write_text("".join(f"{line}\n" for line in lines))

    return write


WRITERS: Mapping[str, Callable[[Path, pd.DataFrame], None]] = {
    ".csv": _text(",", True),
    ".tsv": _text("\t", True),
    ".txt": _text(";", True),
    ".inter": _text("\t", True),
    ".parquet": lambda path, frame: frame.to_parquet(path),
    ".feather": lambda path, frame: frame.to_feather(path),
    ".arrow": lambda path, frame: frame.to_feather(path),
    ".jsonl": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    ".ndjson": lambda path, frame: frame.to_json(path, orient="records", lines=True),
    ".json": lambda path, frame: frame.to_json(path, orient="records"),
    ".data": _text("\t", False),
    ".base": _text("\t", False),
    ".test": _text("\t", False),
    ".dat": _text("::", False),
}
"""How a test writes each form; a form without one fails here."""
DAMAGED = b'PAR1\x00\xff{"user":\n\x01\x02,,,\x00\xfe\n' * 3


def refusal(path: Path) -> str:
    """The one sentence with which `fit` refuses a file."""
    found = xlcollab("fit", path, "--epochs", 1, "-o", path.with_name("model.xlsx"))
    assert found.code == 3, found.err
    assert "internal error" not in found.err
    assert not path.with_name("model.xlsx").exists()
    return found.sentence


@pytest.mark.parametrize("ending", READERS)
def test_a_good_file_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{ending}"
    WRITERS[ending](path, FRAME)
    table = read_ratings(path)
    assert table.user_ids.ids(table.users) == FRAME["user"].tolist()
    assert table.item_ids.ids(table.items) == FRAME["item"].tolist()
    assert table.ratings.tolist() == FRAME["rating"].tolist()


@pytest.mark.parametrize("ending", READERS)
def test_a_file_without_a_byte_is_told_of(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{ending}"
    path.write_bytes(b"")
    assert f"r{ending}" in refusal(path)


@pytest.mark.parametrize("ending", READERS)
def test_a_file_without_ratings_is_told_of(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{ending}"
    WRITERS[ending](path, FRAME[:0])
    assert f"r{ending}" in refusal(path)


@pytest.mark.parametrize("ending", READERS)
def test_a_damaged_file_is_told_of(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{ending}"
    path.write_bytes(DAMAGED)
    assert f"r{ending}" in refusal(path)


@pytest.mark.parametrize("ending", READERS)
def test_half_a_file_is_read_or_told_of(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{ending}"
    WRITERS[ending](path, FRAME)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    told = ""
    try:
        assert len(read_ratings(path)) < len(FRAME)
    except DataError as error:
        told = str(error)
    assert not told or f"r{ending}" in told


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("ending", READERS)
def test_what_is_not_packed_as_its_name_says_is_told_of(
    ending: str, packing: str, tmp_path: Path
) -> None:
    path = tmp_path / f"r{ending}{packing}"
    path.write_bytes(DAMAGED)
    with pytest.raises(DataError, match=path.name):
        read_ratings(path)


@pytest.mark.parametrize("ending", [one for one, form in READERS.items() if form.needs])
def test_a_missing_package_is_named_with_what_brings_it(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"r{ending}"
    WRITERS[ending](path, FRAME)
    needed = READERS[ending].needs
    assert needed in EXTRAS
    for name in [one for one in sys.modules if one.partition(".")[0] == needed]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError, match=needed):
        read_ratings(path)
    told = refusal(path)
    assert needed in told
    assert f"pip install 'xlcollab[{EXTRAS[needed]}]'" in told


def test_only_plain_text_may_hold_a_crosstab() -> None:
    (plain,) = {form.name for form in READERS.values() if form.may_be_crosstab}
    assert plain == READERS[".csv"].name == READERS[".tsv"].name == READERS[".txt"].name
    for ending, form in READERS.items():
        assert may_be_crosstab(Path(f"r{ending}")) is (form.name == plain)


@pytest.mark.parametrize("line", ["2", '"a"', "[1, 2]", "null", "[[]]", "[" * 3000])
def test_json_lines_of_no_object_are_told_of(line: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"user": 1, "item": 2, "rating": 3}}\n{line}\n')
    with pytest.raises(DataError, match=r"r\.jsonl"):
        read_ratings(path)
