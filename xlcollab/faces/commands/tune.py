"""`xlcollab tune`: search for settings that predict unseen ratings best."""

from __future__ import annotations

from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_next, print_table, say
from xlcollab.settings.requests.ratings import TuneRequest


@command
def tune(request: TuneRequest) -> int:
    """Search settings of the factor model (needs optuna) and write all trials to a sheet.

    Example:  xlcollab tune ratings.csv --search n_factors=5..100 --trials 50
    """
    with Progress() as progress:
        from xlcollab.api.ratings.tune import tune_ratings  # a line stands already

        tuned = tune_ratings(request, progress.watch_trials())
    found = tuned.as_json()
    if request.json:
        print_json(found)
    else:
        print_table("best trial", ("setting", "value"), tuned.tuning.best.values.items())
        say(f"validation RMSE {found['validation_rmse']:.6g}")
        say(f"{tuned.sentence} Written to {tuned.output}")
        print_next(tuned.output, tuned.command)
    return tuned.exit_code
