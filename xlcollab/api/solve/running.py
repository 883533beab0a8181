"""Solving the models of a workbook one after the other, and telling what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xlcollab.api.session.controlled import Chosen, chosen
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.session import Session
from xlcollab.api.session.together import told_together
from xlcollab.api.session.viewer import Viewer, finite
from xlcollab.api.solve.given import given_models
from xlcollab.api.solve.keeping import Keep
from xlcollab.api.solve.limits import with_engine
from xlcollab.api.solve.solved import Refused, Solved
from xlcollab.api.solve.solving import solve_model
from xlcollab.api.solve.viewing import ModelView
from xlcollab.errors import ModelError, UsageError, WriteRefusedError
from xlcollab.interrupts import OutOfTime, raise_if_stopped
from xlcollab.optim import Row, Settings, Status, StepCallback
from xlcollab.problems import SolverModel
from xlcollab.settings.methods import METHODS
from xlcollab.settings.requests.solve import SolveRequest

EXIT_CODES = {
    Status.REFUSED: 3,
    Status.DIVERGED: 4,
    Status.GOAL_NOT_MET: 4,
    Status.INFEASIBLE: 4,
    Status.UNBOUNDED: 4,
    Status.INTERRUPTED: 130,
}
"""0 for every other status."""


@dataclass(frozen=True, slots=True)
class Run:
    """What solving a workbook came to. `output` is None when nothing was worth writing."""

    workbook: Path
    output: Path | None
    outcomes: tuple[Solved | Refused, ...]
    seconds_write: float

    @property
    def exit_code(self) -> int:
        """The highest code among the models: 0 all solved, 3 refused, 4 no solution, 130."""
        return max(_exit_code(one) for one in self.outcomes)

    def as_json(self) -> dict[str, object]:
        """Plain numbers and texts; what is no number is null."""
        return {
            "workbook": str(self.workbook),
            "output": None if self.output is None else str(self.output),
            "models": [_as_json(one, self.seconds_write) for one in self.outcomes],
        }

    def headings(self) -> tuple[str, ...]:
        """Of `lines`: watched cells have a column where a model has some."""
        moved = ("before → after", *self._watched())
        return ("model", *moved, "method", "iterations", "status", "seconds")

    def lines(self) -> list[tuple[object, ...]]:
        """A summary line per model: objective, watched cells, method, iterations, status, s."""
        names = self._watched()
        return [
            (one.model.label, *[""] * (len(names) + 3), str(one.status), "")
            if isinstance(one, Refused)
            else (
                one.model.label,
                _moved(one.solution.initial, one.solution.objective),
                *(_moved(*one.watched[name]) if name in one.watched else "" for name in names),
                one.solution.method,
                one.solution.iterations,
                str(one.status),
                round(sum(one.seconds.values()), 3),
            )
            for one in self.outcomes
        ]

    def _watched(self) -> tuple[str, ...]:
        """The names of watched cells, in the order in which models have them."""
        found = [name for one in self.outcomes if isinstance(one, Solved) for name in one.watched]
        return tuple(dict.fromkeys(found))

    def sentences(self) -> list[str]:
        """What happened to each model, and warnings; those to which the same happened together."""
        return told_together(
            (one.model.sheet, text) for one in self.outcomes for text in _told(one)
        )

    def new_sheets(self) -> str:
        """The first of the sheets that were added, in words; "" for none."""
        new = [name for one in self.outcomes if isinstance(one, Solved) for name in one.reports]
        shown = ", ".join(new[:_MOST_NAMED]) + (", …" if len(new) > _MOST_NAMED else "")
        return f"; new sheets: {shown}" if new else ""


_MOST_NAMED = 3
"""Sheets that a sentence names; it has to be read."""

Watch = Callable[[SolverModel, int | None], StepCallback | None]
"""(model, how many steps a run will make if that is known) → who is told of each."""


def planned_steps(settings: Settings) -> int | None:
    """How many steps a run makes; None where it may end before."""
    method = METHODS[settings.method]
    tolerance = method.tolerance if settings.tolerance is None else settings.tolerance
    if not method.first_order or tolerance > 0:
        return None
    asked = settings.iterations
    return method.iterations if asked is None else asked


def solve_book(
    request: SolveRequest,
    watch: Watch = lambda model, steps: None,
    began: float | None = None,
    viewer: Viewer | None = None,
) -> Run:
    """Open, solve, save: the whole of `xlcollab solve`, which began at `began` (perf_counter).
    `viewer` looks on.

    What the request leaves open is taken from the book's control sheet, if it has one.
    """
    reports = request.reports
    _refuse_idle(request)
    book = Session(request.book)
    place = {"in_place": request.in_place, "overwrite": request.overwrite}
    refuse_target(book, request.output, "solved", **place)
    how = chosen(
        book.workbook,
        request.settings,
        request.computing,
        history=False if request.no_history else None,
    )
    refuse_unchangeable(book, sheets=how.history or bool(reports))
    book.made_by("solve", request, (how.settings, how.computing))
    models = _models(book, request)
    keep = Keep(request.save_model, request.save_model_at)
    keep.rehearse(book, models)
    return solve_models(
        book,
        models,
        how,
        reports=reports,
        began=began,
        watch=watch,
        cells=request.watch,
        keep=keep,
        viewer=viewer,
        save=lambda book: save_beside(book, request.output, "solved", **place),
    )


def _refuse_idle(request: SolveRequest) -> None:
    if request.save_model and not (request.load_model or request.model.is_given):
        raise UsageError(
            "--save-model stores a model given in words or with --load-model; those that are stored"
            " already stay"
        )


def _models(book: Session, request: SolveRequest) -> list[SolverModel]:
    """The model given in words, or the stored ones."""
    if request.load_model is not None:
        return [book.saved_model(request.load_model, request.sheet)]
    return given_models(book, request.model, request.sheet)


def solve_models(
    book: Session,
    models: Sequence[SolverModel],
    how: Chosen,
    *,
    reports: Sequence[str] = (),
    began: float | None = None,
    watch: Watch = lambda model, steps: None,
    cells: Sequence[str] = (),
    keep: Keep | None = None,
    viewer: Viewer | None = None,
    save: Callable[[Session], Path] | None = None,
) -> Run:
    """Solve the models in turn and save the book if one of them found weights.

    A model that is refused does not hinder the others; an interruption ends the row. `watch`
    gives the callback that sees the iterations of a model, `cells` name those to watch. `keep`
    says whether a model that could be run is stored, too, whatever came of it.
    """
    outcomes: list[Solved | Refused] = []
    wanted = _Wanted(reports, cells, began)
    for model in models:
        asked = replace(wanted, began=None) if outcomes else wanted
        steps = planned_steps(with_engine(how.settings, model))
        view = None if viewer is None else ModelView(book, model, viewer, cells, steps)
        seen = watch(model, steps)
        outcomes.append(_attempt(book, model, how, asked, seen, view))
        if view is not None:
            view.finish(_sentence(outcomes[-1]))
        if outcomes[-1].status is Status.INTERRUPTED:
            break
    began = time.perf_counter()
    kept = keep is not None and keep.put(book, outcomes, how.settings)
    worth = kept or any(isinstance(o, Solved) and (o.kept or o.reports) for o in outcomes)
    output = save(book) if worth and save is not None else None
    return Run(book.path, output, tuple(outcomes), time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Reports, cells to watch, and when the command began."""

    reports: Sequence[str]
    cells: Sequence[str]
    began: float | None


