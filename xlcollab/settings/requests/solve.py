"""What `xlcollab solve` is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from xlcollab.errors import UsageError
from xlcollab.settings.asked import Asked
from xlcollab.settings.option import Option, check
from xlcollab.settings.requests.common import (
    OUTPUT,
    Book,
    Browser,
    InPlace,
    Json,
    NoHistory,
    Overwrite,
    refuse_both,
    written_to,
)
from xlcollab.settings.solving import Computing, Settings

REPORTS = ("answer", "sensitivity", "limits", "feasibility", "population")
MODEL = "The model (default: the stored Solver models)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWords:
    """A model in words; without a goal it asks for any point that the constraints allow.

    Constraints without cells to change are added to the stored model. Raises UsageError where a
    goal has no cells, or cells neither goal nor constraints.
    """

    minimize: Annotated[
        str | None, Option("The cell to make least.", metavar="CELL", group=MODEL)
    ] = None
    maximize: Annotated[
        str | None, Option("The cell to make greatest.", metavar="CELL", group=MODEL)
    ] = None
    target: Annotated[
        str | None, Option("A cell and the value it shall have.", metavar="CELL=VALUE", group=MODEL)
    ] = None
    by_changing: Annotated[
        str | None, Option("The variable cells.", metavar="AREAS", group=MODEL)
    ] = None
    subject_to: Annotated[
        tuple[str, ...],
        Option(
            "A constraint, such as 'A1:A9<=B1:B9', 'C1=integer'; without --by-changing one more "
            "for the stored model. Repeatable.",
            metavar="CONSTRAINT",
            group=MODEL,
        ),
    ] = ()
    non_negative: Annotated[bool, Option("No variable below 0.", group=MODEL)] = False

    def __post_init__(self) -> None:
        goals = [goal for goal in (self.minimize, self.maximize, self.target) if goal]
        whole = bool(goals or self.by_changing)
        if len(goals) > 1 or (whole and not (self.by_changing and self._asks)):
            many = f"{len(goals)} goals are given; " if len(goals) > 1 else ""
            raise UsageError(
                f"{many}"
                "a model in words needs --by-changing and one of --minimize, "
                "--maximize, --target, or at least one --subject-to"
            )

    @property
    def _asks(self) -> bool:
        return bool(self.minimize or self.maximize or self.target or self.subject_to)

    @property
    def is_given(self) -> bool:
        """Whether anything of a model was said; if not, the stored models are meant."""
        said = (self.minimize, self.maximize, self.target, self.by_changing, self.subject_to)
        return any(said) or self.non_negative


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveRequest:
    """Which models of a workbook are optimised, how, and where the outcome goes.

    What `settings` and `computing` leave open is the control sheet's to say.
    """

    book: Book
    sheet: Annotated[str | None, Option("Only the model of this sheet.", group=MODEL)] = None
    model: ModelWords = ModelWords()
    load_model: Annotated[
        str | None,
        Option(
            "The model that Solver's Save Model put into these cells (the first is enough).",
            metavar="CELLS",
            group=MODEL,
        ),
    ] = None
    save_model: Annotated[
        bool,
        Option(
            "Store the model in Solver's hidden names, so that Excel's Solver opens it.",
            group=MODEL,
        ),
    ] = False
    save_model_at: Annotated[
        str | None,
        Option(
            "Save the model into cells from this one down, as Solver's Save Model does.",
            metavar="CELL",
            group=MODEL,
        ),
    ] = None
    settings: Asked[Settings] = field(default_factory=lambda: Asked(Settings, {}))
    computing: Asked[Computing] = field(default_factory=lambda: Asked(Computing, {}))
    watch: Annotated[
        tuple[str, ...],
        Option(
            "A cell that goes into history and chart (default: a cell labelled as test error). "
            "Repeatable.",
            metavar="CELL",
        ),
    ] = ()
    no_history: NoHistory = False
    report: Annotated[
        tuple[str, ...],
        Option(
            f"Sheets to add: {', '.join(REPORTS)}, with commas between them.",
            metavar="NAMES",
            group=OUTPUT,
        ),
    ] = ()
    browser: Browser = False
    output: Annotated[Path | None, written_to("BOOK.solved.xlsx")] = None
    overwrite: Overwrite = False
    in_place: InPlace = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)
        if self.load_model and self.model.is_given:
            raise UsageError("--load-model and a model in words exclude each other")

    @property
    def reports(self) -> tuple[str, ...]:
        """The reports asked for, each name apart. Raises UsageError on a name that is none."""
        words = (word.strip() for text in self.report for word in text.split(","))
        found = tuple(word for word in words if word)
        for name in found:
            if name not in REPORTS:
                raise UsageError(f"--report {name}: choose among {', '.join(REPORTS)}")
        return found
