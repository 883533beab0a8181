"""What `xlcollab fit`, `tune`, `crosstab`, `predict`, `fold-in` and `recommend` are asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from xlcollab.errors import UsageError, WorkbookError
from xlcollab.settings.asked import Asked
from xlcollab.settings.fitting import NET, RULE, START, TRAINING, ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import SUMMARIES
from xlcollab.settings.option import NOT_NEGATIVE, Option, check, whole
from xlcollab.settings.requests.common import (
    Browser,
    Deadline,
    Json,
    KeepPartial,
    Overwrite,
    Seed,
    TimeLimit,
    written_to,
)
from xlcollab.settings.words import AGGREGATES, QUALITY_WORDS, RANKINGS, RECIPE_WORDS

DATA = "The ratings"
TEST = "Held out for test (one of these)"
VALIDATION = "Held out to stop by (one of these)"
MEASURES = "Measures"
PROCESSES = "Long runs, and several processes (torchrun)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where ratings are and how they are read: `sheet` of a workbook, `area` of it or a text."""

    source: Annotated[
        Path,
        Option(
            "A workbook, CSV, Parquet or MovieLens file, a folder or a pattern.", positional=True
        ),
    ]
    sheet: Annotated[str | None, Option("The sheet that holds the ratings.", group=DATA)] = None
    area: Annotated[str | None, Option("Where they are, ids included: G1:V16.", group=DATA)] = None
    user_column: Annotated[
        str | None, Option("The user column's name.", metavar="NAME", group=DATA)
    ] = None
    item_column: Annotated[
        str | None, Option("The item column's name.", metavar="NAME", group=DATA)
    ] = None
    rating_column: Annotated[
        str | None, Option("The rating column's name.", metavar="NAME", group=DATA)
    ] = None
    time_column: Annotated[
        str | None, Option("The time column's name.", metavar="NAME", group=DATA)
    ] = None
    split_column: str | None = None
    duplicates: Annotated[
        str | None,
        Option(
            "What a pair rated twice becomes; default error, of counts (fit --implicit) sum.",
            words=AGGREGATES,
            group=DATA,
        ),
    ] = None
    no_header: Annotated[
        bool,
        Option(
            "The first line is a rating: user, item, rating, time.",
            flags=("--no-header",),
            group=DATA,
        ),
    ] = False
    side_columns: tuple[str, ...] = ()
    """Further columns that a net embeds."""
    date_parts: tuple[str, ...] = ()
    """Parts of the time that become such columns."""
    counts: bool = False
    """Whether counts are read, of which there need be no column, instead of ratings."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPlace(Place):
    """The same with what only a fit looks at."""

    split_column: Annotated[
        str | None,
        Option("The name of the column that names parts.", metavar="NAME", group=DATA),
    ] = None
    side_columns: Annotated[
        tuple[str, ...],
        Option(
            "A further column to embed, such as genre; repeatable.",
            flags=("--side-column",),
            metavar="NAME",
            group=NET,
        ),
    ] = ()
    date_parts: Annotated[
        tuple[str, ...],
        Option(
            "A part of the time to embed: year, month, weekday …; repeatable.",
            flags=("--date-part",),
            metavar="PART",
            group=NET,
        ),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPart:
    """What is set aside for test, in one way at most."""

    __test__ = False  # no test of pytest's

    test: Annotated[Path | None, Option("A file of ratings.", group=TEST)] = None
    test_fraction: Annotated[float | None, Option("A random part.", group=TEST)] = None
    test_by_time: Annotated[float | None, Option("The latest part.", group=TEST)] = None
    leave_out: Annotated[int | None, Option("K ratings of each user.", metavar="K", group=TEST)] = (
        None
    )
    test_split: Annotated[
        str | None, Option("Rows whose split column says this.", metavar="WORD", group=TEST)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationPart:
    """What is set aside to stop by, in one way at most."""

    validation_fraction: Annotated[
        float | None, Option("A random part; 0.1 when --patience asks for one.", group=VALIDATION)
    ] = None
    validation_by_time: Annotated[float | None, Option("The latest part.", group=VALIDATION)] = None
    validation_leave_out: Annotated[
        int | None, Option("K ratings of each user.", metavar="K", group=VALIDATION)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured besides errors: `folds` of cross-validation, rankings of `top_k` items.

    `relevant` None stands for three quarters of the way from the lowest to the highest rating, 4 of
    1 to 5.
    """

    folds: Annotated[
        int | None, Option("Cross-validate on so many parts first.", group=MEASURES)
    ] = None
    top_k: Annotated[int, Option("Length of the rankings that are measured.", group=MEASURES)] = 10
    relevant: Annotated[
        float | None,
        Option("The least rating that counts as liked; default three quarters up.", group=MEASURES),
    ] = None

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise UsageError(f"--top-k is {self.top_k}; expected at least 1")
        if self.relevant is not None and not math.isfinite(self.relevant):
            raise UsageError(f"--relevant is {self.relevant}; expected a rating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointing:
    """Where the state of an unfinished run is kept, how often, and whether to go on from it."""

    checkpoint: Annotated[
        Path | None, Option("Keep the state of the run here.", metavar="FOLDER", group=PROCESSES)
    ] = None
    checkpoint_every: Annotated[int, Option("After how many epochs.", group=PROCESSES)] = 10
    resume: Annotated[bool, Option("Go on from the checkpoint.", group=PROCESSES)] = False
    save_best: Annotated[
        Path | None,
        Option(
            "Keep the model of the best epoch so far here (.safetensors) while the run goes on.",
            metavar="FILE",
            group=PROCESSES,
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.resume and self.checkpoint is None:
            raise UsageError("--resume goes on from a file; name it with --checkpoint")
        if self.checkpoint is None:
            return
        if self.checkpoint_every < 1:
            raise UsageError(
                f"--checkpoint-every is {self.checkpoint_every}; expected 1 or more epochs"
            )
        if self.resume and not self.checkpoint.exists():
            raise WorkbookError(
                f"there is no checkpoint {self.checkpoint}; leave --resume out to begin"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """Which ratings are fitted, by what model and training, what is measured and written."""

    place: FitPlace
    test_part: TestPart = TestPart()
    validation_part: ValidationPart = ValidationPart()
    model: Asked[ModelSettings] = field(default_factory=lambda: Asked(ModelSettings, {}))
    items: Annotated[
        Path | None,
        Option("A table of the items: id, title, features.", metavar="FILE", group=DATA),
    ] = None
    users: Annotated[
        Path | None, Option("A table of the users: id, features.", metavar="FILE", group=DATA)
    ] = None
    start: Annotated[
        Path | None,
        Option(
            "Begin with a saved model: .xlsx, .safetensors or a folder.",
            metavar="FILE",
            group=START,
        ),
    ] = None
    start_cells: Annotated[
        tuple[str, ...],
        Option(
            "Begin with cells: user_factors=B25:F39, item_factors, …_bias; repeatable.",
            metavar="NAME=AREA",
            group=START,
        ),
    ] = ()
    quality: Annotated[
        str, Option("best: Bayesian averaging.", words=QUALITY_WORDS, group=TRAINING)
    ] = "fast"
    recipe: Annotated[
        str | None, Option("Settings by a name.", words=RECIPE_WORDS, group=TRAINING)
    ] = None
    training: Asked[TrainingSettings] = field(default_factory=lambda: Asked(TrainingSettings, {}))
    find_learning_rate: Annotated[
        bool, Option("Try rates for a few epochs and take the best.", group=TRAINING)
    ] = False
    l2: Annotated[
        float | None,
        Option("L2 on factors and biases alike.", NOT_NEGATIVE, flags=("--l2",), group=TRAINING),
    ] = None
    weight_decay: Annotated[
        float | None,
        Option(
            "Decoupled decay of factors and biases alike.", NOT_NEGATIVE, also=("--wd",), group=RULE
        ),
    ] = None
    measures: Measures = Measures()
    checkpointing: Checkpointing = Checkpointing()
    time_limit: TimeLimit = None
    keep_partial: KeepPartial = True
    browser: Browser = False
    output: Annotated[Path | None, written_to("SOURCE.model.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        if self.find_learning_rate and "learning_rate" in self.training:
            raise UsageError("--find-learning-rate looks for what --learning-rate gives; drop one")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneRequest:
    """Which settings are searched on which ratings, and where the trials are written."""

    place: Place
    search: Annotated[
        tuple[str, ...],
        Option("A range, such as n_factors=5..100; repeatable.", metavar="RANGE"),
    ] = ()
    trials: Annotated[int, Option("How many settings to try.")] = 30
    optimizer: Annotated[
        str | None,
        Option(
            "How weights are learned (default: sgd).",
            words=SUMMARIES,
            also=("--method",),
            group=TRAINING,
        ),
    ] = None
    validation_fraction: Annotated[float, Option("Held out to compare by.")] = 0.1
    folds: Annotated[
        int | None,
        Option(
            "Instead: compare by the mean error on so many parts, each held out in turn.",
            whole(2, 10**6),
        ),
    ] = None
    seed: Seed = 0
    time_limit: TimeLimit = None
    keep_partial: KeepPartial = True
    output: Annotated[Path | None, written_to("SOURCE.tune.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        if self.trials < 1:
            raise UsageError(f"--trials is {self.trials}; expected 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosstabRequest:
    """Which ratings are turned from a long table into a crosstab, or back."""

    place: Place
    corner: Annotated[
        tuple[int, int] | None,
        Option("Only the densest corner of N users and M items.", metavar="N M"),
    ] = None
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("SOURCE.crosstab.xlsx")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)


ModelFile = Annotated[Path, Option("What `xlcollab fit` wrote.", positional=True)]
Newcomers = Annotated[
    Path | None,
    Option("A few ratings of new users, who are folded in first.", metavar="FILE"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """Pairs that are typed, a file of pairs, or with `crosstab` every user with every item.

    `user` and `item` cut a crosstab down. `unknown_ids` lets ids that the model does not know have
    what is known without them, instead of refusing them.
    """

    model: ModelFile
    user: Annotated[tuple[str, ...], Option("A user id; repeatable.")] = ()
    item: Annotated[tuple[str, ...], Option("An item id; repeatable.")] = ()
    pairs: Annotated[Path | None, Option("A table with columns for user and item.")] = None
    crosstab: Annotated[bool, Option("Every user with every item, or with those named.")] = False
    interval: Annotated[
        float | None,
        Option("Between which ratings this share of them lies; models of --quality best."),
    ] = None
    ratings: Newcomers = None
    unknown_ids: Annotated[bool, Option("Let unknown ids have what is known without them.")] = False
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("nowhere, it is only shown")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        typed = bool(self.user or self.item)
        if self.pairs is not None and (typed or self.crosstab):
            raise UsageError("--pairs says all there is to predict; give no other ids")
        if self.pairs is None and not self.crosstab and not (self.user and self.item):
            raise UsageError("give --user and --item, or --pairs with a file, or --crosstab")
        if self.interval is not None and not 0 < self.interval < 1:
            raise UsageError(f"--interval is {self.interval:g}; expected a share such as 0.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldInRequest:
    """Which model gains the users of which ratings, and where the new model is written."""

    model: ModelFile
    ratings: Annotated[
        Path, Option("A few ratings of new users: any form that fit reads.", positional=True)
    ]
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("MODEL.folded.xlsx, or its own ending")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendRequest:
    """To whom the best items are named, or what is like an item.

    With `ratings` of one new user nobody else need be named; `everyone` then are the new users.
    """

    model: ModelFile
    user: Annotated[str | None, Option("The user to recommend to.")] = None
    like: Annotated[str | None, Option("Instead: items like this one.")] = None
    everyone: Annotated[bool, Option("Instead: for every user, into a file.", flags=("--all",))] = (
        False
    )
    k: Annotated[int, Option("How many items.", flags=("-k",))] = 10
    ratings: Newcomers = None
    by: Annotated[str, Option("What items are ranked by.", words=RANKINGS)] = "mix"
    time_limit: Deadline = None
    output: Annotated[Path | None, written_to("nowhere, it is only shown")] = None
    overwrite: Overwrite = False
    json: Json = False

    def __post_init__(self) -> None:
        check(self)
        asked = (self.user is not None) + (self.like is not None) + self.everyone
        if asked > 1 or not (asked or self.ratings):
            raise UsageError("give one of --user, --like and --all")
        if self.like is not None and self.ratings is not None:
            raise UsageError("--like knows no users; leave --ratings out")
