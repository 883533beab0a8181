"""The records of the worksheet functions: complete, copied, and each claim of theirs tried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.kernels.engine import RefusedError, value
from xlcollab.formula import listing
from xlcollab.formula.listing import BRANCHES
from xlcollab.formula.signatures import SIGNATURES, Param, Use, signature
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

ARRAY_ROLES: dict[str, Literal["product", "transpose", "beside", "below"]] = {{
{roles}
}}

BRANCHES: dict[str, str] = {{
{branches}
}}

APPLYING: tuple[str, ...] = (
{applying}
)
'''


def _listed() -> str:
    signatures = {name: RECORDS[name].signature for name in sorted(RECORDS)}
    rows = [f'    "{name}": ("{s.spec}", "{s.scalar}"),' for name, s in signatures.items()]
    roles = [f'    "{n}": "{s.array_role}",' for n, s in signatures.items() if s.array_role]
    branches = [f'    "{n}": "{s.branches}",' for n, s in signatures.items() if s.branches]
    applying = [f'    "{n}",' for n, s in signatures.items() if s.applies]
    parts = {"rows": rows, "roles": roles, "branches": branches, "applying": applying}
    return _LISTING.format(**{name: "\n".join(lines) for name, lines in parts.items()})


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
    found = []
    for form in forms:
        found.append(_number(f"=SUM({name}({form}))"))
        if not (isinstance(found[-1], float) and found[-1]):
            return False
    whole, double, triple, both, other, _ = (float(str(one)) for one in found)
    expected = pytest.approx((2 * whole, 3 * whole, whole + other), rel=1e-12)
    return (double, triple, both) == expected


def _is_transpose(name: str) -> bool:
    places = ((1, 1), (1, 2), (2, 1), (3, 2))
    expected = zip(places, (1.0, 4.0, 2.0, 6.0), strict=True)
    return all(
        _number(f"=INDEX({name}({{1,2,3;4,5,6}}),{r},{c})") == number for (r, c), number in expected
    )


def _is_stack(name: str, height: int, width: int) -> bool:
    """Whether it gives the items of two arrays of one row and two columns in that form."""
    call = f"{name}({{1,2}},{{3,4}})"
    inside = ((1, 1, 1.0), (height, width, 4.0))
    return _number(f"=10*ROWS({call})+COLUMNS({call})") == 10 * height + width and all(
        _number(f"=INDEX({call},{r},{c})") == number for r, c, number in inside
    )


def test_roles_of_arrays_are_played_by_those_that_have_them_alone() -> None:
    for name, record in RECORDS.items():
        pair = record.signature.accepts(2) and not (record.random or record.places_only)
        assert (pair and _is_product(name)) == (record.signature.array_role == "product"), name
        one = record.signature.accepts(1) and not (record.random or record.places_only)
        assert (one and _is_transpose(name)) == (record.signature.array_role == "transpose"), name
        if pair:
            assert _is_stack(name, 1, 4) == (record.signature.array_role == "beside"), name
            assert _is_stack(name, 2, 2) == (record.signature.array_role == "below"), name


_BESIDE = {
    "LET": [("x",), ("0",), ("y",), ("0",), ("0",)],
    "IFERROR": [("NA()",)] * 2,
    "IFNA": [("NA()",)] * 2,
}
"""What else is given, where it is no number that chooses."""


def _counts(name: str, place: int) -> set[int]:
    """As few arguments as there may be with one at a place, and as many as the record names."""
    known = RECORDS[name].signature
    few = max(known.minimum, place + 1)
    return {few + (name == "LET" and few % 2 == 0), len(known.parameters)}


def _calls(name: str, place: int, given: str) -> Iterator[str]:
    """Calls with `given` at a place, and one of a few values at each other."""
    for count in _counts(name, place):
        each = _BESIDE.get(name, [("0", "1", "2")] * count)[:count]
        for one in product(*each[:place], (given,), *each[place + 1 :]):
            yield f"{name}({','.join(one)})"


@pytest.mark.parametrize("name", BRANCHES)
def test_arguments_become_what_their_record_says(name: str) -> None:
    """What may be the result can be a text that is nothing else; a blank whose number alone is
    asked for is 0."""
    known = RECORDS[name].signature
    for place in range(len(known.parameters)):
        uses = {known.use(place, count) for count in _counts(name, place)}
        gives = any(_number(f"={call}") == "mark" for call in _calls(name, place, '"mark"'))
        assert gives == bool(uses & {Use.BRANCH, Use.RESULT}), (name, place)
        if Use.NUMBER in uses:
            blanks, zeros = _calls(name, place, "B9"), _calls(name, place, "0")
            for blank, zero in zip(blanks, zeros, strict=True):
                assert _number(f"={blank}") == _number(f"={zero}"), blank


def test_functions_are_handed_by_their_bare_name_to_those_that_apply_them() -> None:
    for name, record in RECORDS.items():
        known = record.signature
        if known.accepts(0) or record.random or not (record.form or record.refers):
            continue  # its arguments are values
        before = "2," * (max(known.minimum, 2) - 1)
        texts = (f'=IFERROR(CONCAT({name}({before}{one})),"error")' for one in ("SUM", "NOSUCH"))
        assert (len({_number(text) for text in texts}) == 2) == known.applies, name
