"""The records of the worksheet functions: complete, copied, and each claim of theirs tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.engine import RefusedError, value
from xlcollab.formula import listing
from xlcollab.formula.signatures import SIGNATURES, Param, signature
from xlcollab.kernels.scalar.functions import FORMS
from xlcollab.kernels.table import RECORDS

_LISTING = '''\
"""Name, parameters and scalar form of each worksheet function, as `signatures` reads them.

Copied from the records in `kernels.table` by `tests/kernels/test_table.py`; not written by hand.
"""

from typing import Literal

SPECS: dict[str, tuple[str, str]] = {{
{rows}
}}

ARRAY_ROLES: dict[str, Literal["product", "transpose"]] = {{
{roles}
}}
'''


def _listed() -> str:
    signatures = {name: RECORDS[name].signature for name in sorted(RECORDS)}
    rows = [f'    "{name}": ("{s.spec}", "{s.scalar}"),' for name, s in signatures.items()]
    roles = [f'    "{n}": "{s.array_role}",' for n, s in signatures.items() if s.array_role]
    return _LISTING.format(rows="\n".join(rows), roles="\n".join(roles))


def test_the_listing_is_a_copy_of_the_records() -> None:
    file = Path(listing.__file__)
    found, expected = file.read_text(encoding="utf-8"), _listed()
    if found != expected:
        file.write_text(expected, encoding="utf-8")
    assert found == expected, f"{file.name} was stale and has been written anew: commit it"


def test_signatures_are_those_of_the_records() -> None:
    assert {name: record.signature for name, record in RECORDS.items()} == SIGNATURES


def test_a_signature_is_read_as_it_is_spelt() -> None:
    for record in RECORDS.values():
        assert signature(record.signature.spec).parameters == record.signature.parameters
        assert signature(record.signature.spec).minimum == record.signature.minimum
        assert signature(record.signature.spec).repeat == record.signature.repeat


def test_every_function_is_computed_in_some_way() -> None:
    for name, record in RECORDS.items():
        assert record.run or record.form or record.refers, name
        places = Param.PLACE in record.signature.parameters
        assert not places or record.form or record.refers, name


def test_scalar_forms_are_those_of_the_records() -> None:
    assert {r.signature.scalar for r in RECORDS.values()} - {""} == set(FORMS)


def _number(formula: str) -> object:
    try:
        return value(formula)
    except RefusedError:
        return None


def _is_product(name: str) -> bool:
    """Whether it is linear in each of two arrays; of their deviations it would give ones 0."""
    a, b, c = "{1,2;3,5}", "{7,11;13,17}", "{2,-3;19,4}"
    forms = (f"{a},{b}", f"2*{a},{b}", f"{a},3*{b}", f"{a}+{c},{b}", f"{c},{b}", f"{a},{{1,1;1,1}}")
    found = [_number(f"=SUM({name}({form}))") for form in forms]
    if not all(isinstance(one, float) and one for one in found):
        return False
    whole, double, triple, both, other, _ = (float(str(one)) for one in found)
    expected = pytest.approx((2 * whole, 3 * whole, whole + other), rel=1e-12)
    return (double, triple, both) == expected


def _is_transpose(name: str) -> bool:
    places = ((1, 1), (1, 2), (2, 1), (3, 2))
    found = [_number(f"=INDEX({name}({{1,2,3;4,5,6}}),{r},{c})") for r, c in places]
    return found == [1.0, 4.0, 2.0, 6.0]


def test_roles_of_arrays_are_played_by_those_that_have_them_alone() -> None:
    for name, record in RECORDS.items():
        pair = record.signature.accepts(2) and not (record.random or record.places_only)
        assert (pair and _is_product(name)) == (record.signature.array_role == "product"), name
        one = record.signature.accepts(1) and not (record.random or record.places_only)
        assert (one and _is_transpose(name)) == (record.signature.array_role == "transpose"), name
