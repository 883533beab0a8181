"""The buttons of the ribbon, as functions over a `Desk`: `python -m xlcollab.faces.ribbon solve`.

Excel's buttons call `start`, which runs the action in a process of its own, so that Excel stays
free to show the run and to take a click on Stop.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from xlcollab.api.book import OpenBook
from xlcollab.api.desk import control_actions as control
from xlcollab.api.desk import sheet_actions as act
from xlcollab.api.desk.disagreement import disagreement
from xlcollab.api.desk.outcome import Outcome
from xlcollab.errors import UsageError, WorkbookError, XlcollabError
from xlcollab.faces.ribbon_log import SessionLog
from xlcollab.faces.ribbon_watch import LiveWatch
from xlcollab.live.desk import Desk
from xlcollab.live.stop import StopFlag
from xlcollab.settings.once import Value, for_one_press


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: where, who looks on, and the settings for this press alone."""

    desk: Desk
    book: OpenBook
    watch: LiveWatch
    once: Mapping[str, Value]

    @property
    def sheet(self) -> str:
        return self.desk.sheet


Action = Callable[[Press], Outcome]
HELP = (
    "Solve optimises the Solver model of the sheet in front; Settings opens the sheet `control` "
    "that it reads. Run moves a tab of gradient descent on, Reset puts it back. Fit ratings trains "
    "on a selected crosstab or table. Stop ends a run and keeps its best weights; Restore puts "
    "back the weights from before it. Method, learning rate and iterations can be said for one "
    "press; Log shows what was pressed. xlcollab --help tells more."
)

_EPOCHS_WITHOUT_SETTING = 100
"""Of a tab without a control sheet; as the command takes."""


def solve(press: Press) -> Outcome:
    return act.solve(press.book, press.sheet, press.watch, press.once)


def run_1(press: Press) -> Outcome:
    return act.run_epochs(press.book, press.sheet, 1, press.watch)


def run_5(press: Press) -> Outcome:
    return act.run_epochs(press.book, press.sheet, 5, press.watch)


def run_n(press: Press) -> Outcome:
    epochs = act.epochs_asked(press.book, _EPOCHS_WITHOUT_SETTING, press.once)
    return act.run_epochs(press.book, press.sheet, epochs, press.watch)


def reset(press: Press) -> Outcome:
    return act.reset_epochs(press.book, press.sheet)


def fit_ratings(press: Press) -> Outcome:
    return act.fit_ratings(press.book, press.desk.selection, press.watch, press.once)


def factors(press: Press) -> Outcome:
    return act.add_factors(press.book, press.sheet)


def gradient(press: Press) -> Outcome:
    return act.add_gradient(press.book, press.desk.selection)


def check(press: Press) -> Outcome:
    return act.check(press.book)


def find_rate(press: Press) -> Outcome:
    return act.find_rate(press.book, press.sheet, press.once)


def settings(press: Press) -> Outcome:
    return control.add_control(press.book)


def history(press: Press) -> Outcome:
    return control.toggle_history(press.book)


def restore(press: Press) -> Outcome:
    return act.restore(press.book, press.sheet)


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
"""Actions that read the workbook and write to it; the other buttons do neither."""
NAMES = (*ACTIONS, "stop", "log", "help")


def perform(desk: Desk, name: str, once: Sequence[str] = ()) -> str:
    """Do what the button `name` does, and tell what the sheet in front does not show. Returns the
    sentence. `once` are settings for this press, such as "method=adam". Raises WorkbookError where
    the application ended meanwhile, nothing else of ours.

    Calculation mode, screen updating and status bar are restored whatever happens.
    """
    if name == "stop":
        StopFlag(desk.key).set()
        return "The run will stop after this step."
    try:
        return _done(desk, name, once)
    except Exception as error:
        sentence = desk.ended(error)
        if sentence is None:
            raise
        raise WorkbookError(sentence) from None


def _done(desk: Desk, name: str, once: Sequence[str]) -> str:
    log = SessionLog(desk.session)
    if name in ACTIONS:
        outcome = _logged(desk, name, once, log)
    else:
        outcome = Outcome(HELP if name == "help" else log.told())
    desk.note(outcome.sentence)
    if outcome.front is not None:
        desk.show(outcome.front)
    if not outcome.in_sight:
        desk.tell(outcome.sentence)
    return outcome.sentence