def _attempt(
    book: Session,
    model: SolverModel,
    how: Chosen,
    wanted: _Wanted,
    on_step: StepCallback | None,
    view: ModelView | None,
) -> Solved | Refused:
    try:
        raise_if_stopped()
        return solve_model(
            book,
            model,
            how.settings,
            how.computing,
            history=how.history,
            reports=wanted.reports,
            watch=wanted.cells,
            began=wanted.began,
            who=how.who,
            on_step=_both(on_step, None if view is None else view.step),
            on_point=None if view is None else view.point,
        )
    except UsageError:
        raise
    except (ModelError, WriteRefusedError) as error:
        return Refused(model, str(error))
    except OutOfTime:
        text = "the time limit was reached before the first step; nothing was found"
        return Refused(model, text, Status.TIME_LIMIT)
    except KeyboardInterrupt:
        return Refused(model, "interrupted before its first step", Status.INTERRUPTED)


def _both(first: StepCallback | None, second: StepCallback | None) -> StepCallback | None:
    """One callback for two who look on."""
    if first is None or second is None:
        return first or second

    def tell(row: Row) -> None:
        first(row)
        second(row)

    return tell


def _sentence(one: Solved | Refused) -> str:
    return one.message if isinstance(one, Refused) else one.solution.message


def _exit_code(one: Solved | Refused) -> int:
    """That of the status; 4 where a run ended without a point that satisfies the constraints, or
    before it had any."""
    if isinstance(one, Refused):
        lost = one.status is Status.TIME_LIMIT
    else:
        lost = not one.solution.feasible
    return EXIT_CODES.get(one.status, 4 if lost else 0)


