"""How numbers, times and what is left are said in a line of the shell."""

from __future__ import annotations

import math

import pytest

from xlcollab.faces import shell
from xlcollab.optim.recorder import Row


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (0, 4, 1.0, f"[{'-' * 20}] 0 of 4, ? s left"),
        (1, 4, 2.0, f"[{'#' * 5}{'-' * 15}] 1 of 4, 6 s left"),
        (3, 4, 3.0, f"[{'#' * 15}{'-' * 5}] 3 of 4, 1 s left"),
        (4, 4, 3.0, f"[{'#' * 20}] 4 of 4, 0 s left"),
        (5, 4, 5.0, f"[{'#' * 20}] 5 of 4, 0 s left"),
        (0, 0, 0.0, f"[{'-' * 20}] 0 of 0, ? s left"),
        (1, 2, 119.0, f"[{'#' * 10}{'-' * 10}] 1 of 2, 119 s left"),
        (1, 2, 120.0, f"[{'#' * 10}{'-' * 10}] 1 of 2, 2 min left"),
        (1, 2, 7199.0, f"[{'#' * 10}{'-' * 10}] 1 of 2, 120 min left"),
        (1, 2, 7200.0, f"[{'#' * 10}{'-' * 10}] 1 of 2, 2 h left"),
        (1, 2, 172800.0, f"[{'#' * 10}{'-' * 10}] 1 of 2, 2 days left"),
    ],
)
def test_a_bar_says_how_much_is_left(done: int, total: int, seconds: float, text: str) -> None:
    assert shell.bar(done, total, seconds) == text


def row(bound: float, objective: float = 2.0) -> Row:
    numbers = dict.fromkeys(("penalty", "violation", "learning_rate", "gradient_norm"), 0.0)
    return Row(iteration=1, objective=objective, seconds=0.0, **numbers, bound=bound)


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (math.nan, ""),
        (math.inf, ""),
        (-math.inf, ""),
        (1.5, "  bound 1.5  gap 25 %"),
        (2.0, "  bound 2  gap 0 %"),
        (1 / 3, "  bound 0.3333333  gap 83.3 %"),
    ],
)
def test_a_bound_is_said_where_it_is_known(bound: float, text: str) -> None:
    assert shell._bound(row(bound)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1234567.89, "1234568"),
        (1e-12, "1e-12"),
        (12345678, "12345678"),
        (-0.0, "0"),
    ],
)
def test_numbers_have_seven_digits_and_counts_all(value: object, text: str) -> None:
    assert shell.number(value) == text


def test_a_text_cannot_steer_a_terminal() -> None:
    assert shell.shown("a\x1b[31mb\x07\n\tc é 東") == "a\\x1b[31mb\\x07\n\tc é 東"
