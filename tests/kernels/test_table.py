"""The records of the worksheet functions: complete, copied, and each claim of theirs tried."""

from __future__ import annotations

from pathlib import Path

from xlcollab.formula import listing
from xlcollab.formula.signatures import SIGNATURES, Param, signature
from xlcollab.kernels.scalar.functions import FORMS
from xlcollab.kernels.table import RECORDS

_LISTING = '''\
"""Name, parameters and scalar form of each worksheet function, as `signatures` reads them.

Copied from the records in `kernels.table` by `tests/kernels/test_table.py`; not written by hand.
"""

SPECS: dict[str, tuple[str, str]] = {{
{rows}
}}
'''


def _listed() -> str:
    signatures = {name: RECORDS[name].signature for name in sorted(RECORDS)}
    rows = [f'    "{name}": ("{s.spec}", "{s.scalar}"),' for name, s in signatures.items()]
    return _LISTING.format(rows="\n".join(rows))


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
