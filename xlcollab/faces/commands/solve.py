"""`xlcollab solve`: optimise the models of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from xlcollab.faces import options as opt
from xlcollab.faces.shell import Progress, console, print_json, print_table

if TYPE_CHECKING:
    from xlcollab.api.solve.running import Run


def solve(
    book: opt.Book,
    sheet: opt.Sheet = None,
    minimize: opt.Minimize = None,
    maximize: opt.Maximize = None,
    target: opt.Target = None,
    by_changing: opt.ByChanging = None,
    subject_to: opt.SubjectTo = None,
    non_negative: opt.NonNegative = False,
    method: opt.Method = None,
    iterations: opt.Iterations = None,
    learning_rate: opt.LearningRate = None,
    momentum: opt.Momentum = None,
    dampening: opt.Dampening = None,
    beta1: opt.Beta1 = None,
    beta2: opt.Beta2 = None,
    l2: opt.L2 = None,
    weight_decay: opt.WeightDecay = None,
    schedule: opt.Schedule = None,
    tolerance: opt.Tolerance = None,
    seed: opt.RunSeed = None,
    restarts: opt.Restarts = None,
    init: opt.Init = None,
    clip: opt.Clip = None,
    scale: opt.Scale = False,
    device: opt.Device = None,
    dtype: opt.Dtype = None,
    history_every: opt.HistoryEvery = 1,
    no_history: opt.NoHistory = False,
    output: opt.Output = None,
    in_place: opt.InPlace = False,
    json: opt.Json = False,
) -> int:
    """Optimise the Solver models of a workbook, or one given here, and write a solved copy.

    Example:  xlcollab solve collab_filter.xlsx

    Example:  xlcollab solve book.xlsx --sheet dotprod --method adam --learning-rate 0.05

    Example:  xlcollab solve book.xlsx --minimize 'S!V41' --by-changing 'S!H19:V23,S!B25:F39'
    """
    from xlcollab.api.solve.running import Request, solve_book

    given = locals()
    with Progress(shown=not json) as progress:
        run = solve_book(Request.of(given), watch=lambda model: progress.watch(model.sheet))
    if json:
        print_json(run.as_json())
    else:
        _show(run)
    return run.exit_code


def _show(run: Run) -> None:
    headings = ("model", "initial", "final", "method", "iterations", "status", "seconds")
    print_table(str(run.workbook), headings, run.lines())
    for sentence in run.sentences():
        console().print(sentence)
    typer.echo(f"written to {run.output}" if run.output else "nothing was written")
