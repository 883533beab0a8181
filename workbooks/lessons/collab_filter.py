"""collab_filter.xlsx: collaborative filtering in cells, from a dot product to a small network."""

from __future__ import annotations

from lessons.films import ratings
from xlcollab.lessons import Page, Sizes, factorisation_pages

TITLE = "Collaborative filtering in cells"


def pages() -> list[Page]:
    """The sheets in tab order."""
    return factorisation_pages(ratings(), Sizes(l2=0.03))
