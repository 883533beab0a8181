"""A request said in words is the same again when the shell reads them, for every command."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from tests.faces.shell import bowl, xlcollab
from xlcollab.errors import XlcollabError
from xlcollab.faces.commands import COMMANDS
from xlcollab.faces.request import command
from xlcollab.settings.asked import Asked
from xlcollab.settings.option import Setting, settings_of
from xlcollab.settings.spoken import WRITTEN, files_of, said, spoken

REQUESTS = {
    name: next(hint for key, hint in get_type_hints(one.__wrapped__).items() if key != "return")
    for name, one in COMMANDS.items()
    if hasattr(one, "__wrapped__")
}


MORE: dict[str, dict[str, object]] = {
    "PredictRequest": {"user": ("1",), "item": ("2", "3")},
    "RecommendRequest": {"user": "1"},
}
"""What a request does not go without, though no field of it is needed."""


def parsed(kind: type, words: list[str]) -> Any:
    """The request that the shell makes of words."""
    found = []

    def take(request: Any) -> None:
        found.append(request)

    take.__annotations__ = {"request": kind, "return": None}
    app = typer.Typer()
    app.command()(command(take))
    outcome = CliRunner().invoke(app, words)
    assert outcome.exit_code == 0, outcome.output
    return found[0]


def needed(kind: type) -> dict[str, object]:
    """Values for the fields without a default."""
    made: dict[str, object] = {}
    hints = get_type_hints(kind)
    for one in dataclasses.fields(kind):
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            setting = settings_of(kind).get(one.name)
            made[one.name] = (
                some(setting) if setting else hints[one.name](**needed(hints[one.name]))
            )
    return made


def some(setting: Setting) -> object:
    """A value that is not the default."""
    option = setting.option
    if option.words:
        one: object = next(word for word in reversed(list(option.words)) if word != setting.default)
    elif setting.kind is bool:
        return setting.default is False
    elif setting.kind in (int, float):
        one = setting.kind(option.range.most if option.range and option.range.most <= 1 else 2)
    else:
        one = setting.kind("some thing.xlsx" if setting.kind is Path else "it's a -b 'c'")
    if setting.many == 1:
        return one
    return (one, one) if setting.many is None else (one,) * setting.many


def variations(kind: type) -> list[Any]:
    """Requests that differ from the shortest one in one field each, those inside records too."""
    base = needed(kind) | MORE.get(kind.__name__, {})
    found = [kind(**base)]
    for path, setting, is_open in leaves(kind):
        try:
            found.append(kind(**base | changed(kind, base, path, setting, is_open)))
        except XlcollabError:
            continue  # does not go without others
    return found


def leaves(kind: type, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Setting, bool]]:
    own, hints, found = settings_of(kind), get_type_hints(kind), []
    for one in dataclasses.fields(kind):
        if one.name in own:
            found.append(((*path, one.name), own[one.name], False))
        elif dataclasses.is_dataclass(hints[one.name]):
            found += leaves(hints[one.name], (*path, one.name))  # type: ignore[arg-type]
        elif getattr(hints[one.name], "__origin__", None) is Asked:
            inner = settings_of(hints[one.name].__args__[0])
            found += [((*path, one.name, name), setting, True) for name, setting in inner.items()]
    return found


def changed(
    kind: type, base: dict[str, object], path: tuple[str, ...], setting: Setting, is_open: bool
) -> dict[str, object]:
    first, *rest = path
    if not rest:
        return {first: some(setting)}
    inner = get_type_hints(kind)[first]
    if is_open and len(rest) == 1:
        return {first: Asked.of(inner.__args__[0], {rest[0]: some(setting)})}
    whole = needed(inner)
    return {first: inner(**whole | changed(inner, whole, tuple(rest), setting, is_open))}


@pytest.mark.parametrize("name", REQUESTS)
def test_words_ask_for_the_same(name: str) -> None:
    kind = REQUESTS[name]
    for request in variations(kind):
        again = parsed(kind, list(map(str, spoken(request))))
        assert told(again) == told(request), (request, spoken(request))


def told(request: object) -> dict[tuple[str, bool], object]:
    return {
        (setting.name, is_open): value
        for setting, value, is_open in said(request)
        if setting.name not in WRITTEN
    }


def test_files_are_those_that_are_read() -> None:
    kind: Callable[..., Any] = REQUESTS["fit"]
    place = get_type_hints(REQUESTS["fit"])["place"](source=Path("u.data"))
    request = kind(place=place, items=Path("u.item"), output=Path("model.xlsx"))
    assert files_of(request) == [Path("u.data"), Path("u.item")]


def test_the_line_on_a_sheet_says_the_seed_that_was_asked_for(tmp_path: Path) -> None:
    book = bowl(tmp_path / "b.xlsx")
    found = xlcollab("solve", book, "--init", "normal", "--seed", 7, "-o", tmp_path / "o.xlsx")
    assert found.code == 0, found.err
    rows = openpyxl.load_workbook(tmp_path / "o.xlsx")["S history"].iter_rows(values_only=True)
    (line,) = [str(cell) for row in rows for cell in row if "xlcollab solve" in str(cell)]
    assert "; seed 7; " in line
