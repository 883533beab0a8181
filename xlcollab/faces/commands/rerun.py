"""`xlcollab rerun`: make a result again."""

from __future__ import annotations

import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from xlcollab.faces.request import command, limited, looked_at
from xlcollab.faces.shell import print_json, say
from xlcollab.settings.requests.rerun import RerunRequest

if TYPE_CHECKING:
    from xlcollab.api.session.rerunning import Rerun


@command
@limited
def rerun(request: RerunRequest) -> int:
    """Make a result again: the same command, settings, seed and input, which must be as it was.

    Example:  xlcollab rerun collab_filter.solved.xlsx -o again.xlsx

    Example:  xlcollab rerun model.safetensors --input ratings_of_may.csv

    Example:  xlcollab rerun model.xlsx --show
    """
    from xlcollab import __version__
    from xlcollab.api.session.rerunning import rerun_of

    found = rerun_of(request)
    if request.show:
        _show(found, json=request.json)
        return 0
    for sentence in found.check():
        say(f"! {sentence}", err=True)
    for version in sorted({run.version for run in found.runs} - {__version__}):
        say(f"! made by xlcollab {version}; this is {__version__}", err=True)
    return _run(found, request)


def _run(found: Rerun, request: RerunRequest) -> int:
    """One command after the other, each on what the one before it wrote."""
    source = request.input
    asked = {"--overwrite": request.overwrite, "--json": request.json}
    more = [option for option, is_asked in asked.items() if is_asked]
    with tempfile.TemporaryDirectory() as folder:
        for place in range(len(found.runs)):
            is_last = place + 1 == len(found.runs)
            between = Path(folder) / f"{place}{found.target.suffix}"
            target = found.target if is_last else between
            words = [*found.arguments(place, source, target), *(more if is_last else [])]
            look = partial(found.refuse_more, source=source, target=target, place=place)
            with looked_at(look):
                code = _command(words)
            if code:
                return code
            source = target
    return 0


def _command(arguments: list[str]) -> int:
    """The shell's own command, in this process.

    The application is looked up by its name: `rerun` is one of its commands, so that it imports us.
    It ends as a process does, so that an option that this version does not know is a sentence.
    """
    try:
        import_module("xlcollab.faces.cli").build()(args=arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _show(found: Rerun, *, json: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    for run in found.runs:
        say(run.command)
        say(f"  by xlcollab {run.version}, {run.date}")
        for one in run.inputs:
            say(f"  from {one.path}, SHA-256 {one.sha256}")
        settings = ", ".join(f"{name} {value}" for name, value in run.settings.items())
        say(f"  with {settings}")
