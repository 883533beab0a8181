"""`xlcollab fit`: learn latent factors from ratings of any size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from xlcollab.errors import ProcessLostError, XlcollabError
from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces import training_options as how
from xlcollab.faces.shell import Progress, print_json, print_table

if TYPE_CHECKING:
    from xlcollab.api.ratings.fitted import Fitted
    from xlcollab.api.ratings.request import FitRequest


def fit(
    source: rat.Source,
    sheet: rat.Sheet = None,
    area: rat.Area = None,
    user_column: rat.UserColumn = None,
    item_column: rat.ItemColumn = None,
    rating_column: rat.RatingColumn = None,
    time_column: rat.TimeColumn = None,
    split_column: rat.SplitColumn = None,
    duplicates: rat.Duplicates = rat.AggregateChoice.ERROR,
    test: rat.TestFile = None,
    test_fraction: rat.TestFraction = None,
    test_by_time: rat.TestByTime = None,
    leave_out: rat.LeaveOut = None,
    test_split: rat.TestSplit = None,
    validation_fraction: rat.ValidationFraction = None,
    validation_by_time: rat.ValidationByTime = None,
    validation_leave_out: rat.ValidationLeaveOut = None,
    n_factors: rat.NFactors = None,
    bias: rat.Bias = None,
    global_bias: rat.GlobalBias = None,
    output_range: rat.OutputRange = None,
    padding: rat.Padding = None,
    learn_padding: rat.LearnPadding = None,
    clip_output: rat.ClipOutput = None,
    dtype: rat.Dtype = None,
    hidden_sizes: rat.HiddenSizes = None,
    embedding_dropout: rat.EmbeddingDropout = None,
    hidden_dropouts: rat.HiddenDropouts = None,
    side_columns: rat.SideColumns = None,
    date_parts: rat.DateParts = None,
    side_factors: rat.SideFactors = None,
    init: rat.Init = None,
    init_scale: rat.InitScale = None,
    start: rat.StartModel = None,
    start_cells: rat.StartCells = None,
    seed: rat.Seed = 0,
    quality: how.Quality = how.QualityChoice.FAST,
    optimizer: how.Optimizer = None,
    epochs: how.Epochs = None,
    learning_rate: how.LearningRate = None,
    find_learning_rate: how.FindLearningRate = False,
    l2_factors: how.L2Factors = None,
    l2_biases: how.L2Biases = None,
    schedule: how.Schedule = None,
    cycles: how.Cycles = None,
    patience: how.Patience = None,
    restarts: how.Restarts = None,
    batch_size: how.BatchSize = None,
    loss: how.Loss = None,
    weight_decay_factors: how.WeightDecayFactors = None,
    weight_decay_biases: how.WeightDecayBiases = None,
    momentum: how.Momentum = None,
    beta1: how.Beta1 = None,
    beta2: how.Beta2 = None,
    rho: how.Rho = None,
    epsilon: how.Epsilon = None,
    clip: how.Clip = None,
    device: how.Device = None,
    folds: how.Folds = None,
    top_k: how.TopK = 10,
    relevant: how.Relevant = None,
    checkpoint: how.CheckpointFile = None,
    checkpoint_every: how.CheckpointEvery = 10,
    resume: how.Resume = False,
    output: opt.Output = None,
    json: opt.Json = False,
) -> int:
    """Fit a matrix factorisation (or a small net) and write a workbook or a model file.

    Example:  xlcollab fit ratings.csv --n-factors 50 --test-fraction 0.2 -o model.xlsx

    Example:  xlcollab fit collab_filter.xlsx --sheet dotprod --range 0.5 5.5 -o trained.xlsx
    """
    given = dict(locals())
    from xlcollab.api.ratings.fit import is_first_process
    from xlcollab.api.ratings.fitted import INTERRUPTED
    from xlcollab.api.ratings.request import FitRequest

    is_first = is_first_process()
    try:
        fitted = _fitted(FitRequest.of(given), shown=is_first)
    except XlcollabError as error:
        if is_first or isinstance(error, ProcessLostError):
            raise
        return error.exit_code  # every process meets the same error; the first one tells it
    except KeyboardInterrupt:
        if is_first:
            raise
        return INTERRUPTED
    if fitted is None:
        return 0
    if json:
        print_json(fitted.as_json())
    else:
        _show(str(source), fitted)
    return fitted.exit_code


def _fitted(request: FitRequest, *, shown: bool) -> Fitted | None:
    from xlcollab.api.ratings.fit import fit_ratings

    def say(text: str) -> None:
        if shown:
            print(text, file=sys.stderr)

    with Progress(shown=shown) as progress:
        return fit_ratings(request, progress.watch_epochs(), say)


_SHOWN = ("ratings", "users", "items", "epochs", "train_rmse", "validation_rmse", "test_rmse")


def _show(source: str, fitted: Fitted) -> None:
    found = fitted.as_json()
    names = [name for name in _SHOWN if found[name] is not None]
    print_table(source, names, [tuple(found[name] for name in names)])
    folds, ranked = fitted.measured.folds, fitted.measured.ranked
    if folds is not None:
        print(f"cross-validation: RMSE {folds.rmse:.5f} on {len(folds.scores)} folds")
    if ranked is not None:
        found_at_k = ranked.ranking
        print(
            f"at {ranked.k}: precision {found_at_k.precision:.4f}, recall {found_at_k.recall:.4f}, "
            f"NDCG {found_at_k.ndcg:.4f}"
        )
    for note in fitted.notes:
        typer.echo(f"! {note}", err=True)
    print(f"{fitted.result.status.sentence} Written to {fitted.output}")
