"""One LibreOffice for all tests of a session that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.office import headless_office
from xlcollab.live.calc_office import Office


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    with headless_office() as found:
        yield found