def _told(one: Solved | Refused) -> list[str]:
    if isinstance(one, Refused):
        return [one.message]
    words = [_in_solvers_words(one)] if _says_it_best(one) else []
    return [one.solution.message, *words, *(f"warning: {text}" for text in one.warnings)]


def _says_it_best(one: Solved) -> bool:
    """Whether Solver's words add something: it has none for steps that were planned and made."""
    return one.kept and one.status is not Status.DONE


def _in_solvers_words(one: Solved) -> str:
    """The result as Excel's Solver would put it."""
    return f"Solver's result {one.solution.solver_code}: {one.solution.solver_words}"


_ONLY_OF_RUNS = (
    "initial",
    "final",
    "max_violation",
    "bound",
    "gap",
    "method",
    "iterations",
    "evaluations",
    "device",
    "dtype",
    "seconds",
)
"""What is null in the JSON of a model that never ran."""


def _as_json(one: Solved | Refused, seconds_write: float) -> dict[str, object]:
    model = one.model
    common: dict[str, object] = {
        "sheet": model.sheet,
        "objective": None if model.objective is None else str(model.objective),
        "sense": model.sense,
        "variables": model.size,
        "constraints": sum(constraint.left.rect.size for constraint in model.constraints),
    }
    if isinstance(one, Refused):
        told = {"status": str(one.status), "message": one.message, "warnings": []}
        return common | dict.fromkeys(_ONLY_OF_RUNS) | told
    solution = one.solution
    return common | {
        "initial": finite(solution.initial),
        "final": finite(solution.objective),
        "max_violation": finite(solution.max_violation),
        "bound": finite(solution.bound),
        "gap": finite(solution.gap),
        "status": str(solution.status),
        "message": solution.message,
        "method": solution.method,
        "iterations": solution.iterations,
        "evaluations": solution.evaluations,
        "device": one.device,
        "dtype": one.dtype,
        "seconds": {**one.seconds, "write": seconds_write},
        "warnings": list(one.warnings),
        **_watched_json(one),
    }


def _watched_json(one: Solved) -> dict[str, object]:
    """Watched cells by name; nothing where there are none."""
    found = {
        name: {"initial": finite(before), "final": finite(after)}
        for name, (before, after) in one.watched.items()
    }
    return {"watched": found} if found else {}


def _moved(before: float, after: float) -> str:
    return f"{before + 0.0:.5g} → {after + 0.0:.5g}"  # no minus before a nought
