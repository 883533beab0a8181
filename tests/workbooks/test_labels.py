"""Ids as texts of a lesson: what a criterion might take for a number gets a word in front."""

from __future__ import annotations

import pytest

from xlcollab.api.lessons.new import labels

NUMBERS = ["7", "1e3", "3/4", "3 May", "may 3", "dec-99", "September", "5 PM", "12:30 am"]
NUMBERS += ["TRUE", "false", "#N/A", "7 EUR", "3.5", "1 000"]
TEXTS = ["Ma", "Mayor", "Marching 3", "Heat (1995)", "De 3", "Troy", "a rose", "true love", "X 7"]


@pytest.mark.parametrize("text", NUMBERS)
def test_what_reads_as_a_number_is_called_by_its_kind(text: str) -> None:
    assert labels([text], "item") == [f"item {text}"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_left_as_it_is(text: str) -> None:
    assert labels([text], "item") == [text]


def test_labels_differ_without_case_and_are_never_empty() -> None:
    assert labels(["Heat", "HEAT", "heat"], "item") == ["Heat", "HEAT (2)", "heat (3)"]
    assert labels(["", "  ", 7, "7"], "user") == ["user", "user (2)", "user 7", "user 7 (2)"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("The Lord of the Rings: The Fellowship of", "The Lord of the Rings: The Fellowship of"),
        ("The Lord of the Rings: The Fellowship off", "The Lord of the Rings: The Fellowship…"),
        ("Dr. Strangelove, or: How I Learned to Stop", "Dr. Strangelove, or: How I Learned to…"),
        ("Short " + "y" * 50, "Short " + "y" * 33 + "…"),
        ("A word that ends exactly at forty signs x y", "A word that ends exactly at forty signs…"),
    ],
)  # fmt: skip
def test_a_long_title_ends_behind_a_word(text: str, label: str) -> None:
    assert labels([text], "item") == [label]
    assert len(label) <= 40
