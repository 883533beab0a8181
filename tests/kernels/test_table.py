"""What can be parsed as a function call can be computed, and the other way round."""

from __future__ import annotations

from xlcollab.formula.signatures import SIGNATURES
from xlcollab.kernels.special import REFERENCE_FUNCTIONS, SPECIAL_FORMS
from xlcollab.kernels.table import FUNCTIONS


def test_every_signature_is_implemented_and_every_function_has_a_signature() -> None:
    assert {*FUNCTIONS, *SPECIAL_FORMS, *REFERENCE_FUNCTIONS} == set(SIGNATURES)
