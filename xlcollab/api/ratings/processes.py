"""Which of several processes this is; known before anything large is loaded."""

from __future__ import annotations

import os

from xlcollab.factor.several.torchrun import under_torchrun


def is_first_process() -> bool:
    """False in those processes of torchrun that leave reading aloud and writing to another."""
    return not under_torchrun() or os.environ.get("RANK") == "0"
