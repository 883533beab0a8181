"""Payments against their defining sums, period by period."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import call, value
from xlcollab.grid import ErrorCode
from xlcollab.kernels.values.roots import root

RATE = st.one_of(st.just(0.0), st.floats(1e-9, 0.4), st.floats(-0.3, -1e-6))
PERIODS = st.integers(1, 120)
AMOUNT = st.floats(-1e5, 1e5).filter(lambda x: abs(x) > 1)
KIND = st.integers(0, 1)


def balance(rate: float, periods: int, payment: float, present: float, kind: int) -> float:
    """What is left after so many periods, added up one by one."""
    account = present
    for _ in range(periods):
        account = (account + payment * kind) * (1 + rate) + payment * (1 - kind)
    return account


@given(RATE, PERIODS, AMOUNT, AMOUNT, KIND)
@settings(max_examples=80, deadline=None)
def test_future_present_and_payment(
    rate: float, periods: int, payment: float, present: float, kind: int
) -> None:
    future = -balance(rate, periods, payment, present, kind)
    size = (abs(payment) * periods + abs(present)) * max(1.0, 1 + rate) ** periods
    assert call("FV", rate, periods, payment, present, kind).item() == pytest.approx(
        future, abs=1e-9 * size
    )
    found = call("FV", rate, periods, payment, present, kind).item()
    small = 1e-8 * size / min(1.0, 1 + rate) ** periods
    assert call("PV", rate, periods, payment, found, kind).item() == pytest.approx(
        present, abs=small
    )
    assert call("PMT", rate, periods, present, found, kind).item() == pytest.approx(
        payment, abs=small
    )


@given(st.floats(0.001, 0.1), PERIODS, KIND)
@settings(max_examples=40, deadline=None)
def test_periods_needed(rate: float, periods: int, kind: int) -> None:
    payment = call("PMT", rate, periods, 1000, 0, kind).item()
    assert call("NPER", rate, payment, 1000, 0, kind).item() == pytest.approx(periods, rel=1e-9)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_interest_and_principal_pay_a_loan_back(rate: float, kind: int) -> None:
    left, payment = 1000.0, call("PMT", rate, 24, 1000, 0, kind).item()
    for period in range(1, 25):
        interest = call("IPMT", rate, period, 24, 1000, 0, kind).item()
        principal = call("PPMT", rate, period, 24, 1000, 0, kind).item()
        assert interest + principal == pytest.approx(payment)
        left += principal
    assert left == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("NPV(0.1,-10000,3000,4200,6800)", 1188.4434123352207),
        ("NPV(0,B1:B4)", 7.0),
        ("NPV(0.5,B1:B4)", 2 / 1.5 + 5 / 1.5**2),
        ("NPV(-1,1)", ErrorCode.DIV0),
        ("SLN(30000,7500,10)", 2250.0),
        ("SYD(30000,7500,10,1)", 22500 * 10 / 55),
        ("EFFECT(0.0525,4)", (1 + 0.0525 / 4) ** 4 - 1),
        ("NOMINAL(EFFECT(0.0525,4),4)", 0.0525),
        ("RRI(96,10000,11000)", 1.1 ** (1 / 96) - 1),
        ("PDURATION(0.025,2000,2200)", 3.859866162622655),
        ("NPER(0,0,1)", ErrorCode.NUM),
        ("PMT(0.1,0,1)", ErrorCode.NUM),
        ("SLN(1,1,0)", ErrorCode.DIV0),
        ("EFFECT(0,4)", ErrorCode.NUM),
    ],
)
def test_documented_results(formula: str, expected: object) -> None:
    found = value(f"={formula}", {"B1": 2.0, "B2": "text", "B4": 5.0})
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_search_that_cannot_move_on_ends() -> None:
    """Every step would leave the domain: halves of the way to its end, until there are none."""
    asked: list[float] = []

    def falling(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(float(x))
        return torch.ones_like(x), torch.full_like(x, 1e-3)

    with torch.no_grad():
        assert root(falling, torch.tensor([0.1], dtype=torch.float64), -1.0).isnan().all()
    assert asked[-1] == -1.0
    assert len(asked) < 70
