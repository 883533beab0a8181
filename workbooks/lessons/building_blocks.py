"""building_blocks.xlsx: small ideas of the lesson, each on a sheet of its own."""

from __future__ import annotations

from lessons.dropout import dropout_page
from lessons.one_hot import one_hot_page
from lessons.rate_finder import rate_finder_page
from lessons.weight_penalty import weight_penalty_page
from lessons.with_or_without import with_or_without_page
from xlcollab.lessons import Page

TITLE = "Building blocks"


def pages() -> list[Page]:
    """The sheets in tab order."""
    return [
        one_hot_page(),
        with_or_without_page(),
        dropout_page(),
        weight_penalty_page(),
        rate_finder_page(),
    ]