def _logged(desk: Desk, name: str, once: Sequence[str], log: SessionLog) -> Outcome:
    sheet, taken = desk.sheet, dict[str, Value]()
    try:
        taken = for_one_press(name, once)
        outcome = _run(desk, name, taken, log.last())
    except XlcollabError as error:
        outcome = Outcome(str(error))
    log.add(name, sheet, taken, outcome.sentence)
    return outcome


def _run(desk: Desk, name: str, once: Mapping[str, Value], before: str) -> Outcome:
    stop = StopFlag(desk.key)
    stop.clear()
    watch = LiveWatch(desk, stop, before)
    with desk.restored():
        desk.say(f"xlcollab: reading the workbook{before}")
        try:
            book = OpenBook.over(desk.book, desk.book.name)
            outcome = ACTIONS[name](Press(desk, book, watch, once))
            watch.undo()  # what was shown on the way; the outcome is written as one
            book.store()
        except BaseException:
            watch.undo()
            raise
        finally:
            stop.clear()
    return _with_disagreement(desk, outcome) if name in _EVALUATING else outcome


_EVALUATING = frozenset({"solve", "restore", "run_1", "run_5", "run_n", "reset", "gradient"})
"""Buttons whose sentence tells values of the sheet in front."""


def _with_disagreement(desk: Desk, outcome: Outcome) -> Outcome:
    """The outcome, and where a program that is not Excel shows something else than Excel would."""
    if desk.is_excel:
        return outcome
    sentence = disagreement(desk.book, desk.sheet, "Calc")
    if not sentence:
        return outcome
    return replace(outcome, sentence=f"{outcome.sentence} {sentence}", in_sight=False)


def start(name: str, *once: str) -> None:
    """Run the action on the Excel workbook that called, in a process of its own. `once` are
    settings for this press, such as "method=adam"."""
    import xlwings as xw

    book = xw.Book.caller().fullname
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    command = [sys.executable, "-m", "xlcollab.faces.ribbon", name, book, *_flagged(once)]
    subprocess.Popen(command, creationflags=flags)


_ONCE = "--once"
_STAYS = 8.0
"""Seconds that the last sentence stays in the status bar after a press."""


def _flagged(once: Sequence[str]) -> list[str]:
    return [_ONCE, *once] if once else []


def main(arguments: Sequence[str], stays: float = 0.0) -> int:
    """`ACTION [WORKBOOK [ADDRESS]] [--once NAME=VALUE …]` on the Excel that is open, or on the
    LibreOffice that listens at ADDRESS. The outcome stays in the status bar for `stays` seconds.
    Returns an exit code."""
    place, once = _parted(arguments)
    if not place or place[0] not in NAMES:
        sys.stderr.write(f"xlcollab: name one of {', '.join(NAMES)}\n")
        return UsageError.exit_code
    try:
        desk = _desk(*place[1:3])
    except UsageError as error:
        sys.stderr.write(f"xlcollab: {error}\n")
        return error.exit_code
    try:
        told = perform(desk, place[0], once)
        if stays and place[0] in ACTIONS:
            desk.keep_saying(f"xlcollab: {told}", stays)
        return 0
    except WorkbookError as error:
        sys.stderr.write(f"xlcollab: {error}\n")
        return error.exit_code
    except Exception as error:  # there is no shell to show a traceback in
        desk.tell(f"internal error, please report it ({type(error).__name__}: {error})")
        return 1


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before `--once`, and behind it."""
    words = list(arguments)
    at = words.index(_ONCE) if _ONCE in words else len(words)
    return words[:at], words[at + 1 :]


def _desk(workbook: str | None = None, address: str | None = None) -> Desk:
    if address is not None:
        from xlcollab.live.calc_desk import CalcDesk

        return CalcDesk.find(workbook, address, boxes=True)
    from xlcollab.live.excel_desk import ExcelDesk

    return ExcelDesk.find(workbook)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], _STAYS))
