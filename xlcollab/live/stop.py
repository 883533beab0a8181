"""The Stop button's word to a run in another process: a file beside other temporary files."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path


class StopFlag:
    """Asks the run on one workbook to stop. `key` tells the workbook, see `Desk.key`."""

    def __init__(self, key: str) -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        self._file = Path(tempfile.gettempdir()) / f"xlcollab-stop-{digest}"

    def set(self) -> None:
        """Ask."""
        self._file.touch()

    def clear(self) -> None:
        """Forget what was asked."""
        self._file.unlink(missing_ok=True)

    def is_set(self) -> bool:
        """Whether it was asked since `clear`."""
        return self._file.exists()
