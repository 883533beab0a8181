"""Whether torchrun started this process; known without torch."""

from __future__ import annotations

import os


def under_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ
