"""The engine against what Excel 365 shows (see goldens.py)."""

from __future__ import annotations

import pytest

from tests.kernels.golden_exceptions import EXCEPTIONS, PLAIN_EXCEPTIONS
from tests.kernels.goldens import FOLDER, Outcome, Verdict, run, suites, tally

if not FOLDER.exists():
    pytest.skip("needs a folder `shared` beside the repository", allow_module_level=True)

CATEGORIES = {
    "arithmetic": "math math_combinatorics math_trig math_trig2 floor_ceiling_edges operators",
    "aggregation": "aggregate count countif countif_edges ifs sumif_anchor_extension_probes",
    "lookup": """lookup references areas offset_indirect_probes range_endpoint_calls
    implicit_intersection""",
    "logic": "logical let comparison_rank_probes text_to_bool_probes",
    "matrix": "shape let_dynamic_range_probes",
    "statistics": """stats stats_compat distributions distributions_ext chisq f_dist t_dist
    hypothesis regression""",
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    return {suite: run(suite) for suite in suites()}


@pytest.mark.parametrize("category", CATEGORIES)
def test_nearly_all_of_a_category_is_matched(
    outcomes: dict[str, list[Outcome]], category: str
) -> None:
    found = [outcome for suite in CATEGORIES[category].split() for outcome in outcomes[suite]]
    assert tally(found)[Verdict.MATCHED] >= 0.95 * len(found)


ENOUGH = 2200


def test_most_of_all_are_matched(outcomes: dict[str, list[Outcome]]) -> None:
    assert sum(tally(found)[Verdict.MATCHED] for found in outcomes.values()) >= ENOUGH


def test_what_differs_is_known_and_has_a_reason(outcomes: dict[str, list[Outcome]]) -> None:
    wrong = {
        f"{outcome.case.suite}/{outcome.case.name}": str(outcome)
        for found in outcomes.values()
        for outcome in found
        if outcome.verdict is Verdict.WRONG
    }
    unknown = [text for name, text in wrong.items() if name not in EXCEPTIONS]
    assert not unknown, "\n".join(unknown)
    assert not EXCEPTIONS.keys() - wrong.keys(), "these are matched now: take them off the list"


def test_plain_formulas_differ_only_where_they_intersect(
    outcomes: dict[str, list[Outcome]],
) -> None:
    """The same formulas, stored as they are without Ctrl+Shift+Enter."""
    other = {suite: run(suite, plain=True) for suite in outcomes}
    changed = {
        f"{one.case.suite}/{one.case.name}": str(one)
        for suite, found in outcomes.items()
        for before, one in zip(found, other[suite], strict=True)
        if before.verdict is Verdict.MATCHED and one.verdict is not Verdict.MATCHED
    }
    unknown = [text for name, text in changed.items() if name not in PLAIN_EXCEPTIONS]
    assert not unknown, "\n".join(unknown)
    assert not PLAIN_EXCEPTIONS.keys() - changed.keys(), "these are the same now"


def test_refusals_name_the_function_or_the_reason(outcomes: dict[str, list[Outcome]]) -> None:
    refused = [
        outcome
        for found in outcomes.values()
        for outcome in found
        if outcome.verdict is Verdict.UNSUPPORTED
    ]
    assert all("Z1" in outcome.found and len(outcome.found) > 20 for outcome in refused)
