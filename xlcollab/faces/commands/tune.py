"""`xlcollab tune`: search for settings that predict unseen ratings best."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces import training_options as how
from xlcollab.faces.shell import Progress, print_json, print_table


def tune(
    source: rat.Source,
    sheet: rat.Sheet = None,
    area: rat.Area = None,
    user_column: rat.UserColumn = None,
    item_column: rat.ItemColumn = None,
    rating_column: rat.RatingColumn = None,
    duplicates: rat.Duplicates = rat.AggregateChoice.ERROR,
    search: Annotated[
        list[str] | None,
        typer.Option(help="A range, such as n_factors=5..100; repeatable.", metavar="RANGE"),
    ] = None,
    trials: Annotated[int, typer.Option(help="How many settings to try.")] = 30,
    optimizer: how.Optimizer = None,
    validation_fraction: Annotated[float, typer.Option(help="Held out to compare by.")] = 0.1,
    seed: rat.Seed = 0,
    output: opt.Output = None,
    json: opt.Json = False,
) -> int:
    """Search settings of the factor model (needs optuna) and write all trials to a sheet.

    Example:  xlcollab tune ratings.csv --search n_factors=5..100 --trials 50
    """
    given = dict(locals())
    from xlcollab.api.ratings.source import Place
    from xlcollab.api.ratings.tune import tune_ratings

    with Progress() as progress:
        tuned = tune_ratings(
            Place.of(given),
            search or [],
            trials=trials,
            optimizer=optimizer,
            validation_fraction=validation_fraction,
            seed=seed,
            output=output,
            on_trial=progress.watch_trials(),
        )
    found = tuned.as_json()
    if json:
        print_json(found)
    else:
        print_table("best trial", ("setting", "value"), found["best"].items())
        typer.echo(f"validation RMSE {found['validation_rmse']:.5f}")
        typer.echo(f"{tuned.sentence} Written to {tuned.output}")
    return tuned.exit_code
