"""Lesson workbooks made new: pages of formulas with a person's look, and their Solver models."""

from xlcollab.lessons.factorisation import BIAS, DOTPROD, SIGMOID, Sizes, factorisation_pages
from xlcollab.lessons.page import Cell, Chart, Line, Page
from xlcollab.lessons.ratings_pages import Rating
from xlcollab.lessons.writer import write_pages
from xlcollab.problems import solver_names

__all__ = [
    "BIAS",
    "DOTPROD",
    "SIGMOID",
    "Cell",
    "Chart",
    "Line",
    "Page",
    "Rating",
    "Sizes",
    "factorisation_pages",
    "solver_names",
    "write_pages",
]
