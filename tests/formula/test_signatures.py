"""The short form of a signature says how many arguments a function takes."""

from __future__ import annotations

import pytest

from xlcollab.formula import parse
from xlcollab.formula.signatures import SIGNATURES, signature, wrong_count

SPECS = {
    "": (range(1), "0 arguments"),
    "V": (range(1, 2), "1 argument"),
    "VV": (range(2, 3), "2 arguments"),
    "V|VV": (range(1, 4), "1 to 3 arguments"),
    "V|V*1": (range(1, 256), "1 to 255 arguments"),
}


@pytest.mark.parametrize("spec", SPECS)
def test_counts(spec: str) -> None:
    found, (counts, words) = signature(spec), SPECS[spec]
    assert [count for count in range(300) if found.accepts(count)] == list(counts)
    assert found.count == words


def test_one_argument_too_many_is_told_of_every_function() -> None:
    """Those that go on end at 255, as in Excel."""
    for name, known in SIGNATURES.items():
        most = 255 if known.repeats else len(known.parameters)
        assert wrong_count(parse(f"{name}({','.join(['1'] * most)})", 0, 0)) is None, name
        told = wrong_count(parse(f"{name}({','.join(['1'] * (most + 1))})", 0, 0))
        assert told is not None, name
        assert f"not {most + 1}" in told
