"""The Python face: an opened workbook with the verbs as its methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlcollab.api.session.pictures import html_table
from xlcollab.api.session.session import Session
from xlcollab.errors import ModelError, UsageError
from xlcollab.problems import SolverModel, find_models, resolve_areas
from xlcollab.ref import AreaRef
from xlcollab.settings.asked import Asked
from xlcollab.settings.solving import Computing, Settings

if TYPE_CHECKING:
    from xlcollab.api.look.checking import Check
    from xlcollab.api.look.curvature import Hessian, Jacobian
    from xlcollab.api.look.gradients import CellFunction, Gradient
    from xlcollab.api.look.inspecting import Inspection
    from xlcollab.api.solve.rates import RateCurve
    from xlcollab.api.solve.solved import Solved
    from xlcollab.api.solve.solving import PointCallback
    from xlcollab.api.tabs.tab import Tab
    from xlcollab.optim import StepCallback


def open(path: str | Path) -> OpenBook:  # noqa: A001 - reads as xlcollab.open(...)
    """Read a workbook. Raises WorkbookError saying what is wrong with it."""
    return OpenBook(path)


class OpenBook(Session):
    """A workbook that was read from a file and collects changes until it is saved.

    Every verb works on the workbook as the verbs before it left it. What a verb needs is imported
    when it is first used, so that opening a workbook loads no torch.
    """

    def solve(
        self,
        model: str | SolverModel | None = None,
        *,
        device: str | None = None,
        dtype: str | None = None,
        history: bool | None = None,
        reports: Sequence[str] = (),
        watch: Sequence[str] = (),
        on_step: StepCallback | None = None,
        on_point: PointCallback | None = None,
        **settings: object,
    ) -> Solved:
        """Optimise one model and put weights, results, history and answer into the workbook.

        `model` is a sheet's name, a model from `model(...)`, or None when the book holds exactly
        one or the words of `model(...)` are among the settings, such as minimize="S!B1",
        by_changing="S!A1:A5". `settings` are else the fields of `xlcollab.optim.Settings`:
        method, iterations, learning_rate, … `device` is auto, cpu or cuda, `dtype` float64 or
        float32. `history` says whether sheets are added, `reports` which besides: answer,
        sensitivity, limits, feasibility, population. What is left open is taken from the book's
        control sheet, if it has one.
        `watch` names cells that go into the history and its chart, by default those labelled as a
        test error. `on_step` is told of every iteration, and before it
        `on_point` of its weights. Raises ModelError, UsageError, DataError and OutOfTimeError.
        """
        from xlcollab.api.solve.given import model_of, request_of
        from xlcollab.api.solve.solving import solve_with_control

        chosen, settings = model_of(self, model, settings)
        asked = Asked.of(Settings, settings)
        computing = Asked.of(Computing, {"device": device, "dtype": dtype})
        request = request_of(
            self, chosen, asked, computing, history=history, reports=reports, watch=watch
        )
        self.made_by("solve", request)
        return solve_with_control(
            self,
            chosen,
            asked,
            computing,
            history=history,
            reports=reports,
            watch=watch,
            on_step=on_step,
            on_point=on_point,
        )

    def lr_find(
        self,
        model: str | SolverModel | None = None,
        *,
        lowest: float | None = None,
        highest: float | None = None,
        steps: int = 100,
        device: str | None = None,
        dtype: str | None = None,
        add_sheet: bool = False,
        **settings: object,
    ) -> RateCurve:
        """Which learning rate to take: one run from the present weights, in which the rate grows
        from step to step (Smith 2017). The weights stay as they are.

        `model` is that of `solve`, and so are `settings`, such as `method`, `momentum` or `l2`, as
        far as such a run has a use for them; the method is adam unless one is named here or on the
        control sheet. `curve.suggestion` is the rate, `curve.plot()` draws the curve, and
        with `add_sheet` the book gets it as a sheet. Raises ModelError, UsageError and DataError.
        """
        from xlcollab.api.solve.given import model_of
        from xlcollab.api.solve.rates import add_rates, find_rate, refuse_unused
        from xlcollab.optim.range_test import RateRange

        chosen, settings = model_of(self, model, settings)
        asked = Asked.of(Settings, settings)
        refuse_unused(asked)
        computing = Asked.of(Computing, {"device": device, "dtype": dtype})
        curve = find_rate(self, chosen, asked, computing, RateRange(lowest, highest, steps))
        if add_sheet:
            add_rates(self, curve)
        return curve

    def fit_one_cycle(
        self,
        iterations: int,
        learning_rate: float | None = None,
        model: str | SolverModel | None = None,
        **more: object,
    ) -> Solved:
        """`solve` by a first-order method under the 1cycle policy (Smith and Topin 2019): the rate
        rises to `learning_rate` and falls far below its start, over `iterations` steps.

        Without a rate the one that `lr_find` suggests is taken. `more` is what `solve` takes; the
        method is adam unless it is named there. Raises what `solve` raises.
        """
        from xlcollab.api.solve.given import model_of
        from xlcollab.api.solve.rates import of_one_cycle

        chosen, more = model_of(self, model, more)
        settings = of_one_cycle(self, chosen, iterations, learning_rate, more)
        return self.solve(chosen, **settings)  # type: ignore[arg-type]

    def save_model(self, model: SolverModel, at: str | None = None) -> None:
        """Store a model in Solver's hidden names, or in cells from `at` down as Save Model does.

        Raises WriteRefusedError and ModelError where the cells are in use.
        """
        from xlcollab.api.solve.keeping import Keep

        Keep(names=at is None, at=at).put_model(self, model)

    def function(self, of: str, *, by_changing: str) -> CellFunction:
        """A cell (or area) as a differentiable torch function of other cells.

        `function.value_and_gradient(x)` takes and gives numpy numbers, the quickest way. The first
        call on a computer compiles the machine that answers, which takes some seconds; once.
        """
        from xlcollab.api.look.gradients import cell_function

        return cell_function(self, of, by_changing, at_once=True)

    def gradient(self, of: str, *, with_respect_to: str) -> Gradient:
        """The exact derivative of a cell by every cell of an area, at the current values."""
        from xlcollab.api.look.gradients import gradient

        return gradient(self, of, with_respect_to)

    def jacobian(self, of: str, with_respect_to: str) -> Jacobian:
        """The exact derivatives of every cell of an area by every cell of another, (m, n)."""
        from xlcollab.api.look.curvature import jacobian_of

        return jacobian_of(self, of, with_respect_to)

    def hessian(self, of: str, with_respect_to: str) -> Hessian:
        """The second derivatives of a cell, (n, n), their eigenvalues, and what they say."""
        from xlcollab.api.look.curvature import hessian_of

        return hessian_of(self, of, with_respect_to)

    def area(self, text: str) -> AreaRef:
        """The one area that a text names, such as "S!A1:B2". Raises UsageError for several."""
        found = resolve_areas(self.workbook, text, self.workbook.sheets[0].name, "the area")
        if len(found) != 1:
            raise UsageError(f"{text!r} is more than one area; name one cell or one area")
        return found[0]

    def recalculate(self) -> Check:
        """Evaluate all formulas, compare with the stored values, and store the new ones."""
        from xlcollab.api.look.checking import recalculate_book

        return recalculate_book(self)

    def refresh(self) -> int:
        """Recalculate once if the file says that its stored values may be out of date, as Excel
        does on opening it; libraries store 0 for every formula. Returns how many values changed.
        """
        from xlcollab.api.look.checking import refresh

        return refresh(self)

    def tab(self, sheet: str, copy: str | None = None) -> Tab:
        """A tab of gradient descent in cells, such as the lesson's: run it, reset it.

        `copy` names copy pairs, such as 'N32->C1,M32->C2', in place of those found. Raises
        ModelError and DataError saying what is missing on the sheet.
        """
        from xlcollab.api.tabs.tab import Tab

        return Tab(self, sheet, copy)

    def _repr_html_(self) -> str:
        """What a notebook shows: the sheets, and the models on them."""
        models = dict(find_models(self.workbook))
        rows = [
            (
                sheet.name,
                f"{sheet.height} x {sheet.width}",
                int(sheet.formula_mask().sum()),
                _goal(models[sheet.name]) if sheet.name in models else "",
            )
            for sheet in self.workbook
        ]
        return html_table(self.path.name, ("sheet", "cells", "formulas", "model"), rows)

    def inspect(self) -> Inspection:
        """What models, tabs, ratings and functions the workbook holds."""
        from xlcollab.api.look.inspecting import inspect_book

        return inspect_book(self)


def _goal(model: SolverModel | ModelError) -> str:
    """A stored model in a word."""
    if isinstance(model, ModelError):
        return f"cannot be read: {model}"
    return f"{model.asked} by {model.size} cells"
