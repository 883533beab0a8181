"""`xlcollab fit`: learn latent factors from ratings of any size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json, print_table

if TYPE_CHECKING:
    from xlcollab.api.ratings_fit import Fitted


def fit(
    source: rat.Source,
    sheet: rat.Sheet = None,
    area: rat.Area = None,
    user_column: rat.UserColumn = None,
    item_column: rat.ItemColumn = None,
    rating_column: rat.RatingColumn = None,
    duplicates: rat.Duplicates = rat.AggregateChoice.ERROR,
    test: rat.TestFile = None,
    test_fraction: rat.TestFraction = None,
    test_by_time: rat.TestByTime = None,
    leave_out: rat.LeaveOut = None,
    test_split: rat.TestSplit = None,
    n_factors: rat.NFactors = None,
    bias: rat.Bias = True,
    output_range: rat.OutputRange = None,
    padding: rat.Padding = 0.0,
    learn_padding: rat.LearnPadding = False,
    hidden: rat.Hidden = None,
    init: rat.Init = rat.RatingsInit.NORMAL,
    quality: rat.Quality = rat.QualityChoice.FAST,
    optimizer: rat.Optimizer = None,
    epochs: rat.Epochs = None,
    learning_rate: rat.LearningRate = None,
    batch_size: rat.BatchSize = None,
    l2_factors: rat.L2Factors = None,
    l2_biases: rat.L2Biases = None,
    schedule: rat.Schedule = None,
    patience: rat.Patience = None,
    clip: rat.Clip = None,
    restarts: rat.Restarts = 0,
    seed: rat.Seed = 0,
    output: opt.Output = None,
    json: opt.Json = False,
) -> int:
    """Fit a matrix factorisation (or a small net) and write a workbook or a model file.

    Example:  xlcollab fit ratings.csv --n-factors 50 --test-fraction 0.2 -o model.xlsx

    Example:  xlcollab fit collab_filter.xlsx --sheet dotprod --range 0.5 5.5 -o trained.xlsx
    """
    from xlcollab.api.ratings_fit import FitRequest, fit_ratings

    given = locals()
    fitted = fit_ratings(FitRequest.of(given), say=lambda text: print(text, file=sys.stderr))
    if json:
        print_json(fitted.as_json())
    else:
        _show(fitted)
    return fitted.exit_code


def _show(fitted: Fitted) -> None:
    found = fitted.as_json()
    names = ("ratings", "users", "items", "epochs", "train_rmse", "test_rmse", "status")
    rows = [tuple("" if found[name] is None else found[name] for name in names)]
    print_table(str(fitted.request.source), names, rows)
    for note in found["notes"]:
        typer.echo(f"! {note}", err=True)
    typer.echo(f"written to {fitted.output}")
