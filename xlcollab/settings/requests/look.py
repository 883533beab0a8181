"""What the commands that look at a workbook are asked, and `xlcollab new`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from xlcollab.settings.option import Option, check, whole
from xlcollab.settings.requests.common import (
    Book,
    Deadline,
    InPlace,
    Json,
    Overwrite,
    Seed,
    refuse_both,
    written_to,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectRequest:
    """Which workbook is looked at."""

    book: Book
    json: Json = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalcRequest:
    """Which workbook is evaluated, and whether its values are only compared."""

    book: Book
    check: Annotated[bool, Option("Only compare with the stored values; write nothing.")] = False
    time_limit: Deadline = None
    output: Annotated[Path | None, Option("Default: BOOK.recalc.xlsx.", also=("-o",))] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientRequest:
    """Which cell is differentiated, and by which cells; for an area its Jacobian."""

    book: Book
    of: Annotated[str, Option("The cell, such as dotprod!V41, or an area for its Jacobian.")]
    with_respect_to: Annotated[str, Option("Constant cells, such as dotprod!H19:V23.")]
    second: Annotated[
        bool, Option("The Hessian of one cell: eigenvalues, condition, what the point is.")
    ] = False
    time_limit: Deadline = None
    output: Annotated[
        Path | None, Option("Write the workbook with a sheet of them there.", also=("-o",))
    ] = None
    in_place: InPlace = False
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsRequest:
    """Which factors are shown, and by how many components."""

    book: Book
    sheet: Annotated[str | None, Option("The sheet with the factors.")] = None
    items: Annotated[str | None, Option("The factors' cells.", metavar="AREA")] = None
    bias: Annotated[str | None, Option("The biases' cells.", metavar="AREA")] = None
    components: Annotated[
        int | None, Option("Principal components (default: 2, of one factor 1).", whole(1, 3))
    ] = None
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("BOOK.factors.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """Which lesson is made, of which ratings, and how large."""

    kind: Annotated[str, Option("What to make: matrix-factorisation.", positional=True)]
    ratings: Annotated[
        Path, Option("A table of user, item, rating: .csv, .parquet …", positional=True)
    ]
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("RATINGS.lesson.xlsx")] = None
    overwrite: Overwrite = False
    items: Annotated[
        Path | None,
        Option("A table of the items, id and title: movies.csv, u.item.", metavar="FILE"),
    ] = None
    n_users: Annotated[int, Option("Users with the most ratings.")] = 15
    n_items: Annotated[int, Option("Items with the most ratings.")] = 15
    n_factors: Annotated[int, Option("Factors per user and item.")] = 5
    test_fraction: Annotated[float, Option("Share of ratings kept for the test.")] = 0.2
    seed: Seed = 0
    json: Json = False

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRequest:
    """How it is told what was compiled."""

    json: Json = False
