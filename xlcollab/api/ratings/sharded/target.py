"""Where a fit writes its model, and in what form: a workbook, a file, or a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.kept.opening import MODEL_FILE
from xlcollab.api.ratings.model import is_model
from xlcollab.disk import fitting_name, output_path, refuse_others, refuse_unwritable
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import UsageError
from xlcollab.factor.models.folder import is_model_folder, refuse_folder
from xlcollab.factor.several.torchrun import under_torchrun
from xlcollab.ratings.parted.parts import is_parted, stem_of
from xlcollab.settings.requests.ratings import FitRequest

WORKBOOK, FOLDER, SPARK = ".xlsx", ".model", ".parquet"
_FOLDERS = ("", FOLDER, SPARK)


@dataclass(frozen=True, slots=True)
class Target:
    """A path with what its ending says."""

    path: Path

    @property
    def is_workbook(self) -> bool:
        return not self.is_folder and self.path.suffix == WORKBOOK

    @property
    def is_folder(self) -> bool:
        """Whether the model becomes a folder of shards."""
        return self.path.suffix in _FOLDERS or is_model_folder(self.path)

    @property
    def is_for_spark(self) -> bool:
        """Whether Spark is to read the factors, too."""
        return self.path.suffix == SPARK


def target_of(request: FitRequest, is_checkpoint: Callable[[Path], bool]) -> Target:
    """The target that is asked for, or one beside the source: a workbook, of several processes a
    folder.

    Raises UsageError and WriteRefusedError where it cannot be written, or holds something else.
    """
    source = request.place.source
    target = Target(request.output or _beside(source))
    path = target.path
    if not target.is_folder and path.suffix not in (WORKBOOK, MODEL_FILE):
        raise UsageError(
            f"{path}: write a workbook ({WORKBOOK}) or a model file ({MODEL_FILE}), or a folder of "
            f"shards: a name without ending, or {SPARK} for Spark to read"
        )
    if is_same_file(path, source):
        raise UsageError(f"{path} is the source itself; write to another file")
    if target.is_folder:
        refuse_folder(path, overwrite=request.overwrite)
    else:
        refuse_unwritable(path)
        refuse_others(path, "a model", is_model, overwrite=request.overwrite)
    _refuse_checkpoint(request, is_checkpoint)
    return target


def _beside(source: Path) -> Path:
    ending = FOLDER if under_torchrun() else f".model{WORKBOOK}"
    if is_parted(source):
        whole = stem_of(source)
        return whole.with_name(fitting_name(whole.stem, ending))
    if under_torchrun():
        return source.with_name(fitting_name(source.stem, ending))
    return output_path(source, "model").with_suffix(WORKBOOK)


def _refuse_checkpoint(request: FitRequest, is_checkpoint: Callable[[Path], bool]) -> None:
    """What is resumed is read later, and refused there if it is no checkpoint."""
    checkpoint = request.checkpointing.checkpoint
    if checkpoint is None:
        return
    replaced = request.overwrite or request.checkpointing.resume
    if checkpoint.is_dir():
        if not replaced and any(checkpoint.iterdir()) and not is_checkpoint(checkpoint):
            raise UsageError(
                f"{checkpoint} is a folder that holds no checkpoint; keep it in another one, or "
                "say --overwrite"
            )
        return
    refuse_unwritable(checkpoint)
    refuse_others(checkpoint, "a checkpoint", is_checkpoint, overwrite=replaced)
