"""SCIP in a process of its own, started by the path of this file: a fault in it, or a search that
hears nothing, ends that process and nothing else.

Each line of its input asks for a run: {"problem": path, "settings": path, "columns": [names]}. It
answers in lines, too: of better points and bounds {"bound": …, "value": …, "x": […]}, and at the
end of a run {"word": SCIP's own word}. When its input ends so does it, in the midst of a run.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO, TypedDict

Foreign = Any
"""A model, a column or an event of pyscipopt, which has no types."""


class _Asked(TypedDict):
    problem: str
    settings: str
    columns: list[str]


def _told(out: TextIO, word: dict[str, object]) -> None:
    out.write(json.dumps(word) + "\n")
    out.flush()


def _run(asked: _Asked, out: TextIO) -> str:
    import pyscipopt

    model = pyscipopt.Model()
    model.hideOutput()
    model.readParams(asked["settings"])
    model.readProblem(asked["problem"])
    known = {one.name: one for one in model.getVars()}
    columns = [known[name] for name in asked["columns"]]
    _listen(model, columns, out)
    model.optimize()
    _tell(model, columns, out)
    return str(model.getStatus())


def _listen(model: Foreign, columns: list[Foreign], out: TextIO) -> None:
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    class News(Eventhdlr):  # type: ignore[misc]
        def eventinit(self) -> None:
            self.model.catchEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)
            self.model.catchEvent(SCIP_EVENTTYPE.NODESOLVED, self)

        def eventexit(self) -> None:
            self.model.dropEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)
            self.model.dropEvent(SCIP_EVENTTYPE.NODESOLVED, self)

        def eventexec(self, event: Foreign) -> None:
            better = event.getType() == SCIP_EVENTTYPE.BESTSOLFOUND
            _tell(self.model, columns if better else [], out)

    model.includeEventhdlr(News(), "news", "tells of better points and bounds")


def _tell(model: Foreign, columns: list[Foreign], out: TextIO) -> None:
    """The bound, and the best point if its columns are asked for and there is one."""
    word: dict[str, object] = {"bound": float(model.getDualbound())}
    if columns and model.getNSols():
        best = model.getBestSol()
        word["value"] = float(model.getSolObjVal(best))
        word["x"] = [float(model.getSolVal(best, one)) for one in columns]
    _told(out, word)


def _listened(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def main() -> None:
    """Runs until the input ends. What SCIP and its parts print is no answer, and goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listened, args=(lines,), daemon=True).start()
    while True:
        _told(out, {"word": _run(json.loads(lines.get()), out)})


if __name__ == "__main__":
    main()
