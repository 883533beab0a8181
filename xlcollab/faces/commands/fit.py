"""`xlcollab fit`: learn latent factors from ratings of any size."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xlcollab.errors import ProcessLostError, XlcollabError
from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_next, print_table, say
from xlcollab.faces.window.showing import showing
from xlcollab.settings.requests.ratings import FitRequest

if TYPE_CHECKING:
    from xlcollab.api.ratings.fitted import Fitted
    from xlcollab.api.ratings.viewing import FitView


@command
def fit(request: FitRequest) -> int:
    """Fit a matrix factorisation (or a small net) and write a workbook or a model file.

    Example:  xlcollab fit ratings.csv --n-factors 50 --test-fraction 0.2 -o model.xlsx

    Example:  xlcollab fit collab_filter.xlsx --sheet crosstab --range 0.5 5.5 -o trained.xlsx
    """
    return fit_shown(request)


def fit_shown(request: FitRequest, *, opens: bool = True) -> int:
    """Fit, shown in a window where the request wants one; `opens` is for the browser to open."""
    from xlcollab.api.ratings.processes import is_first_process

    is_first = is_first_process()
    try:
        fitted = _fitted(request, shown=is_first, opens=opens)
    except XlcollabError as error:
        if is_first or isinstance(error, ProcessLostError):
            raise
        return error.exit_code  # every process meets the same error; the first one tells it
    except KeyboardInterrupt:
        if is_first:
            raise
        from xlcollab.api.ratings.fitted import INTERRUPTED

        return INTERRUPTED
    if fitted is None:
        return 0
    if request.json:
        print_json(fitted.as_json())
    else:
        _show(str(request.place.source), fitted)
    return fitted.exit_code


def _fitted(request: FitRequest, *, shown: bool, opens: bool) -> Fitted | None:
    def told(text: str) -> None:
        if shown:
            say(text, err=True)

    with (
        Progress(shown=shown and not request.json) as progress,
        showing(request.browser and shown, opens=opens) as stream,
    ):
        from xlcollab.api.ratings.fit import fit_ratings  # a line stands already

        if stream is None:
            return fit_ratings(request, progress.watch_epochs(), told)
        from xlcollab.api.ratings.viewing import FitView

        view = FitView(stream)
        fitted = fit_ratings(request, _both(progress.watch_epochs(), view), told)
        if fitted is not None:
            view.finish(fitted.result.status.sentence, fitted.result.model)
        return fitted


def _both(progress: Callable[[Any], None] | None, view: FitView) -> Callable[[Any], bool]:
    """One callback for the terminal and the window."""

    def told(row: Any) -> bool:
        if progress is not None:
            progress(row)
        return view.epoch(row)

    return told


_SHOWN = ("ratings", "users", "items", "epochs", "train_rmse", "validation_rmse", "test_rmse")


def _show(source: str, fitted: Fitted) -> None:
    found = fitted.as_json()
    names = [name for name in _SHOWN if found[name] is not None]
    alone = fitted.biases_alone
    rows = [("fit", *(found[name] for name in names))]
    rows += [("biases alone", *(alone.get(name, "") for name in names))] if alone else []
    print_table(source, ("model", *(name.replace("_rmse", " RMSE") for name in names)), rows)
    folds, ranked = fitted.measured.folds, fitted.measured.ranked
    if folds is not None:
        say(folds.sentence)
    if ranked is not None:
        found_at_k = ranked.ranking
        say(
            f"at {ranked.k}: precision {found_at_k.precision:.4f}, recall {found_at_k.recall:.4f}, "
            f"NDCG {found_at_k.ndcg:.4f}, MAP {found_at_k.map:.4f}, MRR {found_at_k.mrr:.4f}, "
            f"hit rate {found_at_k.hit_rate:.4f}, coverage {found_at_k.coverage:.4f}"
        )
    if fitted.measured.popular is not None:
        say(f"popularity alone: NDCG {fitted.measured.popular.ranking.ndcg:.4f}")
    for note in fitted.notes:
        say(f"! {note}", err=True)
    say(f"{fitted.result.status.sentence} Written to {fitted.output}")
    model, user = shlex.quote(str(fitted.output)), fitted.result.model.user_ids.index[0]
    print_next(fitted.output, f"xlcollab recommend {model} --user {shlex.quote(str(user))} -k 10")
