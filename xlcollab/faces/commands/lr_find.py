"""`xlcollab lr-find`: which learning rate to take."""

from __future__ import annotations

import shlex

from xlcollab.faces.request import command
from xlcollab.faces.shell import Progress, print_json, print_next, print_table, say
from xlcollab.settings.requests.rates import RatesRequest
from xlcollab.settings.requests.solve import ModelWords


@command
def lr_find(request: RatesRequest) -> None:
    """Try growing learning rates on a Solver model; the curve becomes a sheet with its chart.

    For ratings in a file: xlcollab fit --find-learning-rate.

    Example:  xlcollab lr-find collab_filter.xlsx --sheet dotprod

    Example:  xlcollab lr-find book.xlsx --sheet dotprod --method gd --lowest 1e-4 --highest 10
    """
    with Progress(shown=not request.json):
        from xlcollab.api.solve.rates import find_rate_in_book  # a line stands already

        found = find_rate_in_book(request)
    curve = found.curve
    if request.json:
        print_json(curve.as_json() | {"output": str(found.output)})
        return
    rows = [
        ("the objective falls fastest", curve.test.steepest),
        ("the objective is best", curve.test.best),
        ("take", curve.suggestion),
    ]
    print_table(f"{curve.model.objective} by {curve.test.method}", ("", "learning rate"), rows)
    say(f"written to {found.output}")
    rate = f"--method {curve.test.method} --learning-rate {curve.suggestion:.3g}"
    model = _model(request.model) or f"--sheet {shlex.quote(curve.model.sheet)}"
    print_next(found.output, f"xlcollab solve {shlex.quote(str(request.book))} {model} {rate}")


def _model(words: ModelWords) -> str:
    """The model as it was typed; nothing where the stored one was taken as it stands."""
    typed = {
        "--minimize": words.minimize,
        "--maximize": words.maximize,
        "--target": words.target,
        "--by-changing": words.by_changing,
    }
    found = [f"{word} {shlex.quote(value)}" for word, value in typed.items() if value]
    found += [f"--subject-to {shlex.quote(one)}" for one in words.subject_to]
    return " ".join([*found, *(["--non-negative"] if words.non_negative else [])])
