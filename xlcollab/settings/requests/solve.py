"""What `xlcollab solve` is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from xlcollab.errors import UsageError
from xlcollab.settings.asked import Asked
from xlcollab.settings.option import Option, check
from xlcollab.settings.requests.common import OUTPUT, Book, InPlace, Json, NoHistory, Output
from xlcollab.settings.solving import Computing, Settings

REPORTS = ("answer", "sensitivity", "limits", "feasibility")
MODEL = "The model (default: the stored Solver models)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWords:
    """A model in words. Raises UsageError where its goal or its cells are missing."""

    minimize: Annotated[str | None, Option("The objective cell.", metavar="CELL", group=MODEL)] = (
        None
    )
    maximize: Annotated[str | None, Option("The objective cell.", metavar="CELL", group=MODEL)] = (
        None
    )
    target: Annotated[
        str | None, Option("A value to reach.", metavar="CELL=VALUE", group=MODEL)
    ] = None
    by_changing: Annotated[
        str | None, Option("The variable cells.", metavar="AREAS", group=MODEL)
    ] = None
    subject_to: Annotated[
        tuple[str, ...],
        Option(
            "A constraint, such as 'A1:A9<=B1:B9', 'C1=integer'. Repeatable.",
            metavar="CONSTRAINT",
            group=MODEL,
        ),
    ] = ()
    non_negative: Annotated[bool, Option("No variable below 0.", group=MODEL)] = False

    def __post_init__(self) -> None:
        goals = [goal for goal in (self.minimize, self.maximize, self.target) if goal]
        if self.is_given and (len(goals) != 1 or not self.by_changing):
            raise UsageError(
                "a model on the command line needs one of --minimize, --maximize and --target, "
                "and --by-changing"
            )

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
    output: Output = None
    in_place: InPlace = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        refuse_both(self.output, self.in_place)

    @property
    def reports(self) -> tuple[str, ...]:
        """The reports asked for, each name apart. Raises UsageError on a name that is none."""
        words = (word.strip() for text in self.report for word in text.split(","))
        found = tuple(word for word in words if word)
        for name in found:
            if name not in REPORTS:
                raise UsageError(f"--report {name}: choose among {', '.join(REPORTS)}")
        return found


def refuse_both(output: object, in_place: bool) -> None:
    """Raises UsageError where two places are named."""
    if output is not None and in_place:
        raise UsageError("--output and --in-place exclude each other")
