"""`xlcollab tune`: search for settings that predict unseen ratings best."""

from __future__ import annotations

from typing import Annotated

import typer

from xlcollab.faces import options as opt
from xlcollab.faces import ratings_options as rat
from xlcollab.faces.shell import print_json, print_table


def tune(
    source: rat.Source,
    search: Annotated[
        list[str] | None,
        typer.Option(help="A range, such as n_factors=5..100; repeatable.", metavar="RANGE"),
    ] = None,
    trials: Annotated[int, typer.Option(help="How many settings to try.")] = 30,
    validation_fraction: Annotated[float, typer.Option(help="Held out to compare by.")] = 0.1,
    seed: rat.Seed = 0,
    output: opt.Output = None,
    json: opt.Json = False,
) -> None:
    """Search settings of the factor model (needs optuna) and write all trials to a sheet.

    Example:  xlcollab tune ratings.csv --search n_factors=5..100 --trials 50
    """
    from xlcollab.api.ratings_tune import tune_ratings, tuning_json

    tuning, target = tune_ratings(
        source,
        search or [],
        trials=trials,
        validation_fraction=validation_fraction,
        seed=seed,
        output=output,
    )
    found = tuning_json(tuning, target)
    if json:
        print_json(found)
        return
    print_table("best trial", ("setting", "value"), found["best"].items())
    typer.echo(f"validation RMSE {found['validation_rmse']:.5f}; all trials are in {target}")
