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
    "V|V*1": (range(1, 300), "1 or more arguments"),
}


@pytest.mark.parametrize("spec", SPECS)
def test_counts(spec: str) -> None:
    found, (counts, words) = signature(spec), SPECS[spec]
    assert [count for count in range(300) if found.accepts(count)] == list(counts)
    assert found.count == words


def test_one_argument_too_many_is_told_of_every_function() -> None:
    """Where there is an end to arguments."""
    for name, known in SIGNATURES.items():
        most = len(known.parameters)
        node = parse(f"{name}({','.join(['1'] * (most + 1))})", 0, 0)
        told = wrong_count(node)
        assert (told is None) == known.repeats, name
        assert told is None or f"not {most + 1}" in told
