"""What can be parsed as a function call can be computed, and the other way round."""

from __future__ import annotations

from xlcollab.formula.signatures import SIGNATURES
from xlcollab.kernels.functions.table import FUNCTIONS
from xlcollab.kernels.trace.special import REFERENCE_FUNCTIONS, SPECIAL_FORMS


def test_every_signature_is_implemented_and_every_function_has_a_signature() -> None:
    assert {*FUNCTIONS, *SPECIAL_FORMS, *REFERENCE_FUNCTIONS} == set(SIGNATURES)
