"""What every test shares: how widely properties are searched."""

from __future__ import annotations

import os

from hypothesis import settings

# The same draws everywhere, so that a clone fails only where its author failed too. The wide search
# draws anew each time: XLCOLLAB_WIDE=1 python -m pytest -m "not benchmark"
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("wide", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("wide" if os.environ.get("XLCOLLAB_WIDE") else "same")
