"""The buttons of the ribbon, as functions over a `Desk`: `python -m xlcollab.faces.ribbon solve`.

Excel's buttons call `start`, which runs the action in a process of its own, so that Excel stays
free to show the run and to take a click on Stop.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

from xlcollab.api.book import OpenBook
from xlcollab.api.desk import control_actions as control
from xlcollab.api.desk import sheet_actions as act
from xlcollab.api.desk.outcome import Outcome
from xlcollab.errors import UsageError, WorkbookError, XlcollabError
from xlcollab.faces.ribbon_watch import LiveWatch
from xlcollab.live.desk import Desk
from xlcollab.live.stop import StopFlag

Action = Callable[[Desk, OpenBook, LiveWatch], Outcome]
HELP = (
    "Solve optimises the Solver model of the sheet in front; Settings opens the sheet `control` "
    "that it reads. Run moves a tab of gradient descent on, Reset puts it back. Fit ratings trains "
    "on a selected crosstab or table. Stop ends a run and keeps its best weights; Restore puts "
    "back the weights from before it. xlcollab --help tells more."
)

_EPOCHS_WITHOUT_SETTING = 100


def solve(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.solve(book, desk.sheet, watch)


def run_1(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.run_epochs(book, desk.sheet, 1, watch)


def run_5(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.run_epochs(book, desk.sheet, 5, watch)


def run_n(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    epochs = act.epochs_asked(book, _EPOCHS_WITHOUT_SETTING)
    return act.run_epochs(book, desk.sheet, epochs, watch)


def reset(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.reset_epochs(book, desk.sheet)


def fit_ratings(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.fit_ratings(book, desk.selection, watch)


def factors(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.add_factors(book, desk.sheet)


def gradient(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.add_gradient(book, desk.selection)


def check(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.check(book)


def find_rate(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.find_rate(book, desk.sheet)


def settings(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return control.add_control(book)


def history(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return control.toggle_history(book)


def restore(desk: Desk, book: OpenBook, watch: LiveWatch) -> Outcome:
    return act.restore(book, desk.sheet)


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (
        solve,
        settings,
        run_1,
        run_5,
        run_n,
        reset,
        fit_ratings,
        factors,
        gradient,
        check,
        find_rate,
        history,
        restore,
    )
}
"""Actions that read the workbook and write to it; `stop` and `help` do neither."""
NAMES = (*ACTIONS, "stop", "help")


def perform(desk: Desk, name: str) -> str:
    """Do what the button `name` does, and tell what the sheet in front does not show. Returns the
    sentence. Raises WorkbookError where the application ended meanwhile, nothing else of ours.

    Calculation mode, screen updating and status bar are restored whatever happens.
    """
    if name == "stop":
        StopFlag(desk.key).set()
        return "The run will stop after this step."
    try:
        return _done(desk, name)
    except Exception as error:
        sentence = desk.ended(error)
        if sentence is None:
            raise
        raise WorkbookError(sentence) from None


def _done(desk: Desk, name: str) -> str:
    outcome = Outcome(HELP) if name == "help" else _run(desk, name)
    desk.note(outcome.sentence)
    if outcome.front is not None:
        desk.show(outcome.front)
    if not outcome.in_sight:
        desk.tell(outcome.sentence)
    return outcome.sentence


def _run(desk: Desk, name: str) -> Outcome:
    stop = StopFlag(desk.key)
    stop.clear()
    watch = LiveWatch(desk, stop)
    with desk.restored():
        desk.say("xlcollab: reading the workbook")
        try:
            book = OpenBook.over(desk.book, desk.book.name)
            outcome = ACTIONS[name](desk, book, watch)
            watch.undo()  # what was shown on the way; the outcome is written as one
            book.store()
            return outcome
        except XlcollabError as error:
            watch.undo()
            return Outcome(str(error))
        except BaseException:
            watch.undo()
            raise
        finally:
            stop.clear()


def start(name: str) -> None:
    """Run the action on the Excel workbook that called, in a process of its own."""
    import xlwings as xw

    book = xw.Book.caller().fullname
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    command = [sys.executable, "-m", "xlcollab.faces.ribbon", name, book]
    subprocess.Popen(command, creationflags=flags)


def main(arguments: Sequence[str]) -> int:
    """`ACTION [WORKBOOK [ADDRESS]]` on the Excel that is open, or on the LibreOffice that listens
    at ADDRESS. Returns an exit code."""
    if not arguments or arguments[0] not in NAMES:
        sys.stderr.write(f"xlcollab: name one of {', '.join(NAMES)}\n")
        return UsageError.exit_code
    try:
        desk = _desk(*arguments[1:3])
    except UsageError as error:
        sys.stderr.write(f"xlcollab: {error}\n")
        return error.exit_code
    try:
        perform(desk, arguments[0])
        return 0
    except WorkbookError as error:
        sys.stderr.write(f"xlcollab: {error}\n")
        return error.exit_code
    except Exception as error:  # there is no shell to show a traceback in
        desk.tell(f"internal error, please report it ({type(error).__name__}: {error})")
        return 1


def _desk(workbook: str | None = None, address: str | None = None) -> Desk:
    if address is not None:
        from xlcollab.live.calc_desk import CalcDesk

        return CalcDesk.find(workbook, address, boxes=True)
    from xlcollab.live.excel_desk import ExcelDesk

    return ExcelDesk.find(workbook)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
