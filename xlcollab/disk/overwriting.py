"""What stands where a result is to go: an earlier result of ours is replaced, nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from xlcollab.errors import WriteRefusedError


def refuse_others(
    target: Path, what: str, is_ours: Callable[[Path], bool], *, overwrite: bool
) -> None:
    """Raises WriteRefusedError where `target` holds something else than `what`, an earlier result.

    A file without contents is nothing that could be lost; what cannot be read is not ours.
    """
    if overwrite or not target.is_file():
        return
    with suppress(OSError):
        if target.stat().st_size == 0 or is_ours(target):
            return
    raise WriteRefusedError(
        f"{target} is there already and is not {what} that xlcollab wrote; name another file, or "
        "say --overwrite to replace it"
    )
