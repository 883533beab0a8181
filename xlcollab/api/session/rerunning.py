"""Making a result again from what it says of its own making: `xlcollab rerun`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlcollab.api.session.provenance import (
    METADATA,
    Input,
    Provenance,
    is_there,
    runs_of,
    sha256_of,
)
from xlcollab.disk import fitting_name, meant_file, no_file, output_path, refuse_unwritable
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import DataError, UsageError, WorkbookError
from xlcollab.factor.models.arrays import metadata_of
from xlcollab.factor.models.folder import manifest_of
from xlcollab.files import FileBook
from xlcollab.grid.run_record import RUN_NAME, record_of
from xlcollab.ratings.kept import attributes_of
from xlcollab.settings.requests.rerun import RerunRequest
from xlcollab.settings.spoken import WRITTEN, is_default, said

_WORKBOOKS, MODEL_FILE = (".xlsx", ".xlsm"), ".safetensors"


@dataclass(frozen=True, slots=True)
class Rerun:
    """The commands that made a result, and where it is made again."""

    result: Path
    target: Path
    runs: tuple[Provenance, ...]
    other: Path | None
    """A file in place of the first input of the first command."""
    overwrite: bool = False
    """Whether what stands at `target` may be something else than an earlier result."""

    def check(self) -> list[str]:
        """Look for every file that was read. Returns sentences on what is different by intent.

        Raises DataError where one is missing or holds other bytes than it did.
        """
        told: list[str] = []
        for run in self.runs:
            for number, one in enumerate(run.inputs):
                if self.other is not None and run is self.runs[0] and number == 0:
                    told += _on_another(self.other, one)
                elif number or run is self.runs[0]:
                    _refuse_changed(self.result, _found(self.result, one), one)
        return told

    def arguments(self, place: int, source: Path | None, target: Path) -> list[str]:
        """The arguments of the command at `place`: `source` is what it reads in place of its first
        input, None that input itself."""
        run = self.runs[place]
        files = [_found(self.result, one) for one in run.inputs]
        if source is not None:
            files[0] = source
        words = [str(files[word]) if isinstance(word, int) else word for word in run.words]
        return [*words, "--output", str(target)]

    def refuse_more(self, request: object, source: Path | None, target: Path, place: int) -> None:
        """Raises DataError where the request of the command at `place` reads or writes more than
        the record's inputs and `target`: who sends a result must not choose what it touches."""
        files = {*(_found(self.result, one) for one in self.runs[place].inputs), source}
        for setting, value, is_open in said(request):
            if setting.name == "output":
                refused = value != target
            elif setting.name == "overwrite":
                refused = bool(value) and not self.overwrite
            elif setting.name in WRITTEN - {"json"}:
                refused = not is_default(setting, value, is_open=is_open)
            else:
                refused = isinstance(value, Path) and value not in files
            if refused:
                raise DataError(
                    f"the record of its run in {self.result.name} asks for {setting.name} {value}, "
                    "which is none of its inputs or its result; type the command if it is meant"
                )

    def as_json(self) -> dict[str, Any]:
        return {"result": str(self.result), "runs": [run.as_json() for run in self.runs]}


def rerun_of(request: RerunRequest) -> Rerun:
    """What made a result. Raises DataError where it does not say so, UsageError for an output that
    is one of the files."""
    result = request.result
    if not result.exists():
        raise WorkbookError(no_file(result))
    record = _record(result)
    if not record:
        raise DataError(
            f"{result.name} does not say what made it: it is no result of xlcollab, or one of a "
            "version that kept no record"
        )
    target = request.output or _beside(result)
    if is_same_file(target, result):
        raise UsageError(f"{target} is the result itself; write to another file")
    refuse_unwritable(target)
    runs = runs_of(record, result.name)
    return Rerun(result, target, runs, request.input, overwrite=request.overwrite)


def _beside(result: Path) -> Path:
    """A folder of shards has no ending, and neither has what is made again."""
    if result.suffix:
        return output_path(result, "rerun")
    return result.with_name(fitting_name(result.name, "_rerun"))


def _record(result: Path) -> str:
    """The text that the result keeps of its making; "" where there is none."""
    if result.is_dir():
        return manifest_of(result).metadata.get(METADATA, "")
    if result.suffix.lower() in _WORKBOOKS:
        return _of_workbook(result)
    if result.suffix == MODEL_FILE:
        return metadata_of(result).get(METADATA, "")
    if result.suffix == ".parquet":
        return str(attributes_of(result).get(METADATA, ""))
    raise UsageError(
        f"{result.name}: a workbook (.xlsx, .xlsm), a model (.safetensors) or a .parquet file says "
        "what made it; other files have no place for it"
    )


def _of_workbook(result: Path) -> str:
    names = FileBook(result).read().names
    return next((record_of(one.text) for one in names if one.name == RUN_NAME), "")


def _found(result: Path, one: Input) -> Path:
    """The file as it was seen from the result's folder, or one of its name beside the result."""
    folder = result.absolute().parent
    places = [folder / one.path, folder / Path(one.path).name, Path(Path(one.path).name)]
    return next((place for place in places if is_there(place)), places[0])


def _refuse_changed(result: Path, path: Path, one: Input) -> None:
    if not is_there(path):
        raise DataError(
            f"{result.name} was made from {path.name}, which is not there any more "
            f"({path}); name it with --input FILE"
        )
    if sha256_of(path) != one.sha256:
        raise DataError(
            f"{path} is not as it was when {result.name} was made from it: its SHA-256 is another. "
            "Put that file back, or name the file to take with --input FILE"
        )


def _on_another(other: Path, one: Input) -> Sequence[str]:
    if not is_there(other):
        raise WorkbookError(f"--input {other}: there is no such file{meant_file(other)}")
    if sha256_of(other) == one.sha256:
        return []
    return [f"{other} differs from {Path(one.path).name} as it was then; the result may differ"]
