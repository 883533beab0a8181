"""What each button of the ribbon does, and what it reads: for `xlcollab live BUTTON --explain`, the
tips of Excel's ribbon and the button Help."""

from __future__ import annotations

from collections.abc import Mapping

from xlcollab.settings.control import label
from xlcollab.settings.once import TAKEN

EXPLAINED: Mapping[str, str] = {
    "solve": "Optimises the Solver model of the sheet in front. Reads every setting of the sheet "
    "control; Stop ends it with the best weights, Restore undoes it.",
    "stop": "Ends the run that goes on and keeps its best weights. Reads no setting.",
    "restore": "Puts back the weights from before the last run of the sheet in front. Reads the "
    "run's own sheet of weights or history.",
    "settings": "Opens the sheet control, new if need be: method, learning rate, iterations, "
    "schedule, seed, device, history.",
    "find_rate": "Tries growing learning rates on the Solver model in front and adds their curve; "
    "the weights stay. Reads method and l2 of the sheet control.",
    "history": "Switches on or off whether runs add their history sheets: the row history of the "
    "sheet control.",
    "run_1": "Runs one epoch of the tab of gradient descent in front, by its own formulas. Reads "
    "the row history of the sheet control.",
    "run_5": "Runs five epochs of the tab in front, by its own formulas. Reads the row history of "
    "the sheet control.",
    "run_n": "Runs as many epochs of the tab in front as the row iterations of the sheet control "
    "says, 100 without it.",
    "reset": "Puts the tab in front back to its start, as its own reset button did. Reads no "
    "setting.",
    "fit_ratings": "Trains a factor model on the selected crosstab or table and adds its sheets. "
    "Reads n_factors, iterations, seed, implicit and quality of the sheet control.",
    "factors": "Adds what the factors of the sheet in front say about its items: components, "
    "biases, charts. Reads no setting.",
    "gradient": "Adds the exact slopes of a selected formula by the model's variables, or of the "
    "model's objective by the selected cells. Reads no setting.",
    "check": "Compares every formula with our own evaluation and lists what differs. Reads no "
    "setting.",
    "log": "Shows what the buttons did since the workbook was opened, the newest first. Reads no "
    "setting.",
    "help": "Shows what the buttons do. Reads no setting.",
}
"""By the button's name: a sentence, and which settings it reads."""


def explained(button: str) -> str:
    """The sentence, and which settings the button takes for one press."""
    taken = ", ".join(map(label, TAKEN.get(button, ())))
    more = f" For one press it takes: {taken}." if taken else " It takes no setting for one press."
    return EXPLAINED[button] + more
